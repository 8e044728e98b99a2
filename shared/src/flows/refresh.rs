//! Gives a grant whose access token is good, refreshing it if need be (promise P5).
//!
//! Read the session; if the token is good, use it. Otherwise take this process's turn, then the lease; write the attempt
//! down; call; store what came before using it. Whoever finds a lease waits and adopts the result. What may be done
//! after a lost answer is decided in `domain::refresh`.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;
use tracing::Instrument;

use super::{
    change::{self, Decision},
    deps::Deps,
    revoke,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        grant::Grant,
        refresh::{Step, next_step},
        session::{Access, LapseReason, Session},
    },
    ports::store::Loaded,
};

mod call;
mod lease;
mod storing;

/// How long a caller waits for somebody else's refresh.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the look at a session is good for, counted from before the store was asked: a call that leaves later might
/// be one for a session that has ended. Well inside the 30 s in which an end must be seen everywhere.
pub(super) const LOOK_LASTS: Duration = Duration::from_secs(10);

/// How often a waiting caller looks.
const LOOK: Duration = Duration::from_millis(150);

/// Which grant is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// One whose access token is not stale.
    Fresh,
    /// One newer than this generation, whose access token the bank has refused.
    NewerThan(u64),
}

/// A session with a working consent and its grant in clear.
pub struct Usable {
    /// The session.
    pub session: Loaded<Session>,
    /// The grant.
    pub grant: Grant,
    /// Whether it was refreshed here, after it was asked for, and not adopted from somebody else.
    pub refreshed: bool,
}

/// Why there is no usable grant.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No consent works; the PSU must authorise again, or the session has ended.
    #[error("no consent works")]
    NotWorking(Box<Session>, Timestamp),
    /// Somebody else's refresh takes too long, or its outcome is unknown for now.
    #[error("a refresh is under way")]
    Busy(Timestamp),
    /// Something below failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// The session's grant, refreshed if that is needed.
pub async fn usable(
    deps: &Arc<Deps>,
    trail: &Arc<Trail>,
    loaded: Loaded<Session>,
    need: Need,
) -> Result<Usable, RefreshError> {
    let (asked_at, id) = (deps.now(), loaded.record.id.clone());
    if is_met(need, working(deps, &loaded)?, asked_at)
        && let Some(usable) = open(deps, loaded).await?
    {
        return Ok(usable);
    }
    let mut refreshed = false;
    let Ok(_turn) = timeout(PATIENCE, deps.refreshing.turn(&id)).await else {
        return Err(RefreshError::Busy(deps.now()));
    };
    loop {
        let loaded = change::load(deps, &id).await?;
        if is_met(need, working(deps, &loaded)?, deps.now()) {
            match open(deps, loaded).await? {
                Some(usable) => return Ok(Usable { refreshed, ..usable }),
                None => continue,
            }
        }
        match decide(deps, &loaded)? {
            Step::Rest(until) => return meanwhile(deps, loaded, need).await?.ok_or(RefreshError::Busy(until)),
            Step::Wait(until) if deps.now() >= asked_at + PATIENCE => return Err(RefreshError::Busy(until)),
            Step::Wait(_) => tokio::time::sleep(LOOK).await,
            Step::Lost => lapse(deps, trail, loaded, LapseReason::TokenLost).await?,
            Step::Call(_) => match refresh(deps, trail, loaded).await {
                Ok(came) => refreshed |= came,
                Err(error @ RefreshError::Trouble(Trouble::Bank(_) | Trouble::Held(_))) => {
                    let loaded = change::load(deps, &id).await?;
                    return meanwhile(deps, loaded, need).await?.ok_or(error);
                }
                Err(error) => return Err(error),
            },
        }
    }
}

/// The consent in force, or why there is none.
fn working<'a>(deps: &Deps, loaded: &'a Loaded<Session>) -> Result<&'a Access, RefreshError> {
    let now = deps.now();
    loaded.record.working_access(now).ok_or_else(|| RefreshError::NotWorking(Box::new(loaded.record.clone()), now))
}

fn is_met(need: Need, access: &Access, now: Timestamp) -> bool {
    match need {
        Need::Fresh => !access.grant.is_stale(now),
        Need::NewerThan(refused) => access.grant.generation > refused && !access.grant.is_stale(now),
    }
}

/// Opens the grant. `None` if the look at the session is so old (the process may have stood still) that it must be
/// looked at again.
async fn open(deps: &Deps, session: Loaded<Session>) -> Result<Option<Usable>, RefreshError> {
    let access = working(deps, &session)?;
    let grant = revoke::open(deps, &session.record, &access.grant).await?;
    Ok((session.age() <= LOOK_LASTS).then_some(Usable { session, grant, refreshed: false }))
}

/// The grant as it is, if its access token still lives: better than nothing while nobody may refresh (T7).
async fn meanwhile(deps: &Deps, loaded: Loaded<Session>, need: Need) -> Result<Option<Usable>, RefreshError> {
    if need == Need::Fresh && working(deps, &loaded)?.grant.still_lives(deps.now()) {
        return open(deps, loaded).await;
    }
    Ok(None)
}

fn decide(deps: &Deps, loaded: &Loaded<Session>) -> Result<Step, RefreshError> {
    let access = working(deps, loaded)?;
    let bank = deps.bank(&loaded.record.bank)?;
    let Some(profile) = bank.oauth.as_ref().filter(|_| access.grant.refreshable) else {
        return Ok(Step::Lost);
    };
    Ok(next_step(&access.refresh, access.grant.generation, profile.rotation, &deps.owner, deps.now()))
}

fn generation(session: &Session) -> Option<u64> {
    session.access.as_ref().map(|access| access.grant.generation)
}

/// Notes that the consent works no more, and fails with that. If somebody has gone on meanwhile it may work after all:
/// then the caller looks again.
async fn lapse(deps: &Deps, trail: &Trail, loaded: Loaded<Session>, reason: LapseReason) -> Result<(), RefreshError> {
    let state = |session: &Session| session.access.as_ref().map(|access| access.refresh.clone());
    let (refused, seen) = (generation(&loaded.record), state(&loaded.record));
    let refreshable = loaded.record.access.as_ref().is_some_and(|access| access.grant.refreshable);
    // Without a refresh token nothing was lost: the grant has simply ended.
    let reason = if refreshable { reason } else { LapseReason::ConsentExpired };
    let decide = |session: &Session, now| {
        if generation(session) != refused || state(session) != seen || session.lapse.is_some() {
            return Ok::<_, Trouble>(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.note_lapse(reason, now);
        Ok(Decision::Write(session, AuditEvent::ConsentLapsed { reason: reason.name().to_owned() }))
    };
    let loaded = change::change(deps, trail, loaded, decide).await?;
    working(deps, &loaded).map(drop)
}

/// Takes the lease and calls; answers whether it did. That somebody else was quicker is no error: the caller looks again.
///
/// The lease is counted from when all else is ready, so it covers one call and no more. From asking for it on the work goes
/// to its end whatever becomes of the caller: a lease that nobody uses blocks the session, and counts as a use.
async fn refresh(deps: &Arc<Deps>, trail: &Arc<Trail>, loaded: Loaded<Session>) -> Result<bool, RefreshError> {
    let ready = lease::prepare(deps, trail, &loaded).await?;
    let work = deps.work.clone();
    let (deps, trail) = (Arc::clone(deps), Arc::clone(trail));
    let task = async move {
        match lease::take(&deps, &trail, loaded).await? {
            Some(leased) => Box::pin(call::call(&deps, &trail, leased, ready)).await.map(|()| true),
            None => Ok(false),
        }
    };
    work.spawn(task.in_current_span()).await.map_err(|_| Trouble::Integrity)?
}
