//! Holds clocks to the promises of `ports::clock`, and a clock that tests move by hand.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ports::clock::Clock;

/// Every promise of the port.
pub fn conformance(clock: &dyn Clock) {
    tells_whole_microseconds(clock);
}

/// What every store can hold without loss.
pub fn tells_whole_microseconds(clock: &dyn Clock) {
    for _ in 0..1_000 {
        let now = clock.now();
        assert_eq!(now.subsec_nanosecond() % 1_000, 0, "{now} is finer than a microsecond");
    }
}

/// A clock that stands still until a test moves it, in either direction.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
}

impl ManualClock {
    /// A clock that shows this instant, cut to microseconds.
    pub fn at(now: Timestamp) -> Self {
        Self { now: Mutex::new(whole_microseconds(now)) }
    }

    /// Sets it to this instant, cut to microseconds.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = whole_microseconds(now);
    }

    /// Moves it, backwards if the step is negative.
    pub fn advance(&self, step: SignedDuration) {
        self.set(self.now() + step);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_promises() {
        conformance(&ManualClock::at("2026-01-01T00:00:00.123456789Z".parse().unwrap()));
    }

    #[test]
    fn moves_only_when_told() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
        clock.advance(SignedDuration::from_secs(90));
        clock.advance(SignedDuration::from_secs(-30));
        assert_eq!(clock.now().as_second(), 60);
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
