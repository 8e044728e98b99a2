//! Why no consent works.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::consent::ConsentStatus;

/// Why no consent works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The reason.
    pub reason: LapseReason,
    /// Since when.
    pub since_at: Timestamp,
}

/// Reasons for a consent not to work any more, or never to have worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LapseReason {
    /// The PSU refused at the bank.
    ScaDenied,
    /// The PSU did not come back in time.
    ScaExpired,
    /// The bank ended the journey with an error.
    ScaFailed,
    /// The CRM did not redeem the activation code in time.
    NotActivated,
    /// The consent has ended by its date or was replaced.
    ConsentExpired,
    /// The bank ended the consent when the same PSU gave a newer one, in another session.
    ConsentReplaced,
    /// The PSU ended the consent at the bank.
    ConsentRevoked,
    /// The bank refused the consent.
    ConsentRejected,
    /// The bank takes the tokens no more.
    GrantRefused,
    /// A refresh token was used and its answer lost.
    TokenLost,
}

impl LapseReason {
    /// What it means for a session that its consent stands so at the bank; `None` if it works or may yet.
    pub const fn of_consent(status: ConsentStatus) -> Option<Self> {
        match status {
            ConsentStatus::Valid | ConsentStatus::Received | ConsentStatus::PartiallyAuthorised => None,
            ConsentStatus::Rejected | ConsentStatus::Unknown => Some(Self::ConsentRejected),
            ConsentStatus::RevokedByPsu | ConsentStatus::TerminatedByTpp => Some(Self::ConsentRevoked),
            ConsentStatus::Expired => Some(Self::ConsentExpired),
        }
    }

    /// The stable word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScaDenied => "sca_denied",
            Self::ScaExpired => "sca_expired",
            Self::ScaFailed => "sca_failed",
            Self::NotActivated => "not_activated",
            Self::ConsentExpired => "consent_expired",
            Self::ConsentReplaced => "consent_replaced",
            Self::ConsentRevoked => "consent_revoked",
            Self::ConsentRejected => "consent_rejected",
            Self::GrantRefused => "grant_refused",
            Self::TokenLost => "token_lost",
        }
    }
}
