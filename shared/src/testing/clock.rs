//! Holds clocks to the promises of `ports::clock`, and a clock that tests move by hand.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

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

/// A clock that shows what a file says, so that one process moves the clock of others.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
}

impl FileClock {
    /// A clock that shows what that file says.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Sets every clock at that file. Nobody ever reads half an instant.
    pub fn show(path: &Path, now: Timestamp) -> io::Result<()> {
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, now.as_microsecond().to_be_bytes())?;
        fs::rename(unfinished, path)
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let bytes = fs::read(&self.path).unwrap();
        Timestamp::from_microsecond(i64::from_be_bytes(bytes.try_into().unwrap())).unwrap()
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
    fn a_file_moves_every_clock_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        let (one, other) = (FileClock::at(path.clone()), FileClock::at(path.clone()));
        let now = "2026-01-01T00:00:00.123456789Z".parse().unwrap();
        FileClock::show(&path, now).unwrap();
        conformance(&one);
        assert_eq!((one.now(), other.now()), (whole_microseconds(now), whole_microseconds(now)));
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
