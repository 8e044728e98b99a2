//! Faults that the stand-in plays when asked to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Refused with this HTTP status. The message quotes the request, as real ones may.
    Status {
        /// The status.
        status: u16,
    },
    /// Answered late, but well.
    Latency {
        /// How late.
        millis: u64,
    },
    /// The data in the answer is not what its checksum belongs to.
    WrongCrc,
    /// The answer says that the checksums of the request were not looked at.
    UnverifiedCrc,
    /// The answer names another key than the one asked for, where it names one.
    WrongKeyName,
    /// The answer is no JSON that fits; it has the data, if any, in an unexpected place.
    Misshapen,
    /// The connection ends without an answer.
    HangUp,
}

impl Fault {
    /// The service is down for a moment: 503.
    pub const UNAVAILABLE: Self = Self::Status { status: 503 };

    /// How long to wait before the answer.
    pub(crate) const fn latency(self) -> Option<Duration> {
        match self {
            Self::Latency { millis } => Some(Duration::from_millis(millis)),
            _ => None,
        }
    }
}

/// The fault that is played now, if any.
#[derive(Debug, Default)]
pub(crate) struct Armed {
    fault: Option<Fault>,
    /// How many calls it still strikes; none for all.
    left: Option<u32>,
}

impl Armed {
    /// Plays the fault for that many calls, or for all.
    pub(crate) const fn new(fault: Fault, times: Option<u32>) -> Self {
        Self { fault: Some(fault), left: times }
    }

    /// The fault that strikes the next call.
    pub(crate) fn draw(&mut self) -> Option<Fault> {
        match &mut self.left {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                self.fault
            }
            None => self.fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_as_often_as_asked() {
        let mut armed = Armed::new(Fault::WrongCrc, Some(2));
        assert_eq!([armed.draw(), armed.draw(), armed.draw()], [Some(Fault::WrongCrc), Some(Fault::WrongCrc), None]);
        let mut armed = Armed::new(Fault::HangUp, None);
        assert!((0..10).all(|_| armed.draw() == Some(Fault::HangUp)));
        assert_eq!(Armed::default().draw(), None);
    }
}
