//! The normalised model of accounts, balances and transactions, with ISO 20022 names and codes.
//!
//! Every dialect answers in it. Unknown codes are kept as the bank wrote them; absent things are left out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use super::{
    balance::{Balance, ChosenBalances},
    transaction::{
        BankTransaction, Counterparty, Exchange, Transaction, TransactionDetails, TransactionId, TransactionStatus,
    },
};
use super::{ids::AccountId, raw_record::RawRecord, transaction::Money};

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

/// What an account is to the bank: where its data are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// An account that payments are made from.
    #[default]
    Payment,
    /// The account behind a card.
    Card,
}

/// An account as the bank describes it, before the hub has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// The bank's own handle for it, good for the life of one consent only.
    pub resource_id: String,
    /// What the CRM will see.
    pub details: AccountDetails,
    /// Its balances, if they came with it.
    pub balances: Option<Vec<Balance>>,
    /// As the bank wrote it.
    pub raw: RawRecord,
}

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountDetails {
    /// Whether it is a card's.
    #[serde(default)]
    pub kind: AccountKind,
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
    /// Accounts that belong to it, such as pending cash, as the bank wrote them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub linked_accounts: Option<String>,
    /// What else the bank says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// A card's credit limit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credit_limit: Option<Money>,
    /// Whether a card's debits are told as positive amounts. The hub's directions are right all the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debit_accounting: Option<bool>,
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
    /// As the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<RawRecord>,
}
