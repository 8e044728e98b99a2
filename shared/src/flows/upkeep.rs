//! Sees to what ends by itself: journeys nobody finished, codes nobody redeemed, consents still to be ended at a bank,
//! answers still to be erased, consents and certificates whose time runs out.

mod certificates;

use std::collections::BTreeMap;

use ciborium::Value;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    change::{self, Decision},
    confirm,
    deps::Deps,
    refresh::LOOK_LASTS,
    revoke,
    snapshots::erase,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        session::{AttemptStage, SHARDS, Session},
    },
    ports::{
        documents::{Collection, Query},
        store::Loaded,
    },
};

pub use certificates::EndingCertificate;

/// How many sessions of one shard a run takes; the next run takes more.
const BATCH: usize = 50;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Summary {
    /// Sessions that were due.
    pub due: u32,
    /// Sessions that a later run must see to again.
    pub failed: u32,
    /// Consents that ended by their date.
    #[serde(skip_serializing_if = "is_zero")]
    pub expired: u32,
    /// Consents that were announced to end, by the number of days.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub renewals_due: BTreeMap<u16, u32>,
    /// Our certificates that end within 30 days, or have ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<EndingCertificate>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the serialiser calls it")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Sees to every session that is due, a batch a shard, and looks at every certificate. Running it twice at once does
/// nothing twice: every change is by compare-and-set.
pub async fn run(deps: &Deps, trail: &Trail) -> Result<Summary, Trouble> {
    let mut summary = Summary { certificates: certificates::watch(deps).await, ..Summary::default() };
    for shard in 0..SHARDS {
        for session in due(deps, shard).await? {
            let id = session.record.id.clone();
            summary.due += 1;
            match Box::pin(see_to(deps, trail, session)).await {
                Ok(Some(AuditEvent::RenewalDue { days })) => *summary.renewals_due.entry(days).or_default() += 1,
                Ok(Some(AuditEvent::ConsentLapsed { .. })) => summary.expired += 1,
                Ok(_) => {}
                Err(error) => {
                    summary.failed += 1;
                    tracing::warn!(error = &error as &dyn std::error::Error, session.id = %id, "upkeep comes back to a session");
                }
            }
        }
    }
    Ok(summary)
}

async fn due(deps: &Deps, shard: u8) -> Result<Vec<Loaded<Session>>, Trouble> {
    let query = Query {
        collection: Collection::Sessions,
        equal: vec![("shard", Value::from(shard))],
        until: Some(("due_at", deps.now())),
        after: None,
        limit: BATCH,
    };
    Ok(deps.store.find(&query).await?)
}

/// Does what is due. Answers what was written down of the consent in force, if anything was.
async fn see_to(deps: &Deps, trail: &Trail, session: Loaded<Session>) -> Result<Option<AuditEvent>, Trouble> {
    // Those before it in the batch may have taken long, and it may have ended since.
    let is_old = session.age() > LOOK_LASTS;
    let session = if is_old { change::load(deps, &session.record.id).await? } else { session };
    let session = look_again(deps, trail, session).await?;
    let session = change::change(deps, trail, session, |session, now| {
        let Some(attempt) = session.attempt.as_ref().filter(|attempt| attempt.expires_at <= now) else {
            return Ok::<_, Trouble>(Decision::Leave);
        };
        let reason = attempt.lapse_reason();
        let mut session = Box::new(session.clone());
        session.abandon_attempt(reason, now);
        Ok(Decision::Write(session, AuditEvent::AuthorisationFailed { reason: reason.name().to_owned() }))
    });
    let (mut session, noted) = watch_end(deps, trail, session.await?).await?;
    let now = deps.now();
    if session.record.erasure.as_ref().is_some_and(|erasure| erasure.try_at <= now) {
        session = erase::erase(deps, trail, session).await?;
    }
    if session.record.retiring.iter().any(|old| !old.is_settled() && old.try_at <= now) {
        revoke::settle(deps, trail, session).await?;
    }
    Ok(noted)
}

/// Writes down that the consent in force has ended by its date, or that it ends soon. Answers what was written down.
async fn watch_end(
    deps: &Deps,
    trail: &Trail,
    session: Loaded<Session>,
) -> Result<(Loaded<Session>, Option<AuditEvent>), Trouble> {
    let mut noted = None;
    let decide = |session: &Session, now| {
        let mut next = Box::new(session.clone());
        noted = next.note_end(now);
        Ok::<_, Trouble>(match noted.clone() {
            Some(event) => Decision::Write(next, event),
            None if next.is_overlooked(now) => Decision::Note(next),
            None => Decision::Leave,
        })
    };
    let session = change::change(deps, trail, session, decide).await?;
    Ok((session, noted))
}

/// Asks the bank again about a consent that was not valid when the PSU came back.
async fn look_again(deps: &Deps, trail: &Trail, session: Loaded<Session>) -> Result<Loaded<Session>, Trouble> {
    let now = deps.now();
    let attempt = session.record.attempt.as_ref();
    let Some(attempt) = attempt.filter(|attempt| attempt.look_again_at.is_some_and(|look| look <= now)) else {
        return Ok(session);
    };
    if attempt.awaits_another_device() {
        return confirm::poll(deps, trail, session).await;
    }
    let AttemptStage::AwaitingActivation(access) = &attempt.stage else { return Ok(session) };
    let bank = deps.bank(&session.record.bank)?;
    let grant = revoke::open(deps, &session.record, &access.grant).await?;
    confirm::read_back(deps, trail, bank, &session.record, &grant).await?;
    change::load(deps, &session.record.id).await
}
