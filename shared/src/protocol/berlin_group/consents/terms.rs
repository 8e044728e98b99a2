//! What became of a consent (Berlin Group 1.3.11, `getConsentInformation`, `getConsentStatus`).

use http::Method;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::{consent_status, named_by_path};
use crate::{
    domain::{
        bank::Bank,
        consent::{ConsentStatus, ConsentTerms},
        secret::SecretString,
    },
    protocol::berlin_group::{
        BankRequest, BankResponse, Operation, answers,
        endpoints::{self, Ids, bodiless},
        errors::{AnswerError, MalformedAnswer, UnsendableRequest},
        headers::CallHeaders,
        wire::{Quotable, Text},
    },
};

/// Reads the consent (`getConsentInformation`).
pub fn read(
    bank: &Bank,
    consent_id: &SecretString,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let url = endpoints::of(bank, Operation::ReadConsent, &Ids::consent(consent_id))?;
    bodiless(Operation::ReadConsent, Method::GET, url, &named_by_path(headers))
}

/// What the bank grants, which may be less than was asked for.
pub fn read_answer(request_id: Uuid, response: &BankResponse) -> Result<ConsentTerms, AnswerError> {
    let wire: WireConsent = answers::read(request_id, response)?;
    Ok(ConsentTerms {
        status: consent_status(wire.consent_status)?,
        valid_until: wire.valid_until.date("validUntil")?.filter(|day| !is_endless(*day)),
        frequency_per_day: wire.frequency_per_day.ok_or(MalformedAnswer::Missing("frequencyPerDay"))?.0,
        recurring: wire.recurring_indicator.ok_or(MalformedAnswer::Missing("recurringIndicator"))?.0,
    })
}

/// Whether the day is the standard's word for "no end", 9999-12-31.
fn is_endless(day: Date) -> bool {
    day == Date::MAX
}

/// Reads where the consent stands (`getConsentStatus`).
pub fn status(
    bank: &Bank,
    consent_id: &SecretString,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let url = endpoints::of(bank, Operation::ConsentStatus, &Ids::consent(consent_id))?;
    bodiless(Operation::ConsentStatus, Method::GET, url, &named_by_path(headers))
}

/// Where the consent stands.
pub fn status_answer(request_id: Uuid, response: &BankResponse) -> Result<ConsentStatus, AnswerError> {
    let wire: WireStatus = answers::read(request_id, response)?;
    Ok(consent_status(wire.consent_status)?)
}

/// `lastActionDate` and `access` are not read: banks leave out the one, and the other repeats what `/accounts` tells.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireConsent {
    consent_status: Text,
    recurring_indicator: Option<Quotable<bool>>,
    valid_until: Text,
    frequency_per_day: Option<Quotable<u32>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    consent_status: Text,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::berlin_group::fixtures::{REQUEST_ID, answer};

    fn terms(body: &Value) -> Result<ConsentTerms, AnswerError> {
        let mut whole = json!({
            "consentStatus": "valid", "recurringIndicator": true, "validUntil": "2026-12-31", "frequencyPerDay": 4,
        });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        read_answer(REQUEST_ID, &answer(200, &whole))
    }

    #[test]
    fn reads_what_the_bank_grants() {
        let granted = terms(&json!({"validUntil": "2026-06-30", "frequencyPerDay": 2})).unwrap();
        let expected = ConsentTerms {
            status: ConsentStatus::Valid,
            valid_until: Some(jiff::civil::date(2026, 6, 30)),
            frequency_per_day: 2,
            recurring: true,
        };
        assert_eq!(granted, expected);
    }

    #[test]
    fn tolerates_values_in_quotes() {
        let granted = terms(&json!({"recurringIndicator": "false", "frequencyPerDay": "1"})).unwrap();
        assert_eq!((granted.recurring, granted.frequency_per_day), (false, 1));
    }

    #[test]
    fn the_last_day_of_all_means_no_end() {
        for end in [json!("9999-12-31"), json!(null)] {
            assert_eq!(terms(&json!({"validUntil": end})).unwrap().valid_until, None);
        }
    }

    #[test]
    fn terms_that_cannot_be_read_are_not_guessed() {
        for bad in [
            json!({"validUntil": "31.12.2026"}),
            json!({"frequencyPerDay": -1}),
            json!({"frequencyPerDay": null}),
            json!({"recurringIndicator": "perhaps"}),
            json!({"consentStatus": null}),
        ] {
            assert!(matches!(terms(&bad), Err(AnswerError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn knows_every_status_and_trusts_no_other() {
        for (word, status) in [
            ("received", ConsentStatus::Received),
            ("partiallyAuthorised", ConsentStatus::PartiallyAuthorised),
            ("valid", ConsentStatus::Valid),
            ("rejected", ConsentStatus::Rejected),
            ("revokedByPsu", ConsentStatus::RevokedByPsu),
            ("expired", ConsentStatus::Expired),
            ("terminatedByTpp", ConsentStatus::TerminatedByTpp),
            ("VALID", ConsentStatus::Unknown),
            ("approved", ConsentStatus::Unknown),
        ] {
            let judged = status_answer(REQUEST_ID, &answer(200, &json!({"consentStatus": word})));
            assert_eq!(judged.unwrap(), status, "{word}");
        }
    }
}
