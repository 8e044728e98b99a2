//! What a bank answered is erased when the CRM ends the session.
//!
//! An answer that was on its way when the session ended may be kept a moment after the erasure. So the erasure is done a
//! second time, after any reading that had begun before the end is over.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long after the first erasure the second comes: longer than any reading takes.
const SECOND_LOOK: Duration = Duration::from_mins(10);

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How far the erasing of a session's last good answers has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When they were erased for the first time.
    pub done_at: Option<Timestamp>,
    /// How often it failed since it last succeeded.
    pub failures: u32,
    /// When to try next.
    pub try_at: Timestamp,
}

impl Erasure {
    /// Everything is left to do, at once.
    pub const fn begun(now: Timestamp) -> Self {
        Self { done_at: None, failures: 0, try_at: now }
    }

    /// Whether they were erased once.
    pub const fn is_done(&self) -> bool {
        self.done_at.is_some()
    }

    /// What is left after a try at that time; nothing after the second success, once enough time lay between the two.
    pub fn tried(self, succeeded: bool, now: Timestamp) -> Option<Self> {
        if !succeeded {
            let failures = self.failures.saturating_add(1);
            return Some(Self { failures, try_at: now + pause(failures), ..self });
        }
        let done_at = self.done_at.unwrap_or(now);
        let second_at = done_at + SECOND_LOOK;
        let is_over = self.is_done() && second_at <= now;
        (!is_over).then_some(Self { done_at: Some(done_at), failures: 0, try_at: second_at })
    }
}

/// Twice as long after every failure, from twenty seconds on.
fn pause(failures: u32) -> Duration {
    Duration::from_secs(10 << failures.min(9)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_done_after_one_success_and_over_after_a_second_one_later() {
        let now = Timestamp::UNIX_EPOCH;
        let once = Erasure::begun(now).tried(true, now).unwrap();
        assert!(once.is_done());
        assert_eq!(once.clone().tried(true, now), Some(once.clone()), "too early");
        assert_eq!(once.tried(true, now + SECOND_LOOK), None);
    }

    proptest! {
        #[test]
        fn nothing_is_forgotten_before_two_successes_apart(tries in prop::collection::vec((any::<bool>(), 0..2000_u64), 0..20)) {
            let mut now = Timestamp::UNIX_EPOCH;
            let mut erasure = Some(Erasure::begun(now));
            let mut first = None;
            for (succeeded, seconds) in tries {
                now += Duration::from_secs(seconds);
                let Some(before) = erasure else { break };
                erasure = before.tried(succeeded, now);
                if succeeded {
                    first.get_or_insert(now);
                }
                prop_assert_eq!(erasure.as_ref().is_none_or(Erasure::is_done), first.is_some());
                if erasure.is_none() {
                    prop_assert!(succeeded && first.is_some_and(|first| now.duration_since(first) >= SECOND_LOOK.try_into().unwrap()));
                }
                if let Some(left) = &erasure {
                    prop_assert!(left.try_at > now);
                }
            }
        }
    }
}
