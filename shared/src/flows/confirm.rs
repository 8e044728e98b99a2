//! Reads back from the bank how a consent that is being granted stands, and writes it down.

use std::time::Duration;

use super::{
    change::{self, Decision},
    deps::Deps,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        consent::{ConsentStatus, ConsentTerms},
        grant::Grant,
        ids::SessionId,
        session::{AttemptStage, LapseReason, Session},
    },
    flows::trail::Subject,
    ports::bank_http::{BankRequest, BankResponse},
    protocol::berlin_group::{consents, errors::AnswerError, headers::CallHeaders},
};

/// How long a browser waits, in all steps, for a consent that becomes valid a moment after the PSU's return.
const PATIENCE: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// How soon upkeep asks again about a consent that is pending.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Reads the consent of a session that awaits activation and writes its terms down. The redirect back proves nothing:
/// only the bank's own word does.
pub(super) async fn read_back(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    grant: &Grant,
) -> Result<ConsentTerms, Trouble> {
    let subject = Subject::from(session);
    let mut status = read_status(deps, trail, bank, subject.clone(), grant).await?;
    for wait in PATIENCE {
        if !status.is_pending() {
            break;
        }
        tokio::time::sleep(wait).await;
        status = read_status(deps, trail, bank, subject.clone(), grant).await?;
    }
    let terms = read_terms(deps, trail, bank, subject, grant).await?;
    let terms = ConsentTerms { status, ..terms };
    write_down(deps, trail, &session.id, &terms).await?;
    Ok(terms)
}

/// How the consent stands at the bank.
pub(super) async fn read_status(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    subject: Subject,
    grant: &Grant,
) -> Result<ConsentStatus, Trouble> {
    let headers = CallHeaders::unattended(deps.call_id()?, grant.access_token());
    let request = consents::status(bank, &grant.consent_id, &headers)?;
    let answer = |response: &BankResponse| consents::status_answer(headers.request_id, response);
    read(deps, trail, bank, subject, request, answer).await
}

async fn read_terms(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    subject: Subject,
    grant: &Grant,
) -> Result<ConsentTerms, Trouble> {
    let headers = CallHeaders::unattended(deps.call_id()?, grant.access_token());
    let request = consents::read(bank, &grant.consent_id, &headers)?;
    let answer = |response: &BankResponse| consents::read_answer(headers.request_id, response);
    read(deps, trail, bank, subject, request, answer).await
}

async fn read<T>(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    subject: Subject,
    request: BankRequest,
    answer: impl FnOnce(&BankResponse) -> Result<T, AnswerError>,
) -> Result<T, Trouble> {
    let response = deps.calls.send(bank, trail, subject, request).await?;
    Ok(answer(&response)?)
}

/// Writes the terms into the attempt; a consent that the bank has ended is given up.
async fn write_down(deps: &Deps, trail: &Trail, id: &SessionId, terms: &ConsentTerms) -> Result<(), Trouble> {
    let loaded = change::load(deps, id).await?;
    let decide = |session: &Session, now| {
        let mut session = Box::new(session.clone());
        let Some(attempt) = &mut session.attempt else { return Ok(Decision::Leave) };
        let AttemptStage::AwaitingActivation(access) = &mut attempt.stage else { return Ok(Decision::Leave) };
        access.consent = terms.clone();
        attempt.look_again_at = terms.status.is_pending().then(|| now + LOOK_AGAIN);
        session.schedule();
        if let Some(reason) = LapseReason::of_consent(terms.status) {
            session.abandon_attempt(reason, now);
        }
        Ok(Decision::Write(session, AuditEvent::ConsentConfirmed))
    };
    change::change(deps, trail, loaded, decide).await.map(drop)
}
