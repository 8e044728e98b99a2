//! How records are read: accounts, balances, amounts, days, names of transactions, texts.

use jiff::{Timestamp, civil::Date, tz::Offset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountRules {
    /// Whether cards have accounts of their own (`/v1/card-accounts`), which are listed with the others.
    pub card_accounts: bool,
    /// Whether 404 for an account means that it was closed.
    pub closed_absent: bool,
}

/// Balances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BalanceRules {
    /// Where an account's balances are asked for.
    pub source: BalanceSource,
    /// Whether the list of accounts gives their balances on request (`withBalance`).
    pub in_account_list: bool,
    /// Types that can be the booked balance, the best first (ISO 20022 codes).
    pub booked: Vec<String>,
    /// Types that can be the available balance, the best first (ISO 20022 codes).
    pub available: Vec<String>,
}

impl Default for BalanceRules {
    fn default() -> Self {
        let codes = |codes: [&str; 4]| codes.map(str::to_owned).to_vec();
        Self {
            source: BalanceSource::default(),
            in_account_list: false,
            booked: codes(["ITBD", "CLBD", "OPBD", "PRCD"]),
            available: codes(["ITAV", "FWAV", "CLAV", "XPCD"]),
        }
    }
}

/// Where an account's balances are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BalanceSource {
    /// `…/balances`.
    #[default]
    BalancesCall,
    /// The account itself with `withBalance=true`.
    AccountCall,
}

/// What signs mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AmountRules {
    /// For accounts.
    pub accounts: SignRule,
    /// For card accounts. One whose details say that debits are positive (`debitAccounting`) is read inverted.
    pub cards: SignRule,
}

/// What the sign of a transaction's amount means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignRule {
    /// A sign is the direction; without one the parties tell.
    #[default]
    AsSigned,
    /// Minus is money that went out, no sign or plus is money that came in.
    Always,
    /// Signs mean nothing; the parties tell.
    ByParties,
    /// Minus is money that came in, no sign or plus is money that went out.
    Inverted,
}

/// Days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DateRules {
    /// What the booking date is: the first of these that a record has. Of a pending one only `bookingDate` itself is.
    pub booking_date: Vec<DateField>,
    /// What becomes of a time where a day should be.
    pub times: DateTimes,
    /// The bank's calendar, in minutes east of UTC. Decides what day a time is, and what day today is.
    pub utc_offset_minutes: i16,
}

impl Default for DateRules {
    fn default() -> Self {
        Self { booking_date: vec![DateField::BookingDate], times: DateTimes::default(), utc_offset_minutes: 0 }
    }
}

impl DateRules {
    /// The day of an instant by the bank's calendar.
    pub fn day_of(&self, instant: Timestamp) -> Date {
        let offset = Offset::from_seconds(i32::from(self.utc_offset_minutes) * 60).unwrap_or(Offset::UTC);
        offset.to_datetime(instant).date()
    }
}

/// A member that holds a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateField {
    /// `bookingDate`.
    BookingDate,
    /// `valueDate`.
    ValueDate,
    /// `transactionDate`.
    TransactionDate,
}

/// What becomes of a time where a day should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateTimes {
    /// The answer is not taken.
    #[default]
    Refuse,
    /// It is the day of the bank's calendar; a time without an offset is the bank's own.
    Convert,
}

/// How the hub names transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IdRecipe {
    /// The bank's names that are the same in every answer and no other entry's, the best first. None if no such name
    /// can be relied on. Pending transactions are never named by them.
    pub trusted: Vec<TrustedId>,
    /// What names a transaction that has no such name. Equal ones of one day are told apart by a number.
    pub content: Vec<ContentField>,
}

impl Default for IdRecipe {
    fn default() -> Self {
        use ContentField::{Amount, BookingDate, Counterparty, Remittance};
        Self {
            trusted: vec![TrustedId::TransactionId, TrustedId::EntryReference],
            content: vec![BookingDate, Amount, Counterparty, Remittance],
        }
    }
}

/// A name that the bank gives a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedId {
    /// `transactionId`, for cards `cardTransactionId`.
    TransactionId,
    /// `entryReference`.
    EntryReference,
}

/// A part of a transaction that can be part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContentField {
    /// The booking date.
    BookingDate,
    /// The value date.
    ValueDate,
    /// Amount, currency and direction.
    Amount,
    /// The other side's name and account.
    Counterparty,
    /// The payment's text and references.
    Remittance,
    /// The end-to-end id.
    EndToEndId,
    /// The mandate.
    MandateId,
    /// The bank's entry reference.
    EntryReference,
    /// The bank's transaction id.
    TransactionId,
    /// The bank's codes for the kind of transaction.
    TransactionCode,
}

/// Where a payment's text stands, and what is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Remittance {
    /// The text is the first of these that says anything.
    pub sources: Vec<RemittanceSource>,
    /// What the bank puts before a text; taken away once, the longest that fits.
    pub strip_prefixes: Vec<String>,
    /// What the bank puts after a text; taken away once, the longest that fits.
    pub strip_suffixes: Vec<String>,
}

impl Default for Remittance {
    fn default() -> Self {
        Self { sources: vec![RemittanceSource::Unstructured], strip_prefixes: Vec::new(), strip_suffixes: Vec::new() }
    }
}

/// A member that can hold a payment's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemittanceSource {
    /// `remittanceInformationUnstructured` and its list; of a card `transactionDetails`.
    Unstructured,
    /// `remittanceInformationStructured` and its list.
    Structured,
    /// `additionalInformation`.
    AdditionalInformation,
    /// `endToEndId`.
    EndToEndId,
}

/// A member that the bank spells otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// As the bank writes it.
    pub from: String,
    /// As the standard does.
    pub to: String,
}

/// A value that the bank spells otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueRename {
    /// The member, as the standard names it.
    pub member: String,
    /// As the bank writes it.
    pub from: String,
    /// As the standard does.
    pub to: String,
}
