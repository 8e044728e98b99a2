//! Consents that are over for us and must still be ended at the bank, step by step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::grant::StoredGrant;

/// A consent that must still be ended at the bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retiring {
    /// The sealed consent id and tokens; gone when both steps are settled.
    pub grant: Option<StoredGrant>,
    /// Whether the bank has ended the consent.
    pub consent: StepState,
    /// Whether the bank has revoked the tokens.
    pub tokens: StepState,
    /// How often it was tried.
    pub tries: u32,
    /// When to try next.
    pub try_at: Timestamp,
}

/// How far one step of ending has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Done.
    Done,
    /// Will be tried again.
    Pending,
    /// There is nothing to do.
    NotNeeded,
    /// The bank has no way to do it.
    NotSupported,
}

impl StepState {
    /// Whether nothing is left to do.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Pending)
    }

    /// The state of two things together: pending if either is, else the more telling of the two.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pending, _) | (_, Self::Pending) => Self::Pending,
            (Self::NotSupported, _) | (_, Self::NotSupported) => Self::NotSupported,
            (Self::Done, _) | (_, Self::Done) => Self::Done,
            (Self::NotNeeded, Self::NotNeeded) => Self::NotNeeded,
        }
    }
}

/// How far ending has come at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The consents.
    pub consent: StepState,
    /// The tokens.
    pub tokens: StepState,
}

impl Revocation {
    /// Whether nothing is left to do at the bank.
    pub const fn is_settled(self) -> bool {
        self.consent.is_settled() && self.tokens.is_settled()
    }
}

impl Retiring {
    /// Whether nothing is left to do at the bank.
    pub const fn is_settled(&self) -> bool {
        self.consent.is_settled() && self.tokens.is_settled()
    }
}
