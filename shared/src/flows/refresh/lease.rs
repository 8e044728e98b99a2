//! Taking the lease: everything that a refresh needs is made ready, and then the right to use the refresh token is asked for.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        change,
        deps::Deps,
        revoke,
        trail::Trail,
        trouble::{Held, Trouble},
    },
    RefreshError, decide, working,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::{Bank, OAuthProfile},
        grant::Grant,
        operation::Operation,
        refresh::{RefreshState, Step},
        secret::SecretString,
        session::Session,
    },
    ports::{documents::CommitError, store::Loaded},
    protocol::oauth::metadata::Metadata,
};

/// How often taking the lease is tried while the store does not answer.
const TRIES: u32 = 4;

/// What a refresh needs besides the lease.
pub(super) struct Ready {
    pub bank: Arc<Bank>,
    pub profile: OAuthProfile,
    pub metadata: Arc<Metadata>,
    pub grant: Grant,
    pub token: SecretString,
}

/// Makes ready all that can be made ready before the lease.
pub(super) async fn prepare(deps: &Deps, trail: &Trail, loaded: &Loaded<Session>) -> Result<Ready, RefreshError> {
    let bank = Arc::clone(deps.bank(&loaded.record.bank)?);
    deps.calls.admits(&bank, Operation::RefreshTokens).await?;
    let grant = revoke::open(deps, &loaded.record, &working(deps, loaded)?.grant).await?;
    let token = grant.tokens.as_ref().and_then(|tokens| tokens.refresh.clone()).ok_or(Trouble::Integrity)?;
    let profile = bank.oauth.clone().ok_or(Trouble::Integrity)?;
    let metadata = deps.calls.metadata(&bank, &profile, trail, &loaded.record).await?;
    Ok(Ready { bank, profile, metadata, grant, token })
}

/// Takes the lease; `None` if somebody was quicker.
///
/// A commit whose answer is lost is looked after and, if it is not there, sent again from the same version: only one of
/// the two can land, and whichever it was is known by what stands there then (F4).
///
/// Where the bank bounds how often a day tokens are refreshed, the use is counted in the same write. Nothing left is
/// [`Held::Quota`], and no lease is taken.
pub(super) async fn take(
    deps: &Deps,
    trail: &Trail,
    loaded: Loaded<Session>,
) -> Result<Option<Loaded<Session>>, RefreshError> {
    let Step::Call(state) = decide(deps, &loaded)? else { return Ok(None) };
    let mut session = loaded.record.clone();
    if let Some(access) = &mut session.access {
        access.refresh = state.clone();
    }
    if let Some(limit) = deps.bank(&session.bank)?.background.token_refreshes_per_day {
        let counted = session.ledger.reserve_token_refresh(limit, loaded.store_now(&*deps.clock));
        counted.map_err(|exhausted| Trouble::from(Held::from(exhausted)))?;
    }
    let audit = trail.record(&session, AuditEvent::RefreshStarted, deps.now());
    let mut trouble = Trouble::Contention;
    for tries in 0..TRIES {
        let outcome = deps.store.replace(&loaded, session.clone(), audit.clone()).await;
        if let Ok(leased) = outcome {
            return Ok(Some(leased));
        }
        let was_refused = matches!(outcome, Err(CommitError::Refused));
        if !was_refused {
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
        }
        match change::load(deps, &loaded.record.id).await {
            Ok(current) if is_ours(&current, &state) => return Ok(Some(current)),
            Ok(_) if was_refused => return Ok(None),
            Ok(_) => trouble = outcome.err().map_or(trouble, Trouble::from),
            Err(error) => trouble = error,
        }
    }
    Err(trouble.into())
}

/// Whether this very lease stands in the session: an earlier try had landed.
fn is_ours(current: &Loaded<Session>, state: &RefreshState) -> bool {
    current.record.access.as_ref().is_some_and(|access| access.refresh == *state)
}
