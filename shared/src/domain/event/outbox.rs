//! The events of one session on their way: in order, at least once, for two days.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EventKind, News};

/// How many events of one session wait at most. Beyond that the oldest that tell of newer data go first.
pub const MOST_PENDING: usize = 100;

/// How long an event is tried before it is given up, counted from when it happened.
const TRIED_FOR: Duration = Duration::from_hours(48);

/// How long nobody else tries an event that is being sent. Longer than a receiver has to answer.
const ATTEMPT: Duration = Duration::from_secs(20);

/// The first pause after a failure; each further one is three times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Events of one session that the CRM has yet to take, the earliest first. They are written in the same commit as the
/// change that they tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// The number of the last event of the session.
    pub last: u64,
    /// The number of the last event that the CRM took.
    #[serde(default)]
    pub taken: u64,
    /// What the CRM has yet to take.
    pub pending: Vec<Event>,
}

/// How many numbers are left out when events may have been sent that nothing is known of any more. More than a session has
/// events in the weeks that a backup is kept.
const GAP: u64 = 1_000;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts the events of the session from 1.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub news: News,
    /// How often somebody set out to send it.
    pub tries: u32,
}

/// What becomes of an event that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up. The next event tells that it is missing; that one is due then, if there is one.
    GivenUp(Option<Timestamp>),
    /// Nothing: somebody else has sent it meanwhile.
    Outrun,
}

impl Outbox {
    /// Whether the session never had an event.
    pub const fn is_empty(&self) -> bool {
        self.last == 0
    }

    /// Adds an event. If there are too many, one goes for it that tells of newer data; else the oldest that nobody is
    /// sending. The event after it tells that it is missing.
    pub fn add(&mut self, news: News, now: Timestamp) {
        self.last = self.last.saturating_add(1);
        self.pending.push(Event { number: self.last, at: now, news, tries: 0 });
        if self.pending.len() > MOST_PENDING {
            let is_refreshed = |event: &Event| event.news.kind() == EventKind::Refreshed;
            let refreshed = self.pending.iter().skip(1).position(is_refreshed);
            self.pending.remove(refreshed.map_or(1, |position| position + 1));
        }
    }

    /// Leaves numbers out, so that no event gets the number of one that was sent and forgotten: the store was put back to an
    /// earlier time. The next event tells the gap.
    pub const fn leave_gap(&mut self) {
        if !self.is_empty() {
            self.last = self.last.saturating_add(GAP);
        }
    }

    /// The event that is to be taken next.
    pub fn head(&self) -> Option<&Event> {
        self.pending.first()
    }

    /// How many events before the next one the CRM will never see.
    pub fn missed(&self) -> u64 {
        self.head().map_or(0, |head| head.number.saturating_sub(self.taken).saturating_sub(1))
    }

    /// Notes that the next event is being sent. Answers from when on others may send it too; nothing if there is none.
    pub fn claim(&mut self, now: Timestamp) -> Option<Timestamp> {
        let head = self.pending.first_mut()?;
        head.tries = head.tries.saturating_add(1);
        Some(now + ATTEMPT)
    }

    /// Notes that the CRM took that event, whoever sent it. Answers whether it was still pending.
    pub fn take(&mut self, number: u64) -> bool {
        let is_head = self.head().is_some_and(|head| head.number == number);
        if is_head {
            self.pending.remove(0);
            self.taken = number;
        }
        is_head
    }

    /// Notes that the event was not taken at that try, and that its receiver is to be left alone for so long.
    pub fn fail(&mut self, number: u64, tries: u32, rest: Duration, now: Timestamp) -> Failed {
        match self.head() {
            Some(head) if head.number == number && head.tries == tries => {
                if now.duration_since(head.at) < jiff::SignedDuration::try_from(TRIED_FOR).unwrap_or_default() {
                    return Failed::Again(now + rest);
                }
                self.pending.remove(0);
                Failed::GivenUp(self.head().map(|_| now))
            }
            _ => Failed::Outrun,
        }
    }
}

/// How long a receiver is left alone after so many tries: the usual pause, or for as long as it asked if that is longer,
/// within bounds. `chance` spreads the pauses of many sessions.
pub fn rest(tries: u32, chance: u8, asked: Option<Duration>) -> Duration {
    pause(tries, chance).max(asked.unwrap_or_default().min(LONGEST_PAUSE))
}

/// The pause after so many tries: ten seconds, then three times as long each time, up to an hour; a fifth more or less
/// by chance.
pub fn pause(tries: u32, chance: u8) -> Duration {
    let factor = 3_u32.saturating_pow(tries.saturating_sub(1));
    let whole = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    whole * 4 / 5 + whole * 2 / 5 * u32::from(chance) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests;
