//! What the CRM is told of its own accord.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Events of one session that the CRM has yet to take, the earliest first. They are written in the same commit as the
/// change that they tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// The number of the last event of the session.
    pub last: u64,
    /// What the CRM has yet to take.
    pub pending: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts the events of the session from 1.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
}

impl Outbox {
    /// Whether the session never had an event.
    pub const fn is_empty(&self) -> bool {
        self.last == 0
    }
}
