//! The list of accounts (Berlin Group 1.3.11, `getAccountList`).

use http::Method;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, answers,
    endpoints::{bodiless, resource},
    errors::{AnswerError, MalformedAnswer, UnsendableRequest},
    headers::CallHeaders,
    money::currency,
    references::WireReference,
    strict_json::Object,
    wire::Text,
};
use crate::domain::{
    account::{AccountDetails, AccountStatus, BankAccount, Usage},
    bank::Bank,
};

/// Asks for the accounts that the consent opens.
pub fn read(bank: &Bank, headers: &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest> {
    bodiless(Operation::Accounts, Method::GET, resource(bank, &["accounts"])?, headers)
}

/// The accounts. One without `resourceId` has no data to read (the standard makes the id conditional on that) and is
/// left out.
pub fn read_answer(request_id: Uuid, response: &BankResponse) -> Result<Vec<BankAccount>, AnswerError> {
    let wire: WireAccounts = answers::read(request_id, response)?;
    let accounts = wire.accounts.ok_or(MalformedAnswer::Missing("accounts"))?;
    let accounts = accounts.into_iter().filter_map(|Object(account)| account.into_account().transpose());
    Ok(accounts.collect::<Result<_, MalformedAnswer>>()?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAccounts {
    accounts: Option<Vec<Object<WireAccount>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireAccount {
    resource_id: Text,
    #[serde(flatten)]
    reference: WireReference,
    currency: Text,
    name: Text,
    display_name: Text,
    owner_name: Text,
    product: Text,
    cash_account_type: Text,
    usage: Text,
    bic: Text,
    status: Text,
}

impl WireAccount {
    fn into_account(self) -> Result<Option<BankAccount>, MalformedAnswer> {
        let Some(resource_id) = self.resource_id.into_option() else { return Ok(None) };
        let details = AccountDetails {
            identification: self.reference.into_identifications(),
            currency: currency(self.currency)?,
            name: self.name.into_option(),
            display_name: self.display_name.into_option(),
            owner_name: self.owner_name.into_option(),
            product: self.product.into_option(),
            cash_account_type: self.cash_account_type.into_option(),
            usage: usage(self.usage),
            servicer_bic: self.bic.into_option(),
            status: status(self.status),
        };
        Ok(Some(BankAccount { resource_id, details }))
    }
}

fn usage(code: Text) -> Option<Usage> {
    match code.into_option()?.as_str() {
        "PRIV" => Some(Usage::Private),
        "ORGA" => Some(Usage::Organisation),
        _ => None,
    }
}

/// The standard reads absence as enabled. A word that it does not have is read so too: whether the account can be
/// used shows when it is read.
fn status(word: Text) -> AccountStatus {
    match word.into_option().as_deref() {
        Some("blocked") => AccountStatus::Blocked,
        Some("deleted") => AccountStatus::Deleted,
        _ => AccountStatus::Enabled,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        domain::secret::SecretString,
        protocol::berlin_group::fixtures::{BACKGROUND, REQUEST_ID, answer, bank},
    };

    fn listed(accounts: &Value) -> Result<Vec<BankAccount>, AnswerError> {
        read_answer(REQUEST_ID, &answer(200, &json!({ "accounts": accounts })))
    }

    #[test]
    fn asks_under_the_consent() {
        let consent = SecretString::from("c-1");
        let request = read(&bank(), &CallHeaders { consent_id: Some(&consent), ..BACKGROUND }).unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("GET", "https://api.bank.example/psd2/v1/accounts")
        );
        assert_eq!((&request.headers["consent-id"], request.body), (&"c-1".parse().unwrap(), None));
    }

    #[test]
    fn reads_everything_that_the_model_has() {
        let account = json!({
            "resourceId": "a-1", "iban": "DE23 1001 0010 1234 5678 9", "currency": "EUR", "name": "Main",
            "displayName": "Holiday", "ownerName": "Heike Mustermann", "product": "Girokonto", "cashAccountType": "CACC",
            "usage": "PRIV", "bic": "BANKDEFF", "status": "blocked", "details": "", "ownerAddressUnstructured": [],
        });
        let accounts = listed(&json!([account])).unwrap();
        assert_eq!(accounts[0].resource_id, "a-1");
        insta::assert_json_snapshot!(accounts[0].details, @r#"
        {
          "identification": [
            {
              "scheme": "IBAN",
              "value": "DE2310010010123456789"
            }
          ],
          "currency": "EUR",
          "name": "Main",
          "display_name": "Holiday",
          "owner_name": "Heike Mustermann",
          "product": "Girokonto",
          "cash_account_type": "CACC",
          "usage": "PRIV",
          "servicer_bic": "BANKDEFF",
          "status": "blocked"
        }
        "#);
    }

    #[test]
    fn absence_and_unknown_words_are_harmless() {
        let accounts =
            listed(&json!([{"resourceId": "a-1", "currency": "EUR", "usage": "X", "status": "dormant", "name": ""}]));
        let details = accounts.unwrap().remove(0).details;
        assert_eq!((details.usage, details.status, details.name), (None, AccountStatus::Enabled, None));
        assert!(details.identification.is_empty());
    }

    #[test]
    fn reads_whose_an_account_is_and_whether_it_can_be_used() {
        let read = |usage: &str, status: &str| {
            let account = json!({"resourceId": "a-1", "currency": "EUR", "usage": usage, "status": status});
            let details = listed(&json!([account])).unwrap().remove(0).details;
            (details.usage, details.status)
        };
        assert_eq!(read("ORGA", "deleted"), (Some(Usage::Organisation), AccountStatus::Deleted));
        assert_eq!(read("PRIV", "enabled"), (Some(Usage::Private), AccountStatus::Enabled));
    }

    #[test]
    fn an_account_that_has_no_resource_is_left_out() {
        let accounts = listed(&json!([{"iban": "DE1", "currency": "EUR"}, {"resourceId": "a-2", "currency": "EUR"}]));
        let ids: Vec<_> = accounts.unwrap().into_iter().map(|account| account.resource_id).collect();
        assert_eq!(ids, ["a-2"]);
    }

    #[test]
    fn no_accounts_is_a_list_and_no_list_is_an_error() {
        assert!(listed(&json!([])).unwrap().is_empty());
        for bad in [json!(null), json!({}), json!([["a-1", "EUR"]]), json!([null]), json!([{"resourceId": "a-1"}])] {
            assert!(matches!(listed(&bad), Err(AnswerError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn the_response_is_left_for_whoever_passes_it_on() {
        let response = answer(200, &json!({"accounts": []}));
        let before = response.body.clone();
        assert!(read_answer(REQUEST_ID, &response).is_ok());
        assert_eq!(response.body, before);
    }
}
