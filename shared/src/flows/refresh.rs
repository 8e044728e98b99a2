//! Gives a grant whose access token is good, refreshing it if need be (promise P5).
//!
//! Read the session; if the token is good, use it. Otherwise take this process's turn, then the lease; write the attempt
//! down; call; store what came before using it. Whoever finds a lease waits and adopts the result. What may be done
//! after a lost answer is decided in `domain::refresh`.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tracing::Instrument;

use super::{
    change::{self, Decision},
    deps::Deps,
    redeem, revoke,
    trail::Trail,
    trouble::{BankFault, Trouble},
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::{Bank, OAuthProfile},
        grant::{Grant, StoredGrant, Tokens},
        refresh::{Failure, RefreshState, Step, after_failure, next_step},
        secret::SecretString,
        session::{Access, LapseReason, Session},
    },
    ports::{bank_http::BankHttpError, documents::CommitError, store::Loaded},
    protocol::oauth::{
        metadata::Metadata,
        token::{self, TokenAnswer, TokenRefusal},
    },
};

/// How long a caller waits for somebody else's refresh.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often storing is tried while the store is away: over three seconds in all, well inside the lease.
const STORE_TRIES: u32 = 5;

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
    if is_met(need, working(deps, &loaded)?, deps.now()) {
        return open(deps, loaded).await;
    }
    let _turn = deps.refreshing.turn(&loaded.record.id).await;
    let patience_ends = deps.now() + PATIENCE;
    loop {
        let loaded = change::load(deps, &loaded.record.id).await?;
        let access = working(deps, &loaded)?;
        if is_met(need, access, deps.now()) {
            return open(deps, loaded).await;
        }
        match decide(deps, &loaded)? {
            Step::Rest(until) => return Err(RefreshError::Busy(until)),
            Step::Wait(until) if deps.now() >= patience_ends => return Err(RefreshError::Busy(until)),
            Step::Wait(_) => tokio::time::sleep(LOOK).await,
            Step::Lost => return Err(lapse(deps, trail, loaded, LapseReason::TokenLost).await?),
            Step::Call(state) => refresh(deps, trail, loaded, state).await?,
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

async fn open(deps: &Deps, session: Loaded<Session>) -> Result<Usable, RefreshError> {
    let access = working(deps, &session)?;
    let grant = revoke::open(deps, &session.record, &access.grant).await?;
    Ok(Usable { session, grant })
}

fn decide(deps: &Deps, loaded: &Loaded<Session>) -> Result<Step, RefreshError> {
    let access = working(deps, loaded)?;
    let bank = deps.bank(&loaded.record.bank)?;
    let Some(profile) = bank.oauth.as_ref().filter(|_| access.grant.refreshable) else {
        return Ok(Step::Lost);
    };
    Ok(next_step(&access.refresh, access.grant.generation, profile.rotation, &deps.owner, deps.now()))
}

/// Notes that the consent works no more. Answers the error that says so.
async fn lapse(
    deps: &Deps,
    trail: &Trail,
    loaded: Loaded<Session>,
    reason: LapseReason,
) -> Result<RefreshError, Trouble> {
    let refused = generation(&loaded.record);
    let refreshable = loaded.record.access.as_ref().is_some_and(|access| access.grant.refreshable);
    // Without a refresh token nothing was lost: the grant has simply ended.
    let reason = if refreshable { reason } else { LapseReason::ConsentExpired };
    let decide = |session: &Session, now| {
        if generation(session) != refused || session.lapse.is_some() {
            return Ok::<_, Trouble>(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.note_lapse(reason, now);
        Ok(Decision::Write(session, AuditEvent::ConsentLapsed { reason: reason.name().to_owned() }))
    };
    let loaded = change::change(deps, trail, loaded, decide).await?;
    Ok(RefreshError::NotWorking(Box::new(loaded.record), deps.now()))
}

/// Takes the lease and calls. That somebody else was quicker is no error: the caller looks again.
///
/// Everything that can be made ready before is made ready before, so that the lease covers one call and no more: no bank
/// call may last as long as a lease does.
async fn refresh(
    deps: &Arc<Deps>,
    trail: &Arc<Trail>,
    loaded: Loaded<Session>,
    state: RefreshState,
) -> Result<(), RefreshError> {
    let ready = prepare(deps, trail, &loaded).await?;
    let mut session = loaded.record.clone();
    if let Some(access) = &mut session.access {
        access.refresh = state;
    }
    let audit = trail.record(&session, AuditEvent::RefreshStarted, deps.now());
    let leased = match deps.store.replace(&loaded, session, audit).await {
        Ok(leased) => leased,
        Err(CommitError::Refused) => return Ok(()),
        Err(CommitError::Failed(error)) => return Err(Trouble::from(error).into()),
    };
    // From here on the token is spent, whatever becomes of the caller: the call runs to its end and its result is stored.
    let (deps, trail) = (Arc::clone(deps), Arc::clone(trail));
    let task = tokio::spawn(async move { call(&deps, &trail, leased, ready).await }.in_current_span());
    task.await.map_err(|_| Trouble::Integrity)?
}

/// What a refresh needs besides the lease.
struct Ready {
    bank: Arc<Bank>,
    profile: OAuthProfile,
    metadata: Arc<Metadata>,
    grant: Grant,
    token: SecretString,
}

async fn prepare(deps: &Deps, trail: &Trail, loaded: &Loaded<Session>) -> Result<Ready, RefreshError> {
    let bank = Arc::clone(deps.bank(&loaded.record.bank)?);
    let grant = revoke::open(deps, &loaded.record, &working(deps, loaded)?.grant).await?;
    let token = grant.tokens.as_ref().and_then(|tokens| tokens.refresh.clone()).ok_or(Trouble::Integrity)?;
    let profile = bank.oauth.clone().ok_or(Trouble::Integrity)?;
    let metadata = deps.oauth_servers.metadata(&deps.calls, &bank, &profile, trail, &loaded.record).await?;
    Ok(Ready { bank, profile, metadata, grant, token })
}

/// Calls the token endpoint under the lease and writes down what came of it.
async fn call(deps: &Deps, trail: &Trail, leased: Loaded<Session>, ready: Ready) -> Result<(), RefreshError> {
    match ask(deps, trail, &leased.record, &ready).await {
        Ok(answer) => Ok(store(deps, trail, leased, ready, answer).await?),
        Err(NoTokens::Refused) => refused(deps, trail, leased).await,
        Err(NoTokens::Failed(failure, error)) => {
            note_failure(deps, trail, leased, failure).await?;
            Err(error.into())
        }
    }
}

/// Why there are no new tokens.
enum NoTokens {
    /// The bank does not take the refresh token (any more).
    Refused,
    /// Anything else, and what it means for the refresh token.
    Failed(Failure, Trouble),
}

async fn ask(deps: &Deps, trail: &Trail, session: &Session, ready: &Ready) -> Result<TokenAnswer, NoTokens> {
    let request = token::refresh(&ready.metadata, &ready.profile, &ready.token);
    let response = deps.calls.send(&ready.bank, trail, session, request).await;
    let response = response.map_err(|error| NoTokens::Failed(failure(&error), error))?;
    token::process(&ready.profile, &response).map_err(|refusal| match refusal {
        TokenRefusal::InvalidGrant => NoTokens::Refused,
        other if other.may_have_used_grant() => NoTokens::Failed(Failure::Unknown, other.into()),
        other => NoTokens::Failed(Failure::NotUsed, other.into()),
    })
}

/// Whether a call that brought no answer may have used the token up.
const fn failure(error: &Trouble) -> Failure {
    match error {
        // The bank surely has not read the request: no connection, or a handshake that one side refused.
        Trouble::Bank(BankFault::Http(
            BankHttpError::NotSent(_)
            | BankHttpError::Unreachable(_)
            | BankHttpError::TlsRejected(_)
            | BankHttpError::CertificateRefused(_),
        )) => Failure::NotUsed,
        _ => Failure::Unknown,
    }
}

/// The new grant; a bank that sends no new refresh token means the old one to be kept (RFC 6749 §6).
fn renewed(old: Grant, new: Tokens) -> Grant {
    let (refresh, scope) = old.tokens.map_or((None, None), |tokens| (tokens.refresh, tokens.scope));
    let tokens = Tokens { access: new.access, refresh: new.refresh.or(refresh), scope: new.scope.or(scope) };
    Grant { consent_id: old.consent_id, tokens: Some(tokens) }
}

/// Stores the new tokens, as long as the lease is ours; while the store is away they are kept in memory and tried again
/// (F7). If the session was ended meanwhile they are ended too (T20).
async fn store(
    deps: &Deps,
    trail: &Trail,
    mut leased: Loaded<Session>,
    ready: Ready,
    answer: TokenAnswer,
) -> Result<(), Trouble> {
    let grant = renewed(ready.grant, answer.tokens);
    let ours = leased.record.access.as_ref().map(|access| access.refresh.clone());
    let mut tries = 0;
    loop {
        let error = match store_once(deps, trail, &leased, &grant, answer.lifetime).await {
            Ok(()) => return Ok(()),
            Err(error) if tries >= STORE_TRIES => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    alert = "token_at_risk",
                    "tokens were not stored"
                );
                return Err(error);
            }
            Err(error) => error,
        };
        if !matches!(error, Trouble::Contention) {
            tokio::time::sleep(Duration::from_millis(100 << tries)).await;
        }
        tries += 1;
        let Ok(current) = change::load(deps, &leased.record.id).await else { continue };
        match standing(&current.record, &leased.record, ours.as_ref()) {
            Standing::Ours => leased = current,
            // An earlier try had landed although its answer was lost (F4), or somebody else went on after our lease.
            Standing::Moved => return Ok(()),
            Standing::Ended => {
                revoke::orphan(deps, trail, &ready.bank, &current.record, &grant).await;
                return Ok(());
            }
        }
    }
}

/// Where a session stands for a holder that could not write.
enum Standing {
    /// The lease is still ours.
    Ours,
    /// The grant or the lease is another's.
    Moved,
    /// The session was ended.
    Ended,
}

fn standing(current: &Session, leased: &Session, ours: Option<&RefreshState>) -> Standing {
    let lease = current.access.as_ref().map(|access| &access.refresh);
    if current.ended_at.is_some() {
        Standing::Ended
    } else if lease.is_some() && lease == ours && generation(current) == generation(leased) {
        Standing::Ours
    } else {
        tracing::warn!(session.id = %current.id, alert = "late_refresh", "a refresh was stored before or came after its lease");
        Standing::Moved
    }
}

fn generation(session: &Session) -> Option<u64> {
    session.access.as_ref().map(|access| access.grant.generation)
}

async fn store_once(
    deps: &Deps,
    trail: &Trail,
    leased: &Loaded<Session>,
    grant: &Grant,
    lifetime: Duration,
) -> Result<(), Trouble> {
    let mut session = leased.record.clone();
    let now = deps.now();
    let stored = redeem::seal(deps, &mut session, grant, Some(lifetime), now).await?;
    if let Some(access) = &mut session.access {
        access.grant = StoredGrant { chain_ends_at: access.grant.chain_ends_at, ..stored };
        access.refresh = RefreshState::default();
    }
    let audit = trail.record(&session, AuditEvent::TokensRefreshed, now);
    deps.store.replace(leased, session, audit).await?;
    Ok(())
}

/// The bank does not take the refresh token. If somebody has refreshed meanwhile, that is why; otherwise the grant is
/// gone.
async fn refused(deps: &Deps, trail: &Trail, leased: Loaded<Session>) -> Result<(), RefreshError> {
    let attempt = leased.record.access.as_ref().and_then(|access| access.refresh.attempt.as_ref());
    let reason = match attempt {
        Some(attempt) if attempt.number > 1 => LapseReason::TokenLost,
        _ => LapseReason::GrantRefused,
    };
    Err(lapse(deps, trail, leased, reason).await?)
}

/// Writes down that no tokens came, as long as the lease is ours.
async fn note_failure(deps: &Deps, trail: &Trail, leased: Loaded<Session>, failure: Failure) -> Result<(), Trouble> {
    let ours = leased.record.access.as_ref().map(|access| access.refresh.clone());
    let reason = match failure {
        Failure::NotUsed => "not_used",
        Failure::Unknown => "outcome_unknown",
    };
    let decide = |session: &Session, _| {
        let mut session = Box::new(session.clone());
        match &mut session.access {
            Some(access) if Some(&access.refresh) == ours.as_ref() => {
                access.refresh = after_failure(&access.refresh, failure);
            }
            _ => return Ok(Decision::Leave),
        }
        Ok::<_, Trouble>(Decision::Write(session, AuditEvent::RefreshFailed { reason: reason.to_owned() }))
    };
    change::change(deps, trail, leased, decide).await.map(drop)
}
