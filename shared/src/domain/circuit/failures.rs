//! The failures that a closed circuit counts, and what they weigh together.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::refresh::SKEW;

/// How many failures are kept at most: as many as a bank's document can demand.
const MOST: usize = 1000;

/// A call that failed as a failing bank's calls do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Tells it from every other, so that a report whose answer was lost counts once.
    pub id: u64,
    /// When it ended, by the clock of the instance that reports it.
    pub failed_at: Timestamp,
    /// Whose data it asked for: a short hash of session and resource.
    pub subject: u32,
    /// Whether not even a connection held.
    pub is_of_connection: bool,
    /// Whether calls for other subjects are well where it was met, so that it may be the subject's own trouble.
    pub others_are_well: bool,
}

impl Failure {
    /// Whether it speaks for the whole bank and not for one subject only.
    const fn is_general(&self) -> bool {
        self.is_of_connection || !self.others_are_well
    }
}

/// Failures within the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// These and one more, without those that have left the window.
    #[must_use]
    pub fn with(&self, failure: Failure, window: Duration, now: Timestamp) -> Self {
        let counts = |known: &&Failure| known.failed_at + window > now && known.failed_at <= now + SKEW;
        let mut kept: Vec<_> = self.0.iter().filter(counts).cloned().collect();
        if kept.iter().all(|known| known.id != failure.id) && counts(&&failure) {
            kept.push(failure);
        }
        let surplus = kept.len().saturating_sub(MOST);
        kept.drain(..surplus);
        Self(kept)
    }

    /// How many failures they count as: each that speaks for the bank as one, and of the others each subject as one,
    /// however often it failed.
    pub fn weight(&self) -> u32 {
        let general = self.0.iter().filter(|failure| failure.is_general()).count();
        let single: BTreeSet<_> =
            self.0.iter().filter(|failure| !failure.is_general()).map(|failure| failure.subject).collect();
        u32::try_from(general.saturating_add(single.len())).unwrap_or(u32::MAX)
    }

    /// The subject of all of them, if there is but one and the bank could be met each time.
    pub fn only_subject(&self) -> Option<u32> {
        let first = self.0.first()?.subject;
        self.0.iter().all(|failure| failure.subject == first && !failure.is_of_connection).then_some(first)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
