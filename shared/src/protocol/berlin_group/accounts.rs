//! Accounts: the lists of accounts and of card accounts, and one of them (Berlin Group 1.3.11, `getAccountList`,
//! `getCardAccount`, `readAccountDetails`, `readCardAccount`).

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, answers, balances,
    endpoints::{self, Ids, bodiless, resource},
    errors::{AnswerError, MalformedAnswer, UnsendableRequest},
    headers::CallHeaders,
    money::{Money, WireMoney, currency},
    records::RecordReader,
    references::{KnownAccount, WireReference},
    strict_json::Object,
    wire::{Quotable, Text},
};
use crate::domain::{
    account::{AccountDetails, AccountKind, AccountStatus, BankAccount, Usage},
    bank::Bank,
};

/// Asks for the accounts of that kind that the consent opens, with their balances if wanted.
pub fn read(
    bank: &Bank,
    kind: AccountKind,
    with_balances: bool,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    get(operation(kind), endpoints::of(bank, operation(kind), &Ids::default())?, with_balances, headers)
}

/// What lists the accounts of that kind.
const fn operation(kind: AccountKind) -> Operation {
    match kind {
        AccountKind::Payment => Operation::Accounts,
        AccountKind::Card => Operation::CardAccounts,
    }
}

/// The accounts. One without `resourceId` has no data to read (the standard makes the id conditional on that) and is
/// left out.
pub fn read_answer(
    bank: &Bank,
    kind: AccountKind,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<Vec<BankAccount>, AnswerError> {
    let wire: WireAccounts<'_> = answers::data(bank, operation(kind), request_id, response)?;
    let (name, list) = match kind {
        AccountKind::Payment => ("accounts", wire.accounts),
        AccountKind::Card => ("cardAccounts", wire.card_accounts),
    };
    let reader = RecordReader { profile: &bank.data, body: &response.body };
    let records = list.ok_or(MalformedAnswer::Missing(name))?;
    let accounts = records.into_iter().filter_map(|record| account(reader, kind, record).transpose());
    Ok(accounts.collect::<Result<_, MalformedAnswer>>()?)
}

/// Asks for one account, with its balances if wanted.
pub fn read_one(
    bank: &Bank,
    account: KnownAccount<'_>,
    with_balances: bool,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    get(Operation::Account, address(bank, account)?, with_balances, headers)
}

/// Where one account is.
pub(super) fn address(bank: &Bank, account: KnownAccount<'_>) -> Result<Url, UnsendableRequest> {
    match account.kind {
        AccountKind::Payment => endpoints::of(bank, Operation::Account, &account.ids()),
        // No operation of its own: banks' documents cannot move it.
        AccountKind::Card => resource(bank, &["card-accounts", account.resource_id]),
    }
}

/// The account that was asked for; an answer about another one is not taken. Under the handle that it was asked by,
/// whether the answer repeats that or not.
pub fn read_one_answer(
    bank: &Bank,
    known: KnownAccount<'_>,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<BankAccount, AnswerError> {
    let wire: WireAccounts<'_> = answers::data(bank, Operation::Account, request_id, response)?;
    let (name, record) = match known.kind {
        AccountKind::Payment => ("account", wire.account),
        AccountKind::Card => ("cardAccount", wire.card_account),
    };
    let record = record.ok_or(MalformedAnswer::Missing(name))?;
    let reader = RecordReader { profile: &bank.data, body: &response.body };
    let wire: WireAccount = reader.read(record)?;
    if wire.resource_id.is_other_than(known.resource_id) {
        return Err(AnswerError::WrongAnswer);
    }
    let found = wire.into_account(reader, known.kind, record, known.resource_id.to_owned())?;
    known.confirmed_by_names(&found.details.identification)?;
    Ok(found)
}

fn get(
    operation: Operation,
    mut url: Url,
    with_balances: bool,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    if with_balances {
        url.query_pairs_mut().append_pair("withBalance", "true");
    }
    bodiless(operation, Method::GET, url, headers)
}

fn account(
    reader: RecordReader<'_>,
    kind: AccountKind,
    record: &RawValue,
) -> Result<Option<BankAccount>, MalformedAnswer> {
    let wire: WireAccount = reader.read(record)?;
    let Some(resource_id) = wire.resource_id.as_option().map(str::to_owned) else { return Ok(None) };
    wire.into_account(reader, kind, record, resource_id).map(Some)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireAccounts<'a> {
    #[serde(borrow)]
    accounts: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    card_accounts: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    account: Option<&'a RawValue>,
    #[serde(borrow)]
    card_account: Option<&'a RawValue>,
}

/// `accountDetails` and `cardAccountDetails` in one.
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
    linked_accounts: Text,
    details: Text,
    credit_limit: Option<Object<WireMoney>>,
    debit_accounting: Option<Quotable<bool>>,
    balances: Option<Vec<Box<RawValue>>>,
}

impl WireAccount {
    fn into_account(
        self,
        reader: RecordReader<'_>,
        kind: AccountKind,
        record: &RawValue,
        resource_id: String,
    ) -> Result<BankAccount, MalformedAnswer> {
        let debit_accounting = self.debit_accounting.map(|flag| flag.0);
        let inverted = kind == AccountKind::Card && debit_accounting == Some(true);
        let balances =
            self.balances.map(|list| list.iter().map(|one| balances::record(reader, inverted, one)).collect());
        let details = AccountDetails {
            kind,
            identification: self.reference.into_identifications(),
            currency: currency(self.currency)?,
            name: self.name.into_option(),
            display_name: self.display_name.into_option(),
            owner_name: self.owner_name.into_option(),
            product: self.product.into_option(),
            cash_account_type: self.cash_account_type.into_option(),
            usage: usage(self.usage),
            servicer_bic: self.bic.into_option(),
            linked_accounts: self.linked_accounts.into_option(),
            description: self.details.into_option(),
            credit_limit: Money::unsigned("creditLimit", self.credit_limit)?,
            debit_accounting,
            status: status(self.status),
        };
        Ok(BankAccount { resource_id, details, balances: balances.transpose()?, raw: reader.keep(record) })
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
        domain::{
            account::{Identification, Scheme},
            secret::SecretString,
        },
        protocol::berlin_group::fixtures::{BACKGROUND, REQUEST_ID, answer, bank, raw_answer},
    };

    fn listed(accounts: &Value) -> Result<Vec<BankAccount>, AnswerError> {
        read_answer(&bank(), AccountKind::Payment, REQUEST_ID, &answer(200, &json!({ "accounts": accounts })))
    }

    #[test]
    fn asks_under_the_consent() {
        let consent = SecretString::from("c-1");
        let request =
            read(&bank(), AccountKind::Payment, false, &CallHeaders { consent_id: Some(&consent), ..BACKGROUND })
                .unwrap();
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
            "linkedAccounts": "cash",
        });
        let accounts = listed(&json!([account])).unwrap();
        assert_eq!(accounts[0].resource_id, "a-1");
        insta::assert_json_snapshot!(accounts[0].details, @r#"
        {
          "kind": "payment",
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
          "linked_accounts": "cash",
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
        assert!(read_answer(&bank(), AccountKind::Payment, REQUEST_ID, &response).is_ok());
        assert_eq!(response.body, before);
    }

    #[test]
    fn lists_cards_as_accounts_of_another_kind() {
        let url = read(&bank(), AccountKind::Card, true, &BACKGROUND).unwrap().url;
        assert_eq!(url.as_str(), "https://api.bank.example/psd2/v1/card-accounts?withBalance=true");
        let card = json!({
            "resourceId": "c-1", "maskedPan": "525412******3241", "currency": "EUR", "debitAccounting": "true",
            "creditLimit": {"amount": "15000", "currency": "EUR"},
            "balances": [{"balanceType": "interimBooked", "balanceAmount": {"amount": "14355.78", "currency": "EUR"}}],
        });
        let response = answer(200, &json!({"cardAccounts": [card]}));
        let found = read_answer(&bank(), AccountKind::Card, REQUEST_ID, &response).unwrap().remove(0);
        assert_eq!((found.details.kind, found.details.debit_accounting), (AccountKind::Card, Some(true)));
        assert_eq!(found.details.credit_limit.unwrap().amount.to_string(), "15000");
        let balances = found.balances.unwrap();
        assert_eq!(
            balances[0].credit_debit,
            crate::domain::amount::CreditDebit::Debit,
            "what is owed is positive here"
        );
        let other_list = read_answer(&bank(), AccountKind::Payment, REQUEST_ID, &response);
        assert!(matches!(other_list, Err(AnswerError::Malformed(MalformedAnswer::Missing("accounts")))));
    }

    #[test]
    fn reads_the_one_account_that_was_asked_for_and_no_other() {
        let names = [Identification { scheme: Scheme::Iban, value: "DE1".to_owned() }];
        let known = KnownAccount { identification: &names, ..KnownAccount::nameless("a/1") };
        let url = read_one(&bank(), known, false, &BACKGROUND).unwrap().url;
        assert_eq!(url.as_str(), "https://api.bank.example/psd2/v1/accounts/a%2F1");
        let judge =
            |account: Value| read_one_answer(&bank(), known, REQUEST_ID, &answer(200, &json!({"account": account})));
        assert_eq!(judge(json!({"iban": "DE1", "currency": "EUR"})).unwrap().resource_id, "a/1");
        assert!(judge(json!({"resourceId": "a/1", "currency": "EUR"})).is_ok());
        for other in [json!({"resourceId": "a/2", "currency": "EUR"}), json!({"iban": "DE2", "currency": "EUR"})] {
            assert!(matches!(judge(other), Err(AnswerError::WrongAnswer)));
        }
        assert!(matches!(judge(json!(null)), Err(AnswerError::Malformed(_))));
    }

    #[test]
    fn keeps_each_record_as_the_bank_wrote_it() {
        let body = br#"{"accounts":[{"resourceId":"a-1","currency":"EUR","x" : 1.10}]}"#;
        let response = raw_answer(200, "application/json", body);
        let found = read_answer(&bank(), AccountKind::Payment, REQUEST_ID, &response).unwrap();
        assert_eq!(found[0].raw.as_bytes(), br#"{"resourceId":"a-1","currency":"EUR","x" : 1.10}"#);
    }

    #[test]
    fn takes_what_this_bank_calls_json_and_mends_its_spelling() {
        let mut bank = bank();
        bank.data = toml::from_str(
            r#"renames = [{ from = "recourceId", to = "resourceId" }]
            values = [{ member = "status", from = "GESPERRT", to = "blocked" }]"#,
        )
        .unwrap();
        bank.operations.every.accept = Some(http::HeaderValue::from_static("text/plain"));
        let body = br#"{"accounts":[{"recourceId":"a-1","currency":"EUR","status":"GESPERRT"}]}"#;
        let found = read_answer(&bank, AccountKind::Payment, REQUEST_ID, &raw_answer(200, "text/plain", body)).unwrap();
        assert_eq!((found[0].resource_id.as_str(), found[0].details.status), ("a-1", AccountStatus::Blocked));
    }
}
