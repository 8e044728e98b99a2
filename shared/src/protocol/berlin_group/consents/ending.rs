//! Ending a consent (Berlin Group 1.3.11, `deleteConsent`).

use http::{Method, StatusCode};
use uuid::Uuid;

use super::named_by_path;
use crate::{
    domain::{bank::Bank, secret::SecretString},
    protocol::berlin_group::{
        BankRequest, BankResponse, Operation, answers,
        endpoints::{self, Ids, bodiless},
        errors::{AnswerError, UnsendableRequest},
        headers::CallHeaders,
        meaning::Meaning,
        refusal::BankRefusal,
    },
};

/// Ends the consent (`deleteConsent`).
pub fn delete(
    bank: &Bank,
    consent_id: &SecretString,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let url = endpoints::of(bank, Operation::DeleteConsent, &Ids::consent(consent_id))?;
    bodiless(Operation::DeleteConsent, Method::DELETE, url, &named_by_path(headers))
}

/// Whether the consent is over at the bank; that it was over before counts. Banks answer 204, 200 or 202.
///
/// A refusal that leaves room for a consent still in force is an error; its status tells more.
pub fn delete_answer(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<(), AnswerError> {
    match answers::agreed(bank, request_id, response) {
        Err(AnswerError::Refused(refusal)) if was_over(&refusal) => Ok(()),
        judged => judged,
    }
}

fn was_over(refusal: &BankRefusal) -> bool {
    match refusal.meaning {
        // The account that such a refusal may speak of is, on this path, the consent.
        Meaning::ConsentUnknown | Meaning::ConsentExpired | Meaning::AccountUnknown | Meaning::AccountExpired => true,
        Meaning::NotFound => refusal.status == StatusCode::GONE,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::berlin_group::fixtures::{REQUEST_ID, answer, bank, raw_answer};

    #[test]
    fn a_consent_is_over_when_the_bank_says_so_in_any_way() {
        for status in [200, 202, 204] {
            assert!(delete_answer(&bank(), REQUEST_ID, &raw_answer(status, "text/plain", b"")).is_ok(), "{status}");
        }
        for (status, code) in [
            (403, "CONSENT_UNKNOWN"),
            (404, "CONSENT_UNKNOWN"),
            (404, "RESOURCE_UNKNOWN"),
            (401, "CONSENT_EXPIRED"),
            (403, "RESOURCE_EXPIRED"),
            (410, "GONE"),
        ] {
            let body = json!({"tppMessages": [{"category": "ERROR", "code": code}]});
            assert!(delete_answer(&bank(), REQUEST_ID, &answer(status, &body)).is_ok(), "{status} {code}");
        }
    }

    #[test]
    fn a_consent_that_may_still_be_in_force_is_not_over() {
        for (status, code) in [
            (401, "CONSENT_INVALID"),
            (401, "TOKEN_EXPIRED"),
            (409, "STATUS_INVALID"),
            (404, "NOTHING_KNOWN"),
            (500, "CONSENT_UNKNOWN"),
            (302, "CONSENT_UNKNOWN"),
        ] {
            let body = json!({"tppMessages": [{"category": "ERROR", "code": code}]});
            let judged = delete_answer(&bank(), REQUEST_ID, &answer(status, &body));
            assert!(matches!(judged, Err(AnswerError::Refused(_))), "{status} {code}");
        }
    }
}
