//! Using the refresh token, once, under the lease, and writing down what came of it.

use std::time::Duration;

use super::{
    super::{
        bank_call::BankCalls,
        change::{self, Decision},
        deps::Deps,
        trail::Trail,
        trouble::Trouble,
    },
    LOOK_LASTS, RefreshError, lapse,
    lease::Ready,
    storing,
};
use crate::{
    domain::{
        audit::AuditEvent,
        operation::Operation,
        refresh::{Failure, after_failure},
        session::{LapseReason, Session},
    },
    ports::store::Loaded,
    protocol::oauth::token::{self, TokenAnswer, TokenRefusal},
};

/// How often a failure is written down while the store is away. One that is not counts as a use of unknown outcome.
const NOTE_TRIES: u32 = 3;

/// Calls the token endpoint under the lease and writes down what came of it. A lease that has become too short is given
/// back unused, and so is one that was long in coming: the session may have ended since.
pub(super) async fn call(
    deps: &Deps,
    trail: &Trail,
    leased: Loaded<Session>,
    ready: Ready,
) -> Result<(), RefreshError> {
    let sent_at = deps.now();
    let lease = leased.record.access.as_ref().map(|access| &access.refresh);
    let longest = BankCalls::longest(&ready.bank, Operation::RefreshTokens);
    if leased.age() > LOOK_LASTS || !lease.is_some_and(|lease| lease.covers(longest, sent_at)) {
        note_failure(deps, trail, leased, Failure::NotUsed).await?;
        return Err(RefreshError::Busy(deps.now()));
    }
    match ask(deps, trail, &leased.record, &ready).await {
        Ok(answer) => Ok(Box::pin(storing::store(deps, trail, leased, ready, answer, sent_at)).await?),
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
        TokenRefusal::Closed => NoTokens::Failed(Failure::Closed, TokenRefusal::Closed.into()),
        other if other.may_have_used_grant() => NoTokens::Failed(Failure::Unknown, other.into()),
        other => NoTokens::Failed(Failure::NotUsed, other.into()),
    })
}

/// Whether a call that brought no answer may have used the token up.
const fn failure(error: &Trouble) -> Failure {
    if error.is_surely_unsent() { Failure::NotUsed } else { Failure::Unknown }
}

/// The bank does not take the refresh token. If somebody has refreshed meanwhile, that is why; otherwise the grant is
/// gone.
async fn refused(deps: &Deps, trail: &Trail, leased: Loaded<Session>) -> Result<(), RefreshError> {
    let attempt = leased.record.access.as_ref().and_then(|access| access.refresh.attempt.as_ref());
    let reason = match attempt {
        Some(attempt) if attempt.number > 1 => LapseReason::TokenLost,
        _ => LapseReason::GrantRefused,
    };
    lapse(deps, trail, leased, reason).await
}

/// Writes down that no tokens came, as long as the lease is ours.
async fn note_failure(deps: &Deps, trail: &Trail, leased: Loaded<Session>, failure: Failure) -> Result<(), Trouble> {
    let mut tries = 0;
    loop {
        match note_once(deps, trail, leased.clone(), failure).await {
            Err(Trouble::Store(_)) if tries < NOTE_TRIES => {
                tokio::time::sleep(Duration::from_millis(50 << tries)).await;
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn note_once(deps: &Deps, trail: &Trail, leased: Loaded<Session>, failure: Failure) -> Result<(), Trouble> {
    let ours = leased.record.access.as_ref().map(|access| access.refresh.clone());
    let reason = match failure {
        Failure::NotUsed => "not_used",
        Failure::Closed => "bank_closed",
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
        if failure != Failure::Unknown {
            session.find_token();
        }
        Ok::<_, Trouble>(Decision::Write(session, AuditEvent::RefreshFailed { reason: reason.to_owned() }))
    };
    change::change(deps, trail, leased, decide).await.map(drop)
}
