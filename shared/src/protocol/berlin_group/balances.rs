//! The balances of an account (Berlin Group 1.3.11, `getBalances`).

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, accounts, answers,
    endpoints::{self, bodiless},
    errors::{AnswerError, MalformedAnswer, UnsendableRequest},
    headers::CallHeaders,
    money::{Money, WireMoney},
    records::RecordReader,
    references::{KnownAccount, WireReference},
    strict_json::Object,
    wire::{Quotable, Text},
};
use crate::domain::{
    account::{AccountKind, Balance},
    bank::Bank,
    data_profile::{BalanceSource, DateRules},
};

/// ISO 20022 codes of the standard's balance types, and of two misprints that stand in published documents.
const ISO_CODES: [(&str, &str); 9] = [
    ("closingBooked", "CLBD"),
    ("expected", "XPCD"),
    ("openingBooked", "OPBD"),
    ("interimAvailable", "ITAV"),
    ("interimBooked", "ITBD"),
    ("forwardAvailable", "FWAV"),
    ("nonInvoiced", "X-NONINVOICED"),
    ("CLBS", "CLBD"),
    ("XPCH", "XPCD"),
];

/// Asks for the balances of an account, where this bank has them.
pub fn read(
    bank: &Bank,
    account: KnownAccount<'_>,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let url = match bank.data.balances.source {
        BalanceSource::BalancesCall => endpoints::of(bank, operation(account.kind), &account.ids())?,
        BalanceSource::AccountCall => {
            let mut url = accounts::address(bank, account)?;
            url.query_pairs_mut().append_pair("withBalance", "true");
            url
        }
    };
    bodiless(operation(account.kind), Method::GET, url, headers)
}

/// The balances, in the bank's order.
pub fn read_answer(
    bank: &Bank,
    account: KnownAccount<'_>,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<Vec<Balance>, AnswerError> {
    if bank.data.balances.source == BalanceSource::AccountCall {
        let found = accounts::read_one_answer(bank, account, request_id, response)?;
        return Ok(found.balances.ok_or(MalformedAnswer::Missing("balances"))?);
    }
    let wire: WireBalances<'_> = answers::data(bank, operation(account.kind), request_id, response)?;
    account.confirmed_by(wire.account.or(wire.card_account))?;
    let account = account.told(wire.debit_accounting);
    let reader = RecordReader { profile: &bank.data, body: &response.body };
    let inverted = account.has_positive_debits();
    let records = wire.balances.ok_or(MalformedAnswer::Missing("balances"))?;
    let balances = records.into_iter().map(|one| record(reader, inverted, one));
    Ok(balances.collect::<Result<_, MalformedAnswer>>()?)
}

/// What reads the balances of an account of that kind.
const fn operation(kind: AccountKind) -> Operation {
    match kind {
        AccountKind::Payment => Operation::Balances,
        AccountKind::Card => Operation::CardBalances,
    }
}

/// One balance.
pub(super) fn record(
    reader: RecordReader<'_>,
    debits_are_positive: bool,
    record: &RawValue,
) -> Result<Balance, MalformedAnswer> {
    let balance: WireBalance = reader.read(record)?;
    let raw = Some(reader.keep(record));
    Ok(Balance { raw, ..balance.into_balance(&reader.profile.dates, debits_are_positive)? })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireBalances<'a> {
    account: Option<Object<WireReference>>,
    card_account: Option<Object<WireReference>>,
    debit_accounting: Option<Quotable<bool>>,
    #[serde(borrow)]
    balances: Option<Vec<&'a RawValue>>,
}

/// `balance`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireBalance {
    balance_type: Text,
    balance_amount: Option<Object<WireMoney>>,
    credit_limit_included: Option<Quotable<bool>>,
    reference_date: Text,
    last_change_date_time: Text,
    last_committed_transaction: Text,
}

impl WireBalance {
    /// The balance in the hub's words, without its record.
    pub(super) fn into_balance(self, dates: &DateRules, debits_are_positive: bool) -> Result<Balance, MalformedAnswer> {
        let money = Money::read("balanceAmount", self.balance_amount)?;
        Ok(Balance {
            kind: iso_code(self.balance_type.required("balanceType")?),
            credit_debit: money.side(debits_are_positive),
            amount: money.amount,
            currency: money.currency,
            credit_limit_included: self.credit_limit_included.map(|included| included.0),
            reference_date: self.reference_date.day("referenceDate", dates)?,
            last_change: self.last_change_date_time.instant("lastChangeDateTime")?,
            last_committed_transaction: self.last_committed_transaction.into_option(),
            raw: None,
        })
    }
}

/// The ISO code of a balance type; a type that has none stays as the bank wrote it.
fn iso_code(kind: String) -> String {
    ISO_CODES.iter().find(|(name, _)| *name == kind).map_or(kind, |(_, code)| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        domain::account::{Identification, Scheme},
        protocol::berlin_group::fixtures::{BACKGROUND, REQUEST_ID, answer, bank},
    };

    const ACCOUNT: KnownAccount<'static> = KnownAccount::nameless("a/1");

    fn told(balances: &Value) -> Result<Vec<Balance>, AnswerError> {
        read_answer(&bank(), ACCOUNT, REQUEST_ID, &answer(200, &json!({ "balances": balances })))
    }

    fn balance(kind: &str, amount: &str) -> Value {
        json!({"balanceType": kind, "balanceAmount": {"amount": amount, "currency": "EUR"}})
    }

    #[test]
    fn asks_for_the_balances_of_the_account() {
        let url = read(&bank(), ACCOUNT, &BACKGROUND).unwrap().url;
        assert_eq!(url.as_str(), "https://api.bank.example/psd2/v1/accounts/a%2F1/balances");
    }

    #[test]
    fn reads_everything_that_the_model_has() {
        let mut overdrawn = balance("interimAvailable", "-12.30");
        overdrawn.as_object_mut().unwrap().extend([
            ("creditLimitIncluded".to_owned(), json!("true")),
            ("referenceDate".to_owned(), json!("2017-10-25")),
            ("lastChangeDateTime".to_owned(), json!("2017-10-25T15:30:35.035Z")),
            ("lastCommittedTransaction".to_owned(), json!("t-9")),
        ]);
        let mut balances = told(&json!([&overdrawn])).unwrap();
        let raw = balances[0].raw.take().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(raw.as_bytes()).unwrap(), overdrawn);
        insta::assert_json_snapshot!(balances, @r#"
        [
          {
            "type": "ITAV",
            "amount": "12.30",
            "currency": "EUR",
            "credit_debit": "DBIT",
            "credit_limit_included": true,
            "reference_date": "2017-10-25",
            "last_change": "2017-10-25T15:30:35.035Z",
            "last_committed_transaction": "t-9"
          }
        ]
        "#);
    }

    #[test]
    fn types_become_iso_codes_and_unknown_ones_stay() {
        for (kind, code) in ISO_CODES.into_iter().chain([("CLAV", "CLAV"), ("holdings", "holdings")]) {
            assert_eq!(told(&json!([balance(kind, "1")])).unwrap()[0].kind, code);
        }
    }

    #[test]
    fn one_bad_record_spoils_the_answer() {
        for bad in [
            balance("expected", "1,00"),
            balance("", "1"),
            json!({"balanceType": "expected"}),
            json!({"balanceType": "expected", "balanceAmount": ["1", "EUR"]}),
            json!({"balanceType": "expected", "balanceAmount": {"amount": 1, "currency": "EUR"}}),
            json!({"balanceType": "expected", "balanceAmount": {"amount": "1", "currency": "EUR"}, "referenceDate": "x"}),
        ] {
            let judged = told(&json!([balance("expected", "1"), bad]));
            assert!(matches!(judged, Err(AnswerError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn the_balances_of_another_account_are_not_taken() {
        let iban = |value: &str| Identification { scheme: Scheme::Iban, value: value.to_owned() };
        let response = answer(200, &json!({"account": {"iban": "DE1"}, "balances": []}));
        let judge = |names: &[Identification]| {
            read_answer(
                &bank(),
                KnownAccount { identification: names, ..KnownAccount::nameless("a-1") },
                REQUEST_ID,
                &response,
            )
        };
        assert!(judge(&[iban("DE1")]).is_ok());
        assert!(matches!(judge(&[iban("DE2")]), Err(AnswerError::WrongAnswer)));
    }

    #[test]
    fn asks_the_account_itself_where_balances_stand_with_it() {
        let mut bank = bank();
        bank.data.balances.source = BalanceSource::AccountCall;
        let url = read(&bank, ACCOUNT, &BACKGROUND).unwrap().url;
        assert_eq!(url.as_str(), "https://api.bank.example/psd2/v1/accounts/a%2F1?withBalance=true");
        let judge =
            |account: Value| read_answer(&bank, ACCOUNT, REQUEST_ID, &answer(200, &json!({"account": account})));
        let told = judge(json!({"resourceId": "a/1", "currency": "EUR", "balances": [balance("expected", "1")]}));
        assert_eq!(told.unwrap()[0].kind, "XPCD");
        let silent = judge(json!({"resourceId": "a/1", "currency": "EUR"}));
        assert!(matches!(silent, Err(AnswerError::Malformed(MalformedAnswer::Missing("balances")))));
    }

    #[test]
    fn a_card_s_balances_are_asked_for_among_the_cards() {
        let card = KnownAccount { kind: AccountKind::Card, debit_accounting: Some(true), ..ACCOUNT };
        let url = read(&bank(), card, &BACKGROUND).unwrap().url;
        assert_eq!(url.as_str(), "https://api.bank.example/psd2/v1/card-accounts/a%2F1/balances");
        let response = answer(200, &json!({"cardAccount": {}, "balances": [balance("interimBooked", "10")]}));
        let owed = read_answer(&bank(), card, REQUEST_ID, &response).unwrap();
        assert_eq!(owed[0].credit_debit, crate::domain::amount::CreditDebit::Debit);
        let told = answer(200, &json!({"debitAccounting": "false", "balances": [balance("interimBooked", "10")]}));
        let held = read_answer(&bank(), card, REQUEST_ID, &told).unwrap();
        assert_eq!(held[0].credit_debit, crate::domain::amount::CreditDebit::Credit, "the answer itself knows best");
    }
}
