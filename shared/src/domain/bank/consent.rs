//! What a bank's consents allow.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::consent::AccessWanted;

/// What a bank's consents allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct ConsentProfile {
    /// The kinds that the bank grants; the first is asked for if the CRM names none.
    #[schemars(length(min = 1))]
    pub kinds: Vec<ConsentKind>,
    /// Whether a consent for one use can be had.
    pub one_off: bool,
    /// Whether a new consent leaves older ones of the same PSU in force; absent where the bank says so itself
    /// (`ASPSP-Multiple-Consent-Support`), and then no word of it means that it does not.
    pub several: Option<bool>,
    /// Days of validity to ask for.
    #[schemars(range(min = 1, max = 730))]
    pub validity_days: u16,
    /// Days to stay below that, because the bank counts otherwise than we do.
    #[schemars(range(max = 10))]
    pub validity_margin_days: u16,
    /// Background reads a day to ask for.
    #[schemars(range(min = 1))]
    pub frequency_per_day: u32,
    /// Whether `combinedServiceIndicator` is set.
    pub combined_service: bool,
    /// How the authorisation starts.
    pub authorisation: Authorisation,
    /// Which approach is asked for.
    pub preference: Preference,
    /// The query parameter in which the confirmation code comes back with the browser.
    pub confirmation_parameter: String,
    /// Where our state stands in the redirect address at banks without OAuth.
    pub state: StatePlace,
    /// Whether a second address for refusals is told (`TPP-Nok-Redirect-URI`).
    pub nok_redirect: bool,
    /// Minutes that the PSU has at the bank, from the start of the journey.
    #[schemars(range(min = 1, max = 60))]
    pub sca_window_minutes: u8,
    /// How a decoupled authorisation is asked about.
    pub polling: Polling,
    /// Whether the bank takes a consent back (`DELETE`).
    pub delete: bool,
    /// How long after SCA the bank shows more than later, if it does.
    pub first_minutes: Option<FirstMinutes>,
}

/// 180 days is what Delegated Regulation 2022/2360 allows; four a day is what Art. 36(5)(b) of 2018/389 does.
impl Default for ConsentProfile {
    fn default() -> Self {
        Self {
            kinds: vec![ConsentKind::BankOffered, ConsentKind::Dedicated, ConsentKind::AllAccounts],
            one_off: true,
            several: None,
            validity_days: 180,
            validity_margin_days: 0,
            frequency_per_day: 4,
            combined_service: false,
            authorisation: Authorisation::default(),
            preference: Preference::default(),
            confirmation_parameter: "confirmationCode".to_owned(),
            state: StatePlace::default(),
            nok_redirect: true,
            sca_window_minutes: 10,
            polling: Polling::default(),
            delete: true,
            first_minutes: None,
        }
    }
}

impl ConsentProfile {
    /// How long the PSU has at the bank.
    pub fn sca_window(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.sca_window_minutes))
    }

    /// Whether the bank grants what is wanted.
    pub fn admits(&self, wanted: &AccessWanted) -> Result<(), AccessRejected> {
        let names_accounts = !wanted.accounts.is_empty();
        if !self.kinds.contains(&wanted.kind) || (!wanted.recurring && !self.one_off) {
            Err(AccessRejected::NotGranted)
        } else if names_accounts != (wanted.kind == ConsentKind::Dedicated) {
            Err(AccessRejected::Accounts)
        } else {
            Ok(())
        }
    }

    /// Days of validity that are asked for.
    pub const fn days(&self) -> u16 {
        self.validity_days.saturating_sub(self.validity_margin_days)
    }
}

/// A consent is not one that the bank grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessRejected {
    /// The bank does not grant consents of that kind.
    #[error("the bank does not grant consents of that kind")]
    NotGranted,
    /// A dedicated consent needs accounts, and no other may name any.
    #[error("accounts are named where none may be, or none where some must be")]
    Accounts,
}

/// What a consent opens (Berlin Group 1.3.11, `accountAccess`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// The accounts that the PSU ticks at the bank.
    BankOffered,
    /// The accounts that the CRM names.
    Dedicated,
    /// Everything (`allPsd2`).
    AllAccounts,
    /// The list of accounts alone (`availableAccounts`).
    AccountList,
    /// The list of accounts and their balances (`availableAccountsWithBalance`).
    AccountListWithBalances,
}

/// How the authorisation of a consent starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authorisation {
    /// As the bank's answer offers.
    #[default]
    AsOffered,
    /// By a call of its own; the bank is told so (`TPP-Explicit-Authorisation-Preferred: true`).
    Explicit,
    /// With the consent; the bank is told so.
    Implicit,
}

/// Which approach is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// `TPP-Redirect-Preferred: true`.
    #[default]
    Redirect,
    /// `TPP-Decoupled-Preferred: true`.
    Decoupled,
    /// The bank is told nothing.
    Unsaid,
}

/// Where our state stands in a redirect address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatePlace {
    /// In the query.
    #[default]
    Query,
    /// As the last segment of the path, for banks that strip queries.
    Path,
}

/// How a decoupled authorisation is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Polling {
    /// Seconds until the bank is asked first.
    #[schemars(range(min = 1, max = 60))]
    pub first_seconds: u16,
    /// Seconds between two questions.
    #[schemars(range(min = 1, max = 60))]
    pub every_seconds: u16,
}

/// A little less often than every bank allows.
impl Default for Polling {
    fn default() -> Self {
        Self { first_seconds: 2, every_seconds: 3 }
    }
}

/// How long after SCA a bank shows more than later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstMinutes {
    /// How long.
    #[schemars(range(min = 1, max = 1440))]
    pub minutes: u16,
    /// How many days of transactions can be read meanwhile.
    #[schemars(range(min = 1))]
    pub history_days: u16,
}
