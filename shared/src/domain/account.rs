//! The normalised model of accounts, balances and transactions, with ISO 20022 names and codes.
//!
//! Every dialect answers in it. Unknown codes are kept as the bank wrote them; absent things are left out.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    amount::{Amount, CreditDebit},
    ids::AccountId,
};

/// One way to name an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identification {
    /// Which kind of name.
    pub scheme: Scheme,
    /// The name itself.
    pub value: String,
}

/// Kinds of account names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scheme {
    /// ISO 13616.
    Iban,
    /// A national account number.
    Bban,
    /// A card number with most digits hidden.
    PanMasked,
    /// A telephone number.
    Msisdn,
    /// Something else.
    Other,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// In use.
    #[default]
    Enabled,
    /// Blocked for now.
    Blocked,
    /// Closed.
    Deleted,
}

/// Whose account it is (ISO 20022 `PRIV` and `ORGA`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Usage {
    /// A private person's.
    #[serde(rename = "PRIV")]
    Private,
    /// An organisation's.
    #[serde(rename = "ORGA")]
    Organisation,
}

/// An account as the bank describes it, before the hub has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// The bank's own handle for it, good for the life of one consent only.
    pub resource_id: String,
    /// What the CRM will see.
    pub details: AccountDetails,
}

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountDetails {
    /// The account's names, the most specific first.
    pub identification: Vec<Identification>,
    /// ISO 4217; `XXX` for an account in several currencies.
    pub currency: String,
    /// The account's name at the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that the customer gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// The bank's product name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// ISO 20022 `ExternalCashAccountType1`, such as `CACC` or `SVGS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_account_type: Option<String>,
    /// Private or organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The servicing institution's BIC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servicer_bic: Option<String>,
    /// Whether it can be used.
    pub status: AccountStatus,
}

/// An account under the hub's own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Stable over renewals of the consent.
    #[schema(value_type = String)]
    pub account_id: AccountId,
    /// What is known of it.
    #[serde(flatten)]
    pub details: AccountDetails,
}

/// One balance of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// ISO 20022 code such as `CLBD`, `ITAV`, `XPCD`; the bank's own word where there is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// Without sign.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// `DBIT` for an overdrawn account.
    pub credit_debit: CreditDebit,
    /// Whether a credit line is counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_included: Option<bool>,
    /// The day that the balance speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub reference_date: Option<Date>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_change: Option<Timestamp>,
    /// The last transaction counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_committed_transaction: Option<String>,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    /// The bank's id, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
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
    /// The day it was booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub booking_date: Option<Date>,
    /// The day it counts for interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub value_date: Option<Date>,
    /// SEPA end-to-end reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_to_end_id: Option<String>,
    /// SEPA mandate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate_id: Option<String>,
    /// SEPA creditor identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creditor_id: Option<String>,
    /// The other side.
    #[serde(skip_serializing_if = "Counterparty::is_empty", default)]
    pub counterparty: Counterparty,
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
    /// The balance after it, if the bank says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_after: Option<Balance>,
}
