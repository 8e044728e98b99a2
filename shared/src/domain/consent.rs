//! The consent as the bank tells of it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a consent stands at the bank (Berlin Group 1.3 `consentStatus`; other dialects map to it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStatus {
    /// Stored, not yet authorised.
    Received,
    /// Some of several signers have authorised it.
    PartiallyAuthorised,
    /// Usable.
    Valid,
    /// Authorisation failed. Final.
    Rejected,
    /// The PSU ended it at the bank. Final.
    RevokedByPsu,
    /// Past its end, replaced, or used up. Final.
    Expired,
    /// Ended by us. Final.
    TerminatedByTpp,
    /// A word the hub does not know: not usable.
    Unknown,
}

impl ConsentStatus {
    /// Whether accounts may be read under it.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// Whether it can still become usable.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Received | Self::PartiallyAuthorised)
    }
}

/// What the bank grants under a consent, as read back from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentTerms {
    /// Where it stands.
    pub status: ConsentStatus,
    /// The last day it can be used, by the bank's calendar; absent if the bank sets none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_until: Option<Date>,
    /// Background reads a day that the bank grants.
    pub frequency_per_day: u32,
    /// Whether it can be used more than once.
    pub recurring: bool,
}
