//! The reads without the PSU that a session has made in the last 24 hours (promise P4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{data_kind::DataKind, ids::AccountId};

/// The reads without the PSU that a session has made, by account and kind of data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// One line for each account and kind that was read.
    pub lines: Vec<Line>,
}

/// The reads of one account and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The account; none for the list of accounts.
    pub account: Option<AccountId>,
    /// The kind of data.
    pub kind: DataKind,
    /// When it was read, the earliest first.
    pub reads: Vec<Timestamp>,
}

impl Ledger {
    /// Whether nothing was read.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}
