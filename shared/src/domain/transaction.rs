//! Transactions in the normalised model.

mod card;
mod naming;
mod standing_order;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    card::{CardPayment, Money},
    naming::{Seen, TransactionId, name},
    standing_order::StandingOrder,
};
use super::{
    account::Identification,
    amount::{Amount, CreditDebit},
    balance::Balance,
    raw_record::RawRecord,
};

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum TransactionStatus {
    /// Booked: it will not change.
    #[serde(rename = "BOOK")]
    Booked,
    /// Pending: it may change or vanish.
    #[serde(rename = "PDNG")]
    Pending,
    /// For information, such as a standing order.
    #[serde(rename = "INFO")]
    Information,
}

/// The other side of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counterparty {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Identification>,
    /// Its bank's BIC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_bic: Option<String>,
}

impl Counterparty {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How an amount was changed into another currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exchange {
    /// ISO 4217: what was changed.
    pub source_currency: String,
    /// ISO 4217: into what.
    pub target_currency: String,
    /// ISO 4217: in what the rate is told, if it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_currency: Option<String>,
    /// The rate as the bank wrote it: a decimal text.
    pub rate: String,
    /// The day of the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub quotation_date: Option<Date>,
    /// The contract that the rate was agreed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<String>,
}

/// A transaction as the bank describes it, before the hub has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankTransaction {
    /// What the CRM will see.
    pub details: TransactionDetails,
    /// As the bank wrote it.
    pub raw: RawRecord,
}

/// One transaction under the hub's own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    /// The hub's name of it: the same in every answer, on every page and in every order, and no other transaction's
    /// of this account. A pending transaction has another name than the booked one that it becomes.
    #[schema(value_type = String)]
    pub transaction_id: TransactionId,
    /// The same for a pending transaction and for the booked one that takes its place, where enough is told to know:
    /// end-to-end id, amount, direction and the other side. A booked transaction with the link of a pending one that
    /// is listed no more replaces it, one for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub link_id: Option<TransactionId>,
    /// What is known of it.
    #[serde(flatten)]
    pub details: TransactionDetails,
    /// As the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<RawRecord>,
}

/// What is known of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionDetails {
    /// The bank's id, if it gave one; what one transaction is asked for by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// The bank's entry reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_reference: Option<String>,
    /// Booked, pending, or for information.
    pub status: TransactionStatus,
    /// Direction.
    pub credit_debit: CreditDebit,
    /// True where the bank gave neither sign nor one-sided parties, so that the direction is a guess.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub direction_inferred: bool,
    /// Without sign.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// The day it was booked, by the bank's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub booking_date: Option<Date>,
    /// The day it counts for interest; of a card, the day it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub value_date: Option<Date>,
    /// The day it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub transaction_date: Option<Date>,
    /// SEPA end-to-end reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_to_end_id: Option<String>,
    /// SEPA mandate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate_id: Option<String>,
    /// SEPA creditor identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creditor_id: Option<String>,
    /// The cheque's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_id: Option<String>,
    /// How many transactions a batch entry stands for, where it is one and tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_transactions: Option<u32>,
    /// The other side.
    #[serde(skip_serializing_if = "Counterparty::is_empty", default)]
    pub counterparty: Counterparty,
    /// On whose behalf the other side acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ultimate_counterparty: Option<String>,
    /// Free remittance text.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remittance_unstructured: Vec<String>,
    /// Structured remittance references.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remittance_structured: Vec<String>,
    /// ISO 20022 domain-family-subfamily, such as `PMNT-RCDT-ESCT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_transaction_code: Option<String>,
    /// The bank's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proprietary_code: Option<String>,
    /// ISO 20022 purpose code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How the amount was changed from another currency.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub exchange: Vec<Exchange>,
    /// The balance after it, if the bank says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_after: Option<Balance>,
    /// What else the bank says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_information: Option<String>,
    /// The standing order that an entry for information is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing_order: Option<StandingOrder>,
    /// What is known of a payment with a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardPayment>,
}
