//! After the first leg of two: with the tokens that it brought, the consent is asked for and the browser sent on.

use std::sync::Arc;

use super::{Granted, Journey, give_up, keep_decoupled, seal};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        session::{AttemptStage, Session},
    },
    flows::{
        callback::Landing,
        change,
        deps::Deps,
        journey::{self, Departure, Elsewhere, KeptTokens, Pending, Prepared},
        revoke,
        trail::Trail,
        trouble::Trouble,
    },
    ports::{
        documents::CommitError,
        store::{Change, Loaded},
    },
};

/// How often storing is tried anew when others change the session.
const TRIES: u32 = 20;

/// Begins the second leg. Whatever fails, the tokens of the first are ended and the browser goes back to the CRM.
pub(super) async fn begin(
    deps: &Arc<Deps>,
    trail: &Trail,
    bank: &Arc<Bank>,
    journey: Journey,
    pending: Pending,
    granted: Granted,
) -> Result<Landing, Trouble> {
    match sent_on(deps, trail, bank, &journey, pending, &granted).await {
        Ok(landing) => Ok(landing),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the consent was not asked for");
            revoke::orphan(deps, trail, bank, &journey.session, &granted.grant).await;
            give_up(deps, trail, &journey).await?;
            Ok(journey.back("error", "sca_failed"))
        }
    }
}

async fn sent_on(
    deps: &Arc<Deps>,
    trail: &Trail,
    bank: &Arc<Bank>,
    journey: &Journey,
    pending: Pending,
    granted: &Granted,
) -> Result<Landing, Trouble> {
    let wish = pending.wish.ok_or(Trouble::Integrity)?;
    let tokens = granted.grant.tokens.as_ref().ok_or(Trouble::Integrity)?;
    let kept = KeptTokens::of(tokens, granted.lifetime.unwrap_or_default(), deps.now());
    match journey::prepare(deps, trail, bank, &journey.session, wish, Some(kept)).await? {
        Prepared::Browser(departure) => depart(deps, trail, journey, &departure).await,
        Prepared::Decoupled(elsewhere) => {
            let Elsewhere { grant, lifetime, ends_others, .. } = *elsewhere;
            let granted = Granted { grant, lifetime, elsewhere: Some(ends_others), replaces: false };
            keep_decoupled(deps, trail, bank, journey, &granted).await
        }
    }
}

/// Stores the flow of the second leg, bound to the browser that is here, and lets the session wait for it.
async fn depart(deps: &Deps, trail: &Trail, journey: &Journey, departure: &Departure) -> Result<Landing, Trouble> {
    let (flow, secret) = departure.bound(deps)?;
    for _ in 0..TRIES {
        let loaded: Loaded<Session> = change::load(deps, &journey.session.id).await?;
        if !loaded.record.redeems(&journey.flow) {
            return Err(Trouble::NoLongerAwaited);
        }
        let mut session = loaded.record.clone();
        let kept = match &departure.granted {
            Some((grant, lifetime)) => Some(seal(deps, &mut session, grant, Some(*lifetime), deps.now()).await?),
            None => None,
        };
        if let Some(attempt) = &mut session.attempt {
            attempt.kept = kept;
            attempt.flow = flow.id.clone();
            attempt.expires_at = flow.expires_at;
            attempt.stage = AttemptStage::AwaitingPsu;
            attempt.ends_others = departure.ends_others;
        }
        session.schedule();
        let audit = trail.record(&session, AuditEvent::ConsentAskedFor, deps.now());
        let change = Change::new().replace(&loaded, &session).create(&flow).audit(&audit);
        match deps.store.commit(change).await {
            Ok(()) => {
                return Ok(Landing { location: departure.location.clone(), binding: Some((flow.id.clone(), secret)) });
            }
            Err(CommitError::Refused) => {}
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contention)
}
