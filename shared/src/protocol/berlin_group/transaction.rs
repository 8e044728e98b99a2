//! One transaction, from the bank's words into the hub's (`transactions`).

use serde::Deserialize;

use super::{
    balances::WireBalance,
    direction::direction,
    errors::MalformedAnswer,
    money::{Money, WireMoney},
    references::WireReference,
    strict_json::Object,
    wire::Text,
};
use crate::domain::{
    account::{Counterparty, Identification, Transaction, TransactionStatus},
    amount::CreditDebit,
};

/// A transaction as it comes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireTransaction {
    transaction_id: Text,
    entry_reference: Text,
    end_to_end_id: Text,
    mandate_id: Text,
    creditor_id: Text,
    booking_date: Text,
    value_date: Text,
    transaction_amount: Option<Object<WireMoney>>,
    creditor_name: Text,
    creditor_account: Option<Object<WireReference>>,
    creditor_agent: Text,
    debtor_name: Text,
    debtor_account: Option<Object<WireReference>>,
    debtor_agent: Text,
    remittance_information_unstructured: Text,
    remittance_information_unstructured_array: Option<Vec<Text>>,
    remittance_information_structured: Option<WireRemittance>,
    remittance_information_structured_array: Option<Vec<WireRemittance>>,
    bank_transaction_code: Text,
    proprietary_bank_transaction_code: Text,
    purpose_code: Text,
    balance_after_transaction: Option<Object<WireBalance>>,
}

/// A structured reference: a text, or (in the list, and at some banks everywhere) an object around it.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireRemittance {
    Bare(String),
    Named(Object<WireNamedReference>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireNamedReference {
    reference: Text,
}

impl WireRemittance {
    fn into_option(self) -> Option<String> {
        match self {
            Self::Bare(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Self::Named(Object(named)) => named.reference.into_option(),
        }
    }
}

impl WireTransaction {
    /// The transaction on the account of these names.
    pub(super) fn into_transaction(
        self,
        status: TransactionStatus,
        own: &[Identification],
    ) -> Result<Transaction, MalformedAnswer> {
        let money = Money::read("transactionAmount", self.transaction_amount)?;
        let creditor = party(self.creditor_name, self.creditor_account, self.creditor_agent);
        let debtor = party(self.debtor_name, self.debtor_account, self.debtor_agent);
        let direction = direction(money.sign, &creditor, &debtor, own);
        let unstructured = self.remittance_information_unstructured_array.into_iter().flatten();
        let structured = self.remittance_information_structured_array.into_iter().flatten();
        Ok(Transaction {
            id: self.transaction_id.into_option(),
            entry_reference: self.entry_reference.into_option(),
            status,
            credit_debit: direction.credit_debit,
            direction_inferred: direction.inferred,
            amount: money.amount,
            currency: money.currency,
            booking_date: self.booking_date.date("bookingDate")?,
            value_date: self.value_date.date("valueDate")?,
            end_to_end_id: self.end_to_end_id.into_option(),
            mandate_id: self.mandate_id.into_option(),
            creditor_id: self.creditor_id.into_option(),
            counterparty: match direction.credit_debit {
                CreditDebit::Debit => creditor,
                CreditDebit::Credit => debtor,
            },
            remittance_unstructured: distinct(
                self.remittance_information_unstructured.into_option(),
                unstructured.filter_map(Text::into_option),
            ),
            remittance_structured: distinct(
                self.remittance_information_structured.and_then(WireRemittance::into_option),
                structured.filter_map(WireRemittance::into_option),
            ),
            bank_transaction_code: self.bank_transaction_code.into_option(),
            proprietary_code: self.proprietary_bank_transaction_code.into_option(),
            purpose: self.purpose_code.into_option(),
            balance_after: self.balance_after_transaction.map(|Object(balance)| balance.into_balance()).transpose()?,
        })
    }
}

fn party(name: Text, account: Option<Object<WireReference>>, agent: Text) -> Counterparty {
    let names = account.map(|Object(reference)| reference.into_identifications()).unwrap_or_default();
    Counterparty { name: name.into_option(), account: names.into_iter().next(), agent_bic: agent.into_option() }
}

/// The single text and the list. Banks that send both repeat the text as the head of the list.
fn distinct(single: Option<String>, list: impl Iterator<Item = String>) -> Vec<String> {
    let list: Vec<_> = list.collect();
    let repeated = single.is_some() && single.as_ref() == list.first();
    single.filter(|_| !repeated).into_iter().chain(list).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::account::Scheme;

    fn read(extra: &Value) -> Result<Transaction, MalformedAnswer> {
        let mut record = json!({"transactionAmount": {"amount": "10.00", "currency": "EUR"}});
        record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let wire: WireTransaction = serde_json::from_value(record).unwrap();
        wire.into_transaction(
            TransactionStatus::Booked,
            &[Identification { scheme: Scheme::Iban, value: "OWN".to_owned() }],
        )
    }

    #[test]
    fn reads_everything_that_the_model_has() {
        let record = read(&json!({
            "transactionId": "t-1", "entryReference": "e-1", "endToEndId": "x-1", "mandateId": "m-1", "creditorId": "DE98",
            "bookingDate": "2017-10-25", "valueDate": "2017-10-26", "creditorName": "John Miles",
            "creditorAccount": {"iban": "DE67100100101306118605"}, "creditorAgent": "BANKDEFF", "debtorName": "Me",
            "debtorAccount": {"iban": "own"}, "remittanceInformationUnstructured": "Example",
            "remittanceInformationStructured": "RF18", "bankTransactionCode": "PMNT-RDDT-ESDD",
            "proprietaryBankTransactionCode": "NTRF+1", "purposeCode": "BKDF",
            "balanceAfterTransaction": {"balanceType": "interimBooked", "balanceAmount": {"amount": "-1", "currency": "EUR"}},
        }));
        insta::assert_json_snapshot!(record.unwrap(), @r#"
        {
          "id": "t-1",
          "entry_reference": "e-1",
          "status": "BOOK",
          "credit_debit": "DBIT",
          "amount": "10.00",
          "currency": "EUR",
          "booking_date": "2017-10-25",
          "value_date": "2017-10-26",
          "end_to_end_id": "x-1",
          "mandate_id": "m-1",
          "creditor_id": "DE98",
          "counterparty": {
            "name": "John Miles",
            "account": {
              "scheme": "IBAN",
              "value": "DE67100100101306118605"
            },
            "agent_bic": "BANKDEFF"
          },
          "remittance_unstructured": [
            "Example"
          ],
          "remittance_structured": [
            "RF18"
          ],
          "bank_transaction_code": "PMNT-RDDT-ESDD",
          "proprietary_code": "NTRF+1",
          "purpose": "BKDF",
          "balance_after": {
            "type": "ITBD",
            "amount": "1",
            "currency": "EUR",
            "credit_debit": "DBIT"
          }
        }
        "#);
    }

    #[test]
    fn the_counterparty_is_the_other_side() {
        let both = json!({"creditorName": "C", "debtorName": "D", "creditorAccount": {"iban": "OWN"}});
        assert_eq!(read(&both).unwrap().counterparty.name.as_deref(), Some("D"));
        let blank = read(&json!({"creditorName": "", "debtorName": "D"})).unwrap();
        assert_eq!((blank.credit_debit, blank.direction_inferred), (CreditDebit::Credit, false));
    }

    #[test]
    fn a_direction_that_nothing_tells_is_marked() {
        let record = read(&json!({"creditorName": "C", "debtorName": "D"})).unwrap();
        assert!(record.direction_inferred);
        assert_eq!(record.credit_debit, CreditDebit::Credit);
    }

    #[test]
    fn remittance_comes_in_every_form_and_once() {
        let record = read(&json!({
            "remittanceInformationUnstructured": "a",
            "remittanceInformationUnstructuredArray": ["a", "", "b"],
            "remittanceInformationStructured": {"reference": "RF1"},
            "remittanceInformationStructuredArray": [{"reference": "RF2", "referenceType": "SCOR"}, "RF3", {}, " "],
        }))
        .unwrap();
        assert_eq!(record.remittance_unstructured, ["a", "b"]);
        assert_eq!(record.remittance_structured, ["RF1", "RF2", "RF3"]);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_guessed() {
        for (bad, why) in [
            (json!({"transactionAmount": null}), MalformedAnswer::Missing("transactionAmount")),
            (
                json!({"transactionAmount": {"amount": "x", "currency": "EUR"}}),
                MalformedAnswer::Invalid("transactionAmount"),
            ),
            (json!({"bookingDate": "25.10.2017"}), MalformedAnswer::Invalid("bookingDate")),
            (json!({"valueDate": "2017-13-01"}), MalformedAnswer::Invalid("valueDate")),
            (json!({"balanceAfterTransaction": {}}), MalformedAnswer::Missing("balanceAmount")),
        ] {
            assert_eq!(read(&bad), Err(why));
        }
    }
}
