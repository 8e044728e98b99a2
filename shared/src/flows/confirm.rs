//! Reads back from the bank how a consent that is being granted stands, and writes it down.

use std::{collections::BTreeSet, time::Duration};

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    change::{self, Decision},
    deps::Deps,
    redeem::unread_terms,
    revoke,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        consent::{ConsentStatus, ConsentTerms, Iban, ScaStatus},
        grant::Grant,
        secret::SecretString,
        session::{AttemptStage, Session},
    },
    flows::trail::Subject,
    ports::{
        bank_http::{BankRequest, BankResponse},
        store::Loaded,
    },
    protocol::berlin_group::{authorisations, consents, errors::AnswerError, headers::CallHeaders},
};

mod writing;

pub(super) use writing::give_up;
use writing::write_down;

/// How long a browser waits, in all steps, for a consent that becomes valid a moment after the PSU's return.
const PATIENCE: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

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
    let told = match &grant.consent_id {
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
            // Terms of a consent that may never be valid are worth no call.
            let Told { terms, accounts } = if status.is_pending() { unread() } else { reading.terms().await? };
            Told { terms: ConsentTerms { status, ..terms }, accounts }
        }
        None => Told { terms: terms_of_token(deps, bank), accounts: None },
    };
    write_down(deps, trail, bank, &session.id, &told).await?;
    Ok(told.terms)
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
    match read_patiently(deps, trail, &bank, &claimed.record, &grant, &[]).await {
        // The session is told as it stands; the next one who asks tries again.
        Err(Trouble::Bank(fault)) => {
            tracing::warn!(error = &fault as &dyn std::error::Error, bank.id = %bank.id, "the bank did not tell how it stands");
            Ok(claimed)
        }
        told => {
            told?;
            change::load(deps, &claimed.record.id).await
        }
    }
}

fn unread() -> Told {
    Told { terms: unread_terms(), accounts: None }
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

/// What the bank tells of a consent.
struct Told {
    terms: ConsentTerms,
    /// The accounts that it is for, where the bank names them all.
    accounts: Option<BTreeSet<Iban>>,
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
        self.read(request, |response| consents::status_answer(self.bank, headers.request_id, response)).await
    }

    async fn sca_status(&self, authorisation_id: &SecretString) -> Result<ScaStatus, Trouble> {
        let headers = self.headers()?;
        let request = authorisations::status(self.bank, self.consent_id, authorisation_id, &headers)?;
        self.read(request, |response| authorisations::status_answer(self.bank, headers.request_id, response)).await
    }

    async fn terms(&self) -> Result<Told, Trouble> {
        let headers = self.headers()?;
        let request = consents::read(self.bank, self.consent_id, &headers)?;
        let told = |response: &BankResponse| {
            let terms = consents::read_answer(self.bank, headers.request_id, response)?;
            Ok(Told { terms, accounts: consents::accounts_covered(response) })
        };
        self.read(request, told).await
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
