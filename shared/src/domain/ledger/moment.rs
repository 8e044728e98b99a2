//! Instants as the ledger keeps them: whole seconds, so that a session stays small.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A whole second, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Moment(i64);

impl Moment {
    /// The first whole second that is not before the instant: a slot is never freed early for the rounding.
    pub fn after(instant: Timestamp) -> Self {
        let second = instant.as_second();
        Self(if instant.subsec_nanosecond() > 0 { second.saturating_add(1) } else { second })
    }

    /// So much later.
    pub const fn later(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_add(by.as_secs()))
    }
}

impl From<Moment> for Timestamp {
    /// A second outside of the calendar is its end: what is stored comes from instants, so there is none.
    fn from(moment: Moment) -> Self {
        Self::from_second(moment.0).unwrap_or(Self::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_to_whole_seconds() {
        let at = |text: &str| Moment::after(text.parse().unwrap());
        assert_eq!(at("1970-01-01T00:00:01Z"), Moment(1));
        assert_eq!(at("1970-01-01T00:00:01.000001Z"), Moment(2));
        assert_eq!(at("1969-12-31T23:59:58.5Z"), Moment(0).later(SignedDuration::from_secs(-1)).max(Moment(-1)));
        assert_eq!(Timestamp::from(Moment(7)).as_second(), 7);
    }
}
