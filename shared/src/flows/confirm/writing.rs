//! Writes down how a consent that is being granted stands, and what that means for the PSU's other sessions.

use std::{collections::BTreeSet, time::Duration};

use ciborium::Value;
use jiff::Timestamp;

use super::Told;
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        consent::{ConsentTerms, Iban},
        ids::{AccountId, SessionId},
        session::{AttemptStage, LapseReason, Session},
    },
    flows::{
        change::{self, Decision},
        deps::Deps,
        events,
        redeem::ACTIVATION,
        trail::Trail,
        trouble::Trouble,
    },
    ports::{
        documents::{Collection, CommitError, Query},
        store::{Change, Loaded},
    },
};

/// How soon upkeep asks again about a consent that is pending.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// How many sessions of one PSU at one bank are looked at when a newer consent ends older ones.
const MOST_SESSIONS: usize = 50;

/// How often writing down is tried anew when others change the same sessions.
const TRIES: u32 = 20;

/// Writes the terms into the attempt; a consent that the bank has ended is given up. A consent that is valid now and
/// ends the PSU's others does so here too, in one commit.
pub(super) async fn write_down(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    id: &SessionId,
    told: &Told,
) -> Result<(), Trouble> {
    let hashed = |iban: &Iban| deps.pseudonyms.covered_account(id, iban.as_str());
    let covered: Option<BTreeSet<_>> = told.accounts.as_ref().map(|accounts| accounts.iter().map(hashed).collect());
    let terms = &told.terms;
    for tries in 0..TRIES {
        let loaded = change::load(deps, id).await?;
        let now = deps.now();
        let Some(mut session) = with_terms(&loaded.record, bank, terms, covered.as_ref(), now) else { return Ok(()) };
        events::tell_of_change(deps, &loaded.record, &mut session, now);
        let audit = trail.record(&session, AuditEvent::ConsentConfirmed, now);
        let mut change = Change::new().replace(&loaded, &session).audit(&audit);
        for other in superseded(deps, &session, terms).await? {
            let mut older = other.record.clone();
            older.yield_to_newer(now);
            events::tell_of_change(deps, &other.record, &mut older, now);
            let reason = LapseReason::ConsentReplaced.name().to_owned();
            change =
                change.replace(&other, &older).audit(&trail.record(&older, AuditEvent::ConsentLapsed { reason }, now));
        }
        match deps.store.commit(change).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused) => {}
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_millis(u64::from(tries) * 5)).await;
    }
    Err(Trouble::Contention)
}

/// The session with the terms in its attempt; `None` if it no longer awaits activation.
fn with_terms(
    session: &Session,
    bank: &Bank,
    terms: &ConsentTerms,
    covered: Option<&BTreeSet<AccountId>>,
    now: Timestamp,
) -> Option<Session> {
    let mut session = session.clone();
    let attempt = session.attempt.as_mut()?;
    let was_elsewhere = attempt.awaits_another_device();
    let pause =
        if attempt.is_decoupled { Duration::from_secs(bank.consent.polling.every_seconds.into()) } else { LOOK_AGAIN };
    let AttemptStage::AwaitingActivation(access) = &mut attempt.stage else { return None };
    access.consent = terms.clone();
    access.covered = covered.cloned();
    attempt.look_again_at = terms.status.is_pending().then(|| now + pause);
    if was_elsewhere && terms.status.is_usable() {
        attempt.expires_at = now + ACTIVATION;
    }
    session.schedule();
    if let Some(reason) = LapseReason::of_consent(terms.status) {
        session.abandon_attempt(reason, now);
    }
    Some(session)
}

/// Other sessions of the same PSU at the same bank whose consents the bank has ended for this one.
async fn superseded(deps: &Deps, session: &Session, terms: &ConsentTerms) -> Result<Vec<Loaded<Session>>, Trouble> {
    let ends_others = session.attempt.as_ref().is_some_and(|attempt| attempt.ends_others);
    if !ends_others || !terms.status.is_usable() || !terms.recurring {
        return Ok(Vec::new());
    }
    let text = |text: &str| Value::from(text.to_owned());
    let query = Query {
        collection: Collection::Sessions,
        equal: vec![("psu", text(session.psu.as_str())), ("bank", text(session.bank.as_str()))],
        until: None,
        after: None,
        limit: MOST_SESSIONS,
    };
    let found: Vec<Loaded<Session>> = deps.store.find(&query).await?;
    let is_older = |other: &Loaded<Session>| {
        let other = &other.record;
        let is_in_force = other.access.as_ref().is_some_and(|access| access.consent.recurring);
        other.id != session.id && other.tenant == session.tenant && other.ended_at.is_none() && is_in_force
    };
    Ok(found.into_iter().filter(is_older).collect())
}

/// Gives up a consent that awaits activation and can never be valid.
pub(in crate::flows) async fn give_up(deps: &Deps, trail: &Trail, id: &SessionId) -> Result<(), Trouble> {
    let loaded = change::load(deps, id).await?;
    let decide = |session: &Session, now| {
        let stage = session.attempt.as_ref().map(|attempt| &attempt.stage);
        if !matches!(stage, Some(AttemptStage::AwaitingActivation(_))) {
            return Ok(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.abandon_attempt(LapseReason::ScaFailed, now);
        Ok(Decision::Write(session, AuditEvent::AuthorisationFailed { reason: "not_confirmed".to_owned() }))
    };
    change::change(deps, trail, loaded, decide).await.map(drop)
}
