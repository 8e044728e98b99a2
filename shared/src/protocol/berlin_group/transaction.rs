//! One transaction, from the bank's words into the hub's (`transactions`, `cardTransaction`).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    balances::WireBalance,
    direction::direction,
    errors::MalformedAnswer,
    money::{Money, WireMoney},
    records::RecordReader,
    references::{KnownAccount, WireReference},
    strict_json::Object,
    transaction_parts::{
        WireCard, WireExchanges, WireInformation, WireRemittance, batch, booking_date, distinct, party, stripped,
    },
    wire::{Quotable, Text},
};
use crate::domain::{
    account::{AccountKind, BankTransaction, Identification, TransactionDetails, TransactionStatus},
    amount::CreditDebit,
    data_profile::RemittanceSource,
};

/// The account that transactions are read for.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// How records are read.
    pub(super) reader: RecordReader<'a>,
    /// The account.
    pub(super) account: KnownAccount<'a>,
    /// All its names, those that the answer told included.
    pub(super) own: &'a [Identification],
}

/// The transaction of a record in the list of that status.
pub(super) fn transaction(
    context: Context<'_>,
    status: TransactionStatus,
    record: &RawValue,
) -> Result<BankTransaction, MalformedAnswer> {
    let wire: WireTransaction = context.reader.read(record)?;
    let mut details = wire.into_details(context, status)?;
    if context.account.kind == AccountKind::Card {
        let card: WireCard = context.reader.read(record)?;
        card.add_to(&mut details, context.reader.profile)?;
    }
    let remittance = &context.reader.profile.remittance;
    details.remittance_unstructured =
        details.remittance_unstructured.into_iter().filter_map(|text| stripped(text, remittance)).collect();
    Ok(BankTransaction { details, raw: context.reader.keep(record) })
}

/// A transaction as it comes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTransaction {
    transaction_id: Text,
    entry_reference: Text,
    end_to_end_id: Text,
    batch_indicator: Option<Quotable<bool>>,
    batch_number_of_transactions: Option<Quotable<u32>>,
    mandate_id: Text,
    check_id: Text,
    creditor_id: Text,
    booking_date: Text,
    value_date: Text,
    transaction_date: Text,
    transaction_amount: Option<Object<WireMoney>>,
    currency_exchange: WireExchanges,
    creditor_name: Text,
    creditor_account: Option<Object<WireReference>>,
    creditor_agent: Text,
    ultimate_creditor: Text,
    debtor_name: Text,
    debtor_account: Option<Object<WireReference>>,
    debtor_agent: Text,
    ultimate_debtor: Text,
    remittance_information_unstructured: Text,
    remittance_information_unstructured_array: Option<Vec<Text>>,
    remittance_information_structured: Option<WireRemittance>,
    remittance_information_structured_array: Option<Vec<WireRemittance>>,
    additional_information: Text,
    additional_information_structured: Option<Object<WireInformation>>,
    bank_transaction_code: Text,
    proprietary_bank_transaction_code: Text,
    purpose_code: Text,
    balance_after_transaction: Option<Object<WireBalance>>,
}

impl WireTransaction {
    /// The transaction on the account of the context.
    fn into_details(
        self,
        context: Context<'_>,
        status: TransactionStatus,
    ) -> Result<TransactionDetails, MalformedAnswer> {
        let profile = context.reader.profile;
        let signs = context.account.signs(profile.amounts);
        let money = Money::read("transactionAmount", self.transaction_amount)?;
        let creditor = party(self.creditor_name, self.creditor_account, self.creditor_agent);
        let debtor = party(self.debtor_name, self.debtor_account, self.debtor_agent);
        let direction = direction((money.sign, signs), &creditor, &debtor, context.own);
        let (counterparty, ultimate_counterparty) = match direction.credit_debit {
            CreditDebit::Debit => (creditor, self.ultimate_creditor),
            CreditDebit::Credit => (debtor, self.ultimate_debtor),
        };
        let unstructured = self.remittance_information_unstructured_array.into_iter().flatten();
        let structured = self.remittance_information_structured_array.into_iter().flatten();
        let unstructured = distinct(
            self.remittance_information_unstructured.into_option(),
            unstructured.filter_map(Text::into_option),
        );
        let structured = distinct(
            self.remittance_information_structured.and_then(WireRemittance::into_option),
            structured.filter_map(WireRemittance::into_option),
        );
        let additional_information = self.additional_information.into_option();
        let end_to_end_id = self.end_to_end_id.into_option();
        let said = |source: &RemittanceSource| match source {
            RemittanceSource::Unstructured => unstructured.clone(),
            RemittanceSource::Structured => structured.clone(),
            RemittanceSource::AdditionalInformation => additional_information.iter().cloned().collect(),
            RemittanceSource::EndToEndId => end_to_end_id.iter().cloned().collect(),
        };
        let remittance = profile.remittance.sources.iter().map(said).find(|texts| !texts.is_empty());
        let dates = &profile.dates;
        let [booking, value, made] = [
            self.booking_date.day("bookingDate", dates)?,
            self.value_date.day("valueDate", dates)?,
            self.transaction_date.day("transactionDate", dates)?,
        ];
        let inverted = context.account.has_positive_debits();
        let after = self.balance_after_transaction.map(|Object(balance)| balance.into_balance(dates, inverted));
        Ok(TransactionDetails {
            bank_id: self.transaction_id.into_option(),
            entry_reference: self.entry_reference.into_option(),
            status,
            credit_debit: direction.credit_debit,
            direction_inferred: direction.inferred,
            amount: money.amount,
            currency: money.currency,
            booking_date: booking_date(dates, status, booking, value, made),
            value_date: value,
            transaction_date: made,
            end_to_end_id,
            mandate_id: self.mandate_id.into_option(),
            creditor_id: self.creditor_id.into_option(),
            check_id: self.check_id.into_option(),
            batch_transactions: batch(self.batch_indicator, self.batch_number_of_transactions),
            counterparty,
            ultimate_counterparty: ultimate_counterparty.into_option(),
            remittance_unstructured: remittance.unwrap_or_default(),
            remittance_structured: structured,
            bank_transaction_code: self.bank_transaction_code.into_option(),
            proprietary_code: self.proprietary_bank_transaction_code.into_option(),
            purpose: self.purpose_code.into_option(),
            exchange: self.currency_exchange.into_exchanges(dates)?,
            balance_after: after.transpose()?,
            additional_information,
            standing_order: WireInformation::standing_order(self.additional_information_structured, dates)?,
            card: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{account::Scheme, data_profile::DataProfile};

    fn read(extra: &Value) -> Result<TransactionDetails, MalformedAnswer> {
        let mut record = json!({"transactionAmount": {"amount": "10.00", "currency": "EUR"}});
        record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        by(&DataProfile::default(), AccountKind::Payment, TransactionStatus::Booked, &record)
    }

    fn by(
        profile: &DataProfile,
        kind: AccountKind,
        status: TransactionStatus,
        record: &Value,
    ) -> Result<TransactionDetails, MalformedAnswer> {
        let body = Bytes::from(record.to_string());
        let reader = RecordReader { profile, body: &body };
        let own = [Identification { scheme: Scheme::Iban, value: "OWN".to_owned() }];
        let account = KnownAccount { kind, ..KnownAccount::nameless("a-1") };
        let record = serde_json::from_slice(&body).unwrap();
        transaction(Context { reader, account, own: &own }, status, record).map(|transaction| transaction.details)
    }

    #[test]
    fn reads_everything_that_the_model_has() {
        let record = read(&json!({
            "transactionId": "t-1", "entryReference": "e-1", "endToEndId": "x-1", "mandateId": "m-1", "creditorId": "DE98",
            "bookingDate": "2017-10-25", "valueDate": "2017-10-26", "creditorName": "John Miles",
            "creditorAccount": {"iban": "DE67100100101306118605"}, "creditorAgent": "BANKDEFF", "debtorName": "Me",
            "debtorAccount": {"iban": "own"}, "remittanceInformationUnstructured": "Example",
            "remittanceInformationStructured": "RF18", "bankTransactionCode": "PMNT-RDDT-ESDD",
            "proprietaryBankTransactionCode": "NTRF+1", "purposeCode": "BKDF", "checkId": "k-1", "ultimateCreditor": "U",
            "batchIndicator": true, "batchNumberOfTransactions": 3, "additionalInformation": "more",
            "currencyExchange": [{"sourceCurrency": "USD", "exchangeRate": "1.10230", "unitCurrency": "EUR",
                "targetCurrency": "EUR", "quotationDate": "2017-10-24", "contractIdentification": "c-1"}],
            "balanceAfterTransaction": {"balanceType": "interimBooked", "balanceAmount": {"amount": "-1", "currency": "EUR"}},
        }));
        insta::assert_json_snapshot!(record.unwrap(), @r#"
        {
          "bank_id": "t-1",
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
          "check_id": "k-1",
          "batch_transactions": 3,
          "counterparty": {
            "name": "John Miles",
            "account": {
              "scheme": "IBAN",
              "value": "DE67100100101306118605"
            },
            "agent_bic": "BANKDEFF"
          },
          "ultimate_counterparty": "U",
          "remittance_unstructured": [
            "Example"
          ],
          "remittance_structured": [
            "RF18"
          ],
          "bank_transaction_code": "PMNT-RDDT-ESDD",
          "proprietary_code": "NTRF+1",
          "purpose": "BKDF",
          "exchange": [
            {
              "source_currency": "USD",
              "target_currency": "EUR",
              "unit_currency": "EUR",
              "rate": "1.10230",
              "quotation_date": "2017-10-24",
              "contract_id": "c-1"
            }
          ],
          "balance_after": {
            "type": "ITBD",
            "amount": "1",
            "currency": "EUR",
            "credit_debit": "DBIT"
          },
          "additional_information": "more"
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

    #[test]
    fn a_standing_order_is_told_in_full() {
        let order = json!({"standingOrderDetails": {
            "startDate": "2017-10-01", "endDate": "2018-10-01", "frequency": "MonthlyVariable", "executionRule": "preceding",
            "withinAMonthFlag": false, "monthsOfExecution": ["1", "7"], "multiplicator": "2", "dayOfExecution": "24",
            "limitAmount": {"amount": "100", "currency": "EUR"},
        }});
        let read = read(&json!({"additionalInformationStructured": order})).unwrap().standing_order;
        insta::assert_json_snapshot!(read, @r#"
        {
          "start_date": "2017-10-01",
          "end_date": "2018-10-01",
          "frequency": "MonthlyVariable",
          "execution_rule": "preceding",
          "day_of_execution": "24",
          "months_of_execution": [
            "1",
            "7"
          ],
          "multiplicator": 2,
          "limit": {
            "amount": "100",
            "currency": "EUR"
          }
        }
        "#);
    }

    #[test]
    fn a_payment_with_a_card_is_told_in_full() {
        let payment = json!({
            "cardTransactionId": "c-1", "terminalId": "t-1", "transactionDate": "2017-10-25", "bookingDate": "2017-10-26",
            "transactionAmount": {"amount": "-256.67", "currency": "EUR"}, "originalAmount": {"amount": "300", "currency": "USD"},
            "grandTotalAmount": {"amount": "260", "currency": "EUR"}, "markupFee": {"amount": "3.33", "currency": "EUR"},
            "markupFeePercentage": "1.3", "cardAcceptorId": "m-1", "merchantCategoryCode": "5999", "invoiced": "false",
            "cardAcceptorAddress": {"townName": "Muenster", "country": "DE"}, "maskedPAN": "5254121234563241",
            "transactionDetails": "ICA SUPERMARKET", "proprietaryBankTransactionCode": "PURCHASE",
            "acceptorTransactionDateTime": "2017-10-25T12:00:00",
        });
        let read = by(&DataProfile::default(), AccountKind::Card, TransactionStatus::Booked, &payment).unwrap();
        assert_eq!((read.bank_id.as_deref(), read.credit_debit), (Some("c-1"), CreditDebit::Debit));
        assert_eq!(read.remittance_unstructured, ["ICA SUPERMARKET"]);
        insta::assert_json_snapshot!(read.card, @r#"
        {
          "masked_pan": "525412xxxxxx3241",
          "terminal_id": "t-1",
          "acceptor_id": "m-1",
          "acceptor_town": "Muenster",
          "acceptor_country": "DE",
          "merchant_category_code": "5999",
          "acceptor_time": "2017-10-25T12:00:00",
          "original": {
            "amount": "300",
            "currency": "USD"
          },
          "grand_total": {
            "amount": "260",
            "currency": "EUR"
          },
          "markup_fee": {
            "amount": "3.33",
            "currency": "EUR"
          },
          "markup_fee_percentage": "1.3",
          "invoiced": false
        }
        "#);
    }

    fn profile(text: &str) -> DataProfile {
        toml::from_str(text).unwrap()
    }

    fn with_amount(extra: &Value) -> Value {
        let mut record = json!({"transactionAmount": {"amount": "10.00", "currency": "EUR"}});
        record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        record
    }

    #[test]
    fn which_day_is_the_booking_date_is_the_bank_s_rule() {
        let value_first = profile(r#"dates = { booking_date = ["value-date", "booking-date"] }"#);
        let day = |status, extra: &Value| {
            let read = by(&value_first, AccountKind::Payment, status, &with_amount(extra)).unwrap();
            read.booking_date.map(|day| day.to_string())
        };
        let both = json!({"bookingDate": "2026-01-02", "valueDate": "2026-01-01"});
        assert_eq!(day(TransactionStatus::Booked, &both).as_deref(), Some("2026-01-01"));
        let only = json!({"bookingDate": "2026-01-02"});
        assert_eq!(day(TransactionStatus::Booked, &only).as_deref(), Some("2026-01-02"));
        assert_eq!(day(TransactionStatus::Pending, &json!({"valueDate": "2026-01-01"})), None);
    }

    #[test]
    fn clutter_is_no_part_of_the_text_and_its_source_is_the_bank_s() {
        let bank = profile(
            r#"remittance = { sources = ["additional-information", "unstructured"], strip_prefixes = ["SVWZ", "SVWZ+"], strip_suffixes = ["//"] }"#,
        );
        let text = |extra: Value| {
            let read = by(&bank, AccountKind::Payment, TransactionStatus::Booked, &with_amount(&extra)).unwrap();
            read.remittance_unstructured
        };
        assert_eq!(text(json!({"remittanceInformationUnstructured": "SVWZ+ Rent May//"})), ["Rent May"]);
        assert_eq!(text(json!({"remittanceInformationUnstructured": "a", "additionalInformation": "Rent"})), ["Rent"]);
        assert!(text(json!({"remittanceInformationUnstructured": "SVWZ+"})).is_empty());
    }

    #[test]
    fn misspelt_members_and_values_are_mended_but_the_record_is_not() {
        let bank = profile(
            r#"renames = [{ from = "remitanceInformationUnstructured", to = "remittanceInformationUnstructured" }]
            values = [{ member = "purposeCode", from = "SALARY", to = "SALA" }]"#,
        );
        let record = with_amount(&json!({"remitanceInformationUnstructured": "May", "purposeCode": "SALARY"}));
        let read = by(&bank, AccountKind::Payment, TransactionStatus::Booked, &record).unwrap();
        assert_eq!((read.remittance_unstructured, read.purpose.as_deref()), (vec!["May".to_owned()], Some("SALA")));
    }

    #[test]
    fn signs_mean_what_the_bank_means_by_them() {
        let read = |rule: &str| {
            let bank = profile(&format!("amounts = {{ accounts = \"{rule}\" }}"));
            let record = with_amount(&json!({"creditorName": "C"}));
            by(&bank, AccountKind::Payment, TransactionStatus::Booked, &record).unwrap().credit_debit
        };
        assert_eq!(read("as-signed"), CreditDebit::Debit, "the only party tells");
        assert_eq!(read("always"), CreditDebit::Credit);
        assert_eq!(read("inverted"), CreditDebit::Debit);
    }
}
