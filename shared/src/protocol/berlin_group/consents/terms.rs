//! What became of a consent (Berlin Group 1.3.11, `getConsentInformation`, `getConsentStatus`).

use std::collections::BTreeSet;

use http::Method;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::{consent_status, named_by_path};
use crate::{
    domain::{
        bank::Bank,
        consent::{ConsentStatus, ConsentTerms, Iban},
        secret::SecretString,
    },
    protocol::berlin_group::{
        BankRequest, BankResponse, Operation, answers,
        endpoints::{self, Ids, bodiless},
        errors::{AnswerError, MalformedAnswer, UnsendableRequest},
        headers::CallHeaders,
        references::WireReference,
        strict_json::{self, Object},
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
pub fn read_answer(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<ConsentTerms, AnswerError> {
    let wire: WireConsent = answers::data(bank, Operation::ReadConsent, request_id, response)?;
    Ok(ConsentTerms {
        status: consent_status(wire.consent_status)?,
        valid_until: wire.valid_until.date("validUntil")?.filter(|day| !is_endless(*day)),
        frequency_per_day: wire.frequency_per_day.ok_or(MalformedAnswer::Missing("frequencyPerDay"))?.0,
        recurring: wire.recurring_indicator.ok_or(MalformedAnswer::Missing("recurringIndicator"))?.0,
    })
}

/// The accounts that the consent is for, where the bank names them all by IBAN; `None` where it does not, or says that
/// the consent is for every account. Nothing can be told from names of other kinds: lists call accounts otherwise.
pub fn accounts_covered(response: &BankResponse) -> Option<BTreeSet<Iban>> {
    let wire: WireCovered = strict_json::read_object(&response.body).ok()?;
    let Object(access) = wire.access?;
    if access.is_for_all() {
        return None;
    }
    let told = [access.accounts, access.balances, access.transactions].into_iter().flatten().flatten();
    let ibans: Option<BTreeSet<_>> = told.map(|Object(reference)| reference.into_iban()).collect();
    ibans.filter(|ibans| !ibans.is_empty())
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
pub fn status_answer(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<ConsentStatus, AnswerError> {
    let wire: WireStatus = answers::data(bank, Operation::ConsentStatus, request_id, response)?;
    Ok(consent_status(wire.consent_status)?)
}

/// `lastActionDate` is not read: banks leave it out.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireConsent {
    consent_status: Text,
    recurring_indicator: Option<Quotable<bool>>,
    valid_until: Text,
    frequency_per_day: Option<Quotable<u32>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireCovered {
    access: Option<Object<WireAccess>>,
}

/// `accountAccess`, as far as it names accounts or says that it is for all.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireAccess {
    accounts: Option<Vec<Object<WireReference>>>,
    balances: Option<Vec<Object<WireReference>>>,
    transactions: Option<Vec<Object<WireReference>>>,
    available_accounts: Text,
    available_accounts_with_balance: Text,
    all_psd2: Text,
}

impl WireAccess {
    fn is_for_all(&self) -> bool {
        [&self.available_accounts, &self.available_accounts_with_balance, &self.all_psd2]
            .into_iter()
            .any(|text| text.as_option().is_some())
    }
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
    use crate::protocol::berlin_group::fixtures::{REQUEST_ID, answer, bank};

    fn terms(body: &Value) -> Result<ConsentTerms, AnswerError> {
        let mut whole = json!({
            "consentStatus": "valid", "recurringIndicator": true, "validUntil": "2026-12-31", "frequencyPerDay": 4,
        });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        read_answer(&bank(), REQUEST_ID, &answer(200, &whole))
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
    fn tells_which_accounts_are_covered_only_where_all_are_named_by_iban() {
        let covered = |access: Value| {
            let told = accounts_covered(&answer(200, &json!({"access": access})));
            told.map(|ibans| ibans.iter().map(|iban| iban.as_str().to_owned()).collect::<Vec<_>>())
        };
        let (one, other) = (json!({"iban": "DE89 3704 0044 0532 0130 00"}), json!({"iban": "gb82west12345698765432"}));
        let both = Some(vec!["DE89370400440532013000".to_owned(), "GB82WEST12345698765432".to_owned()]);
        assert_eq!(covered(json!({"accounts": [one, other], "balances": [one]})), both);
        assert_eq!(covered(json!({"balances": [one], "transactions": [other]})), both);
        for open in [
            json!(null),
            json!({}),
            json!({"accounts": [], "balances": []}),
            json!({"allPsd2": "allAccounts"}),
            json!({"allPsd2": "allAccounts", "accounts": [one]}),
            json!({"accounts": [one, {"bban": "1"}]}),
            json!({"accounts": [one, {"iban": "DE89xxxxxxxxxxxxxx3000"}]}),
            json!({"accounts": "all"}),
        ] {
            assert_eq!(covered(open.clone()), None, "{open}");
        }
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
            let judged = status_answer(&bank(), REQUEST_ID, &answer(200, &json!({"consentStatus": word})));
            assert_eq!(judged.unwrap(), status, "{word}");
        }
    }
}
