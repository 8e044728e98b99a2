//! Reads back from the bank how a consent that is being granted stands, and writes it down.

use std::time::Duration;

use ciborium::Value;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    change::{self, Decision},
    deps::Deps,
    redeem::ACTIVATION,
    revoke,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        consent::{ConsentStatus, ConsentTerms, ScaStatus},
        grant::Grant,
        ids::SessionId,
        secret::SecretString,
        session::{AttemptStage, LapseReason, Session},
    },
    flows::trail::Subject,
    ports::{
        bank_http::{BankRequest, BankResponse},
        documents::{Collection, CommitError, Query},
        store::{Change, Loaded},
    },
    protocol::berlin_group::{authorisations, consents, errors::AnswerError, headers::CallHeaders},
};

/// How long a browser waits, in all steps, for a consent that becomes valid a moment after the PSU's return.
const PATIENCE: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// How soon upkeep asks again about a consent that is pending.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// How many sessions of one PSU at one bank are looked at when a newer consent ends older ones.
const MOST_SESSIONS: usize = 50;

/// How often writing down is tried anew when others change the same sessions.
const TRIES: u32 = 20;

/// Reads the consent of a session that awaits activation and writes its terms down. The redirect back proves nothing:
/// only the bank's own word does.
pub(super) async fn read_back(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    grant: &Grant,
) -> Result<ConsentTerms, Trouble> {
    read_patiently(deps, trail, bank, session, grant, &PATIENCE).await
}

async fn read_patiently(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    grant: &Grant,
    patience: &[Duration],
) -> Result<ConsentTerms, Trouble> {
    let terms = match &grant.consent_id {
        Some(consent_id) => {
            let reading = Reading { deps, trail, bank, subject: Subject::from(session), grant, consent_id };
            let mut status = reading.status().await?;
            for wait in patience {
                if !status.is_pending() {
                    break;
                }
                tokio::time::sleep(*wait).await;
                status = reading.status().await?;
            }
            ConsentTerms { status, ..reading.terms().await? }
        }
        None => terms_of_token(deps, bank),
    };
    write_down(deps, trail, bank, &session.id, &terms).await?;
    Ok(terms)
}

/// Asks about an authorisation on another device, if it is time to. Whoever asks notes it first, so that all instances
/// together ask no more often than the bank allows.
pub async fn poll(deps: &Deps, trail: &Trail, loaded: Loaded<Session>) -> Result<Loaded<Session>, Trouble> {
    let is_due = |session: &Session, now: Timestamp| {
        let attempt = session.attempt.as_ref().filter(|_| session.ended_at.is_none());
        attempt.is_some_and(|attempt| {
            attempt.awaits_another_device()
                && attempt.expires_at > now
                && attempt.look_again_at.is_some_and(|look| look <= now)
        })
    };
    if !is_due(&loaded.record, deps.now()) {
        return Ok(loaded);
    }
    let bank = deps.bank(&loaded.record.bank)?.clone();
    let pause = Duration::from_secs(bank.consent.polling.every_seconds.into());
    let mut is_ours = false;
    let claimed = change::change(deps, trail, loaded, |session, now| {
        is_ours = is_due(session, now);
        let mut session = Box::new(session.clone());
        let Some(attempt) = session.attempt.as_mut().filter(|_| is_ours) else { return Ok(Decision::Leave) };
        attempt.look_again_at = Some(now + pause);
        session.schedule();
        Ok::<_, Trouble>(Decision::Write(session, AuditEvent::AuthorisationAskedAbout))
    });
    let claimed = claimed.await?;
    let attempt = claimed.record.attempt.as_ref().map(|attempt| &attempt.stage);
    let Some(AttemptStage::AwaitingActivation(access)) = attempt.filter(|_| is_ours) else { return Ok(claimed) };
    let grant = revoke::open(deps, &claimed.record, &access.grant).await?;
    read_patiently(deps, trail, &bank, &claimed.record, &grant, &[]).await?;
    change::load(deps, &claimed.record.id).await
}

/// How the consent stands at the bank. Where the token is the consent there is nobody to ask; a bank that says there
/// that the consent does not work has ended it.
pub(super) async fn read_status(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    subject: Subject,
    grant: &Grant,
) -> Result<ConsentStatus, Trouble> {
    let Some(consent_id) = &grant.consent_id else { return Ok(ConsentStatus::RevokedByPsu) };
    Reading { deps, trail, bank, subject, grant, consent_id }.consent_status().await
}

/// What is granted with a token that is the consent: as much as the bank's document says.
fn terms_of_token(deps: &Deps, bank: &Bank) -> ConsentTerms {
    let today = deps.now().to_zoned(TimeZone::UTC).date();
    ConsentTerms {
        status: ConsentStatus::Valid,
        valid_until: Some(today.saturating_add(i64::from(bank.consent.days()).days())),
        frequency_per_day: bank.consent.frequency_per_day,
        recurring: true,
    }
}

/// Reads one consent.
struct Reading<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    bank: &'a Bank,
    subject: Subject,
    grant: &'a Grant,
    consent_id: &'a SecretString,
}

impl Reading<'_> {
    /// How the consent stands, and where its authorisation is known, how that does: a consent whose authorisation has
    /// failed may be called pending for ever.
    async fn status(&self) -> Result<ConsentStatus, Trouble> {
        if let Some(authorisation_id) = &self.grant.authorisation_id
            && self.sca_status(authorisation_id).await? == ScaStatus::Failed
        {
            return Ok(ConsentStatus::Rejected);
        }
        self.consent_status().await
    }

    async fn consent_status(&self) -> Result<ConsentStatus, Trouble> {
        let headers = self.headers()?;
        let request = consents::status(self.bank, self.consent_id, &headers)?;
        self.read(request, |response| consents::status_answer(headers.request_id, response)).await
    }

    async fn sca_status(&self, authorisation_id: &SecretString) -> Result<ScaStatus, Trouble> {
        let headers = self.headers()?;
        let request = authorisations::status(self.bank, self.consent_id, authorisation_id, &headers)?;
        self.read(request, |response| authorisations::status_answer(headers.request_id, response)).await
    }

    async fn terms(&self) -> Result<ConsentTerms, Trouble> {
        let headers = self.headers()?;
        let request = consents::read(self.bank, self.consent_id, &headers)?;
        self.read(request, |response| consents::read_answer(headers.request_id, response)).await
    }

    fn headers(&self) -> Result<CallHeaders<'_>, Trouble> {
        Ok(CallHeaders::unattended(self.deps.call_id()?, self.grant.access_token()))
    }

    async fn read<T>(
        &self,
        request: BankRequest,
        answer: impl FnOnce(&BankResponse) -> Result<T, AnswerError>,
    ) -> Result<T, Trouble> {
        let response = self.deps.calls.send(self.bank, self.trail, self.subject.clone(), request).await?;
        Ok(answer(&response)?)
    }
}

/// Writes the terms into the attempt; a consent that the bank has ended is given up. A consent that is valid now and
/// ends the PSU's others does so here too, in one commit.
async fn write_down(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    id: &SessionId,
    terms: &ConsentTerms,
) -> Result<(), Trouble> {
    for tries in 0..TRIES {
        let loaded = change::load(deps, id).await?;
        let now = deps.now();
        let Some(session) = with_terms(&loaded.record, bank, terms, now) else { return Ok(()) };
        let audit = trail.record(&session, AuditEvent::ConsentConfirmed, now);
        let mut change = Change::new().replace(&loaded, &session).audit(&audit);
        for other in superseded(deps, &session, terms).await? {
            let mut older = other.record.clone();
            older.yield_to_newer(now);
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
fn with_terms(session: &Session, bank: &Bank, terms: &ConsentTerms, now: Timestamp) -> Option<Session> {
    let mut session = session.clone();
    let attempt = session.attempt.as_mut()?;
    let was_elsewhere = attempt.awaits_another_device();
    let pause =
        if attempt.is_decoupled { Duration::from_secs(bank.consent.polling.every_seconds.into()) } else { LOOK_AGAIN };
    let AttemptStage::AwaitingActivation(access) = &mut attempt.stage else { return None };
    access.consent = terms.clone();
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
pub(super) async fn give_up(deps: &Deps, trail: &Trail, id: &SessionId) -> Result<(), Trouble> {
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
