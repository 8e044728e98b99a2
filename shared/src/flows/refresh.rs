//! Gives a grant whose access token is good, refreshing it if need be (promise P5).
//!
//! Read the session; if the token is good, use it. Otherwise take this process's turn, then the lease; write the attempt
//! down; call; store what came before using it. Whoever finds a lease waits and adopts the result. What may be done
//! after a lost answer is decided in `domain::refresh`.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

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
    protocol::oauth::token::{self, TokenAnswer, TokenRefusal},
};

/// How long a caller waits for somebody else's refresh.
const PATIENCE: Duration = Duration::from_secs(15);

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
    let generation = loaded.record.access.as_ref().map(|access| access.grant.generation);
    let refreshable = loaded.record.access.as_ref().is_some_and(|access| access.grant.refreshable);
    // Without a refresh token nothing was lost: the grant has simply ended.
    let reason = if refreshable { reason } else { LapseReason::ConsentExpired };
    let decide = |session: &Session, now| {
        let current = session.access.as_ref().map(|access| access.grant.generation);
        if current != generation || session.lapse.is_some() {
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
async fn refresh(
    deps: &Arc<Deps>,
    trail: &Arc<Trail>,
    loaded: Loaded<Session>,
    state: RefreshState,
) -> Result<(), RefreshError> {
    let now = deps.now();
    let mut session = loaded.record.clone();
    if let Some(access) = &mut session.access {
        access.refresh = state;
    }
    let audit = trail.record(&session, AuditEvent::RefreshStarted, now);
    let leased = match deps.store.replace(&loaded, session, audit).await {
        Ok(leased) => leased,
        Err(CommitError::Refused) => return Ok(()),
        Err(CommitError::Failed(error)) => return Err(Trouble::from(error).into()),
    };
    // From here on the token is spent, whatever becomes of the caller: the call runs to its end and its result is stored.
    let (deps, trail) = (Arc::clone(deps), Arc::clone(trail));
    let task = tokio::spawn(async move { call(&deps, &trail, leased).await });
    task.await.map_err(|_| Trouble::Integrity)?
}

/// Calls the token endpoint under the lease and writes down what came of it.
async fn call(deps: &Deps, trail: &Trail, leased: Loaded<Session>) -> Result<(), RefreshError> {
    let bank = Arc::clone(deps.bank(&leased.record.bank)?);
    let access = working(deps, &leased)?;
    let grant = revoke::open(deps, &leased.record, &access.grant).await?;
    match ask(deps, trail, &bank, &leased.record, &grant).await {
        Ok(answer) => Ok(store(deps, trail, &bank, leased, grant, answer).await?),
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

async fn ask(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    grant: &Grant,
) -> Result<TokenAnswer, NoTokens> {
    let not_used = |error| NoTokens::Failed(Failure::NotUsed, error);
    let (profile, token) = refreshable(bank, grant).ok_or_else(|| not_used(Trouble::Integrity))?;
    let metadata = deps.oauth_servers.metadata(deps, bank, profile, trail, session).await.map_err(not_used)?;
    let request = token::refresh(&metadata, profile, token);
    let response = deps.calls.send(bank, trail, session, request).await;
    let response = response.map_err(|error| NoTokens::Failed(failure(&error), error))?;
    token::process(profile, &response).map_err(|refusal| match refusal {
        TokenRefusal::InvalidGrant => NoTokens::Refused,
        other if other.may_have_used_grant() => NoTokens::Failed(Failure::Unknown, other.into()),
        other => not_used(other.into()),
    })
}

fn refreshable<'a>(bank: &'a Bank, grant: &'a Grant) -> Option<(&'a OAuthProfile, &'a SecretString)> {
    Some((bank.oauth.as_ref()?, grant.tokens.as_ref()?.refresh.as_ref()?))
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

/// Stores the new tokens, as long as the lease is ours. If the session was ended meanwhile they are ended too (T20).
async fn store(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    mut leased: Loaded<Session>,
    old: Grant,
    answer: TokenAnswer,
) -> Result<(), Trouble> {
    let grant = renewed(old, answer.tokens);
    let ours = leased.record.access.as_ref().map(|access| access.refresh.clone());
    loop {
        let mut session = leased.record.clone();
        let now = deps.now();
        let stored = redeem::seal(deps, &mut session, &grant, Some(answer.lifetime), now).await?;
        if let Some(access) = &mut session.access {
            access.grant = StoredGrant { chain_ends_at: access.grant.chain_ends_at, ..stored };
            access.refresh = RefreshState::default();
        }
        let audit = trail.record(&session, AuditEvent::TokensRefreshed, now);
        match deps.store.replace(&leased, session, audit).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Refused) => leased = change::load(deps, &leased.record.id).await?,
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
        let lease = leased.record.access.as_ref().map(|access| access.refresh.clone());
        if leased.record.ended_at.is_some() {
            revoke::orphan(deps, trail, bank, &leased.record, &grant).await;
            return Ok(());
        }
        if lease != ours {
            // Our lease ran out and somebody else went on: what we hold is late and is not written.
            tracing::warn!(session.id = %leased.record.id, alert = "late_refresh", "a refresh came after its lease");
            return Ok(());
        }
    }
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
