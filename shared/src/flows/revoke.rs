//! Ends consents and tokens at the bank, step by step, until every step is settled.

use std::time::Duration;

use super::{
    change::{Decision, change},
    deps::Deps,
    trail::{Subject, Trail},
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        grant::{Grant, StoredGrant, Tokens},
        purpose::Purpose,
        secret::ExposeSecret,
        session::{Retiring, Session, StepState},
    },
    ports::store::Loaded,
    protocol::{
        berlin_group::{consents, headers::CallHeaders},
        oauth::revocation::{self, Hint, Revoked},
    },
};

/// The longest pause between two tries at a bank that does not settle.
const LONGEST_PAUSE: Duration = Duration::from_hours(6);

/// Tries everything that the session has put aside, once, and writes down how far it came.
pub async fn settle(deps: &Deps, trail: &Trail, loaded: Loaded<Session>) -> Result<Session, Trouble> {
    let bank = deps.bank(&loaded.record.bank)?;
    let mut tried = Vec::new();
    for old in loaded.record.retiring.iter().filter(|old| !old.is_settled()) {
        tried.push(try_once(deps, trail, bank, &loaded.record, old).await?);
    }
    write_down(deps, trail, loaded, &tried).await
}

/// Ends a grant that belongs to no session any more, as well as it goes at once: there is nowhere to note that it must
/// be tried again.
pub(super) async fn orphan(deps: &Deps, trail: &Trail, bank: &Bank, session: &Session, grant: &Grant) {
    let consent = end_consent(deps, trail, bank, session, grant).await;
    let tokens = match &grant.tokens {
        Some(tokens) => revoke_tokens(deps, trail, bank, session, tokens).await,
        None => StepState::NotNeeded,
    };
    if !consent.is_settled() || !tokens.is_settled() {
        tracing::warn!(bank.id = %bank.id, alert = "orphaned_grant", "a grant without a session was not ended at the bank");
    }
}

async fn try_once(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    old: &Retiring,
) -> Result<Retiring, Trouble> {
    let mut next = old.clone();
    if let Some(stored) = &old.grant {
        let grant = open(deps, session, stored).await?;
        if !next.consent.is_settled() {
            next.consent = end_consent(deps, trail, bank, session, &grant).await;
        }
        if !next.tokens.is_settled() {
            next.tokens = match &grant.tokens {
                Some(tokens) => revoke_tokens(deps, trail, bank, session, tokens).await,
                None => StepState::NotNeeded,
            };
        }
    }
    next.tries = next.tries.saturating_add(1);
    next.try_at = deps.now() + pause(next.tries);
    Ok(next)
}

/// Twice as long after every try, from ten seconds on.
fn pause(tries: u32) -> Duration {
    Duration::from_secs(10 << tries.min(12)).min(LONGEST_PAUSE)
}

/// The grant, in clear.
pub(super) async fn open(deps: &Deps, session: &Session, stored: &StoredGrant) -> Result<Grant, Trouble> {
    let place = session.grant_place(stored.generation);
    let text = deps.vault.open(Purpose::Tokens, &place, &stored.sealed).await?;
    Ok(Grant::from_plaintext(text.expose_secret())?)
}

async fn end_consent(deps: &Deps, trail: &Trail, bank: &Bank, session: &Session, grant: &Grant) -> StepState {
    match delete_consent(deps, trail, bank, session, grant).await {
        Ok(step) => step,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the consent was not ended yet");
            StepState::Pending
        }
    }
}

async fn delete_consent(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    grant: &Grant,
) -> Result<StepState, Trouble> {
    let Some(consent_id) = &grant.consent_id else { return Ok(StepState::NotNeeded) };
    if !bank.consent.delete {
        return Ok(StepState::NotSupported);
    }
    let headers = CallHeaders::unattended(deps.call_id()?, grant.access_token());
    let request = consents::delete(bank, consent_id, &headers)?;
    let response = deps.calls.send(bank, trail, Subject::from(session), request).await?;
    consents::delete_answer(bank, headers.request_id, &response)?;
    Ok(StepState::Done)
}

/// Revokes the refresh token, which ends the access tokens made from it, or else the access token (RFC 7009 §2.1).
async fn revoke_tokens(deps: &Deps, trail: &Trail, bank: &Bank, session: &Session, tokens: &Tokens) -> StepState {
    match try_revoking(deps, trail, bank, session, tokens).await {
        Ok(Revoked::Done) => StepState::Done,
        Ok(Revoked::NotSupported) => StepState::NotSupported,
        Ok(Revoked::NotYet) => StepState::Pending,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the tokens were not revoked yet");
            StepState::Pending
        }
    }
}

async fn try_revoking(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    tokens: &Tokens,
) -> Result<Revoked, Trouble> {
    let Some(profile) = &bank.oauth else { return Ok(Revoked::NotSupported) };
    let metadata = deps.calls.metadata(bank, profile, trail, session).await?;
    let Some(endpoint) = &metadata.revocation_endpoint else { return Ok(Revoked::NotSupported) };
    let (token, hint) = match &tokens.refresh {
        Some(refresh) => (refresh, Hint::Refresh),
        None => (&tokens.access, Hint::Access),
    };
    let request = revocation::request(endpoint, profile, token, hint);
    let response = deps.calls.send(bank, trail, session, request).await?;
    Ok(revocation::process(&response))
}

/// Writes down what was tried. What was settled meanwhile by somebody else stays settled.
async fn write_down(
    deps: &Deps,
    trail: &Trail,
    loaded: Loaded<Session>,
    tried: &[Retiring],
) -> Result<Session, Trouble> {
    let decide = |session: &Session, _| {
        let session = Box::new(with_results(session, tried));
        let settled = session.revocation().is_settled();
        Ok::<_, Trouble>(Decision::Write(session, AuditEvent::RevocationTried { settled }))
    };
    Ok(change(deps, trail, loaded, decide).await?.record)
}

fn with_results(session: &Session, tried: &[Retiring]) -> Session {
    let mut session = session.clone();
    for result in tried {
        let generation = |old: &Retiring| old.grant.as_ref().map(|grant| grant.generation);
        let same = |old: &&mut Retiring| old.grant.is_some() && generation(old) == generation(result);
        if let Some(old) = session.retiring.iter_mut().find(same) {
            *old = result.clone();
        }
    }
    session.settle();
    session
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let pauses: Vec<_> = (1..20).map(pause).collect();
        assert_eq!(pauses[0], Duration::from_secs(20));
        assert!(pauses.is_sorted());
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
    }
}
