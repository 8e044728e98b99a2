//! What events say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{data_kind::DataKind, session::LapseReason};

/// The kinds of events, of which a CRM chooses what it wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Accounts can be read, for the first time or again.
    Connected,
    /// The consent ends in some days.
    RenewalDue,
    /// No consent works any more, or an authorisation came to nothing.
    Ended,
    /// Newer data are there.
    Refreshed,
    /// People must do something before the hub can go on.
    ActionNeeded,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Connected, Self::RenewalDue, Self::Ended, Self::Refreshed, Self::ActionNeeded];

    /// The kinds that a CRM is told if it chooses none: all but [`Self::Refreshed`], of which there are many.
    pub const USUAL: [Self; 4] = [Self::Connected, Self::RenewalDue, Self::Ended, Self::ActionNeeded];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::RenewalDue => "renewal_due",
            Self::Ended => "ended",
            Self::Refreshed => "refreshed",
            Self::ActionNeeded => "action_needed",
        }
    }
}

/// What happened. Nothing of a customer's data: the CRM asks for those with its own token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum News {
    /// Accounts can be read, for the first time or again.
    Connected,
    /// The consent ends soon.
    RenewalDue {
        /// In at most so many days.
        days: u16,
        /// What ends first.
        what: FirstEnd,
        /// When.
        ends_at: Timestamp,
    },
    /// No consent works.
    Ended {
        /// Why; none if the CRM itself ended the session.
        reason: Option<LapseReason>,
    },
    /// Newer data are there, read without the PSU.
    Refreshed {
        /// Which.
        data: DataKind,
    },
    /// People must do something.
    ActionNeeded {
        /// What.
        action: Need,
    },
}

impl News {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Connected => EventKind::Connected,
            Self::RenewalDue { .. } => EventKind::RenewalDue,
            Self::Ended { .. } => EventKind::Ended,
            Self::Refreshed { .. } => EventKind::Refreshed,
            Self::ActionNeeded { .. } => EventKind::ActionNeeded,
        }
    }
}

/// What of a consent in force ends first, of what only the PSU can renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstEnd {
    /// The consent, after its last day.
    Consent,
    /// The chain of refresh tokens.
    RefreshChain,
}

impl FirstEnd {
    /// The stable name, the one that the session's view has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::RefreshChain => "refresh_chain",
        }
    }
}

/// What only people can do. The consent is as it was, but nothing is read without the PSU until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The bank answers only while the PSU is there.
    BringPsu,
    /// The PSU must see to something at the bank itself.
    ContactBank,
    /// The bank refuses the hub's certificate, seal or client: the hub's operator must act.
    FixConfiguration,
}

impl Need {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BringPsu => "bring_psu",
            Self::ContactBank => "contact_bank",
            Self::FixConfiguration => "fix_configuration",
        }
    }
}
