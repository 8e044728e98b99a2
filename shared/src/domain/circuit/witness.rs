//! What one instance has seen of calls of one kind: whose were well, and whose failed.

use std::time::Duration;

use jiff::Timestamp;

/// Remembers, of good and of bad calls, the last one and the last one of somebody else.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    good: Sightings,
    bad: Sightings,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sighting {
    subject: u32,
    at: Timestamp,
    number: u64,
}

/// The last sighting, and the last one of another subject than that.
#[derive(Clone, Debug, Default)]
struct Sightings {
    last: Option<Sighting>,
    other: Option<Sighting>,
}

impl Witness {
    /// A call for that subject was well.
    pub fn saw_success(&mut self, subject: u32, at: Timestamp) {
        let number = self.next();
        self.good.see(Sighting { subject, at, number });
    }

    /// A call for that subject failed.
    pub fn saw_failure(&mut self, subject: u32, at: Timestamp) {
        let number = self.next();
        self.bad.see(Sighting { subject, at, number });
    }

    /// Whether a failure of that subject may be its own trouble: somebody else's call was well within the window, and
    /// nobody else's has failed since.
    pub fn others_are_well(&self, subject: u32, window: Duration, now: Timestamp) -> bool {
        let good = self.good.of_others(subject).filter(|seen| seen.at + window > now);
        let bad = self.bad.of_others(subject);
        good.is_some_and(|good| bad.is_none_or(|bad| bad.number < good.number))
    }

    const fn next(&mut self) -> u64 {
        self.count = self.count.wrapping_add(1);
        self.count
    }
}

impl Sightings {
    fn see(&mut self, seen: Sighting) {
        if self.last.is_some_and(|last| last.subject != seen.subject) {
            self.other = self.last;
        }
        self.last = Some(seen);
    }

    fn of_others(&self, subject: u32) -> Option<Sighting> {
        self.last.filter(|last| last.subject != subject).or_else(|| self.other.filter(|other| other.subject != subject))
    }
}
