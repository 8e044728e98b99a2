//! Takes a browser that comes back from a bank, once, and turns its answer into a grant (promise P8).
//!
//! The order is the promise: find the flow by the hash of `state`; judge bank, browser, replay and time; judge the
//! issuer; consume by compare-and-set; only then redeem. What came is stored before it is looked at further. From the
//! consuming on, whatever happens ends with the browser at the CRM's return URL and the session in a state that says
//! what happened.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use url::Url;

use super::{
    deps::Deps,
    events,
    journey::{Pending, pending_place},
    redeem::{self, Accepted, AcceptedOutcome, Journey, Redeemable},
    revoke,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        flow::{Flow, Returning},
        ids::{BankId, FlowId},
        purpose::Purpose,
        secret::Secret32,
        session::{AttemptStage, LapseReason, Session},
    },
    ports::{
        documents::CommitError,
        store::{Change, Loaded},
    },
    protocol::oauth::{
        callback::{Answer, Outcome, check_issuer, confirmation_code},
        pkce::Verifier,
    },
};

/// How long redeeming may take before upkeep declares it failed.
const REDEEMING: Duration = Duration::from_mins(2);

/// Why a callback is refused with a plain page. The flow is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Not an answer, or its `state` was never issued.
    #[error("not an answer to anything that was asked")]
    Invalid,
    /// It came too late.
    #[error("the flow has expired")]
    Expired,
    /// It came before.
    #[error("the answer was consumed before")]
    Replayed,
    /// It came from another browser than the one that was sent.
    #[error("the answer comes from another browser")]
    OtherBrowser,
    /// It names another issuer, or came to another bank's address.
    #[error("the answer comes from another bank")]
    OtherIssuer,
    /// The session no longer waits for it.
    #[error("the session no longer waits for the answer")]
    Abandoned,
    /// Something below failed before anything was consumed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// What a browser brings back from a bank.
#[derive(Clone, Copy, Debug)]
pub struct Return<'a> {
    /// The `state` that stood in the path, at banks that strip queries.
    pub state: Option<&'a str>,
    /// The query.
    pub query: &'a str,
}

/// Where the browser goes next.
pub struct Landing {
    /// The CRM's return URL, or the bank again.
    pub location: Url,
    /// At the bank again: the flow that this browser is bound to, and the secret to set as its binding cookie.
    pub binding: Option<(FlowId, Secret32)>,
}

/// Takes a browser's return. Answers where to send it.
pub async fn receive(
    deps: &Arc<Deps>,
    trail: &Trail,
    bank: &BankId,
    returned: Return<'_>,
    kept: impl Fn(&FlowId) -> Option<Vec<u8>>,
) -> Result<Landing, CallbackError> {
    let answer = Answer::parse_at(returned.state, returned.query).map_err(|_| CallbackError::Invalid)?;
    let id = answer.state.flow_id();
    let flow: Option<Loaded<Flow>> = deps.store.load(id.as_str()).await.map_err(Trouble::from)?;
    let flow = flow.ok_or(CallbackError::Invalid)?;
    match flow.record.returning(bank, kept(&id).as_deref(), deps.now()) {
        Returning::Consume => {}
        Returning::Replayed => return Err(CallbackError::Replayed),
        Returning::Expired => return Err(CallbackError::Expired),
        Returning::OtherBrowser => return Err(CallbackError::OtherBrowser),
        Returning::OtherBank => return Err(CallbackError::OtherIssuer),
    }
    let bank = Arc::clone(deps.bank(bank)?);
    let accepted = accept(deps, trail, &bank, &flow.record, answer, returned.query).await?;
    let journey = consume(deps, trail, &bank, flow, &accepted).await?;
    Ok(Box::pin(redeem::conclude(deps, trail, &bank, journey, accepted)).await?)
}

/// Judges the issuer and what the bank may answer at all.
async fn accept(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    flow: &Flow,
    answer: Answer,
    query: &str,
) -> Result<Accepted, CallbackError> {
    let place = pending_place(&flow.tenant, flow.id.as_str());
    let pending: Pending = deps.vault.open_json(Purpose::Flow, &place, &flow.pending).await.map_err(Trouble::from)?;
    let metadata = match &bank.oauth {
        Some(profile) if pending.awaits_oauth() => {
            let metadata = deps.calls.metadata(bank, profile, trail, flow).await?;
            check_issuer(&answer, profile, &metadata).map_err(|_| CallbackError::OtherIssuer)?;
            Some((metadata, profile))
        }
        _ => None,
    };
    let confirmation = if pending.confirmation {
        let name = &bank.consent.confirmation_parameter;
        confirmation_code(query, name).map_err(|_| CallbackError::Invalid)?
    } else {
        None
    };
    let outcome = match (answer.outcome, metadata) {
        (Outcome::Denied, _) => AcceptedOutcome::Denied,
        (Outcome::Failed, _) => AcceptedOutcome::Failed,
        (Outcome::Returned, None) => AcceptedOutcome::Returned,
        (Outcome::Code(code), Some((metadata, profile))) => {
            let verifier = pending.verifier.clone().map(|verifier| Verifier::from_kept(verifier.into()));
            AcceptedOutcome::Code(Box::new(Redeemable { code, verifier, metadata, profile: profile.clone() }))
        }
        (Outcome::Returned, Some(_)) | (Outcome::Code(_), None) => return Err(CallbackError::Invalid),
    };
    Ok(Accepted { pending, outcome, confirmation })
}

/// Consumes the flow, and with it moves the session on, in one commit. Of all who try exactly one succeeds.
async fn consume(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    mut flow: Loaded<Flow>,
    accepted: &Accepted,
) -> Result<Journey, CallbackError> {
    loop {
        let session: Option<Loaded<Session>> =
            deps.store.load(flow.record.session.as_str()).await.map_err(Trouble::from)?;
        let session = session.ok_or(CallbackError::Invalid)?;
        let now = deps.now();
        let consumed = Flow { consumed_at: Some(now), ..flow.record.clone() };
        let audit = trail.record(&session.record, AuditEvent::CallbackConsumed, now);
        let mut next = session.record.clone();
        let return_url = session.record.awaited_return_url(&flow.record.id).cloned();
        let mut change = Change::new().replace(&flow, &consumed).audit(&audit);
        if return_url.is_some() {
            move_on(&mut next, &accepted.outcome, now);
            events::tell_of_change(deps, &session.record, &mut next, now);
            change = change.replace(&session, &next);
        }
        match (deps.store.commit(change).await, return_url) {
            (Ok(()), Some(return_url)) => {
                return Ok(Journey { flow: flow.record.id, session: next, return_url });
            }
            (Ok(()), None) => {
                // The CRM ended or renewed the session meanwhile: what the PSU authorised is ended, not used.
                revoke::orphan(deps, trail, bank, &next, &accepted.granted_before()).await;
                return Err(CallbackError::Abandoned);
            }
            (Err(CommitError::Refused), _) => flow = unconsumed(deps, &flow.record.id).await?,
            (Err(CommitError::Failed(error)), _) => return Err(Trouble::from(error).into()),
        }
    }
}

/// The flow as it stands after somebody else changed it or the session.
async fn unconsumed(deps: &Deps, id: &FlowId) -> Result<Loaded<Flow>, CallbackError> {
    let flow: Option<Loaded<Flow>> = deps.store.load(id.as_str()).await.map_err(Trouble::from)?;
    let flow = flow.ok_or(CallbackError::Invalid)?;
    if flow.record.consumed_at.is_some() { Err(CallbackError::Replayed) } else { Ok(flow) }
}

/// What consuming means for the session.
fn move_on(session: &mut Session, outcome: &AcceptedOutcome, now: Timestamp) {
    match outcome {
        AcceptedOutcome::Denied => session.abandon_attempt(LapseReason::ScaDenied, now),
        AcceptedOutcome::Failed => session.abandon_attempt(LapseReason::ScaFailed, now),
        AcceptedOutcome::Code(_) | AcceptedOutcome::Returned => {
            if let Some(attempt) = &mut session.attempt {
                attempt.stage = AttemptStage::Redeeming;
                attempt.expires_at = now + REDEEMING;
            }
            session.schedule();
        }
    }
}
