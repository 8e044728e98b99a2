//! One bank in a run: what waits for it, how much is under way, and how it may go on.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::outcome::Skip;
use crate::{
    domain::{bank::Bank, canary::Trial, session::Session},
    ports::store::Loaded,
};

/// One bank in a run.
pub(super) struct Lane {
    pub bank: Arc<Bank>,
    pub queue: VecDeque<Loaded<Session>>,
    /// How many refreshes are under way.
    pub running: usize,
    pub pace: Pace,
    /// Nothing begins before that.
    pub paused_until: Option<Timestamp>,
    /// What the run has met here, once it may send anything.
    pub trial: Option<Trial>,
}

/// How a run may go on at a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It is not known yet, or another run sends the canaries: ask again.
    Unknown,
    /// One by one.
    Canaries,
    /// As many at once as the bank's document says.
    Open,
    /// Not at all: whoever waits is put off until then.
    Closed(Skip, Timestamp),
}

/// What is to be done with a session.
pub(super) enum Task {
    Refresh(Box<Loaded<Session>>),
    PutOff(Box<Loaded<Session>>, Skip, Timestamp),
}

impl Lane {
    pub fn new(bank: Arc<Bank>) -> Self {
        Self { bank, queue: VecDeque::new(), running: 0, pace: Pace::Unknown, paused_until: None, trial: None }
    }

    /// What is to be done next, if anything may be now.
    pub fn next(&mut self, now: Timestamp) -> Option<Task> {
        let most = match self.pace {
            Pace::Unknown => 0,
            Pace::Canaries => 1,
            Pace::Open | Pace::Closed(..) => usize::try_from(self.bank.background.in_flight).unwrap_or(1),
        };
        if self.running >= most || self.paused_until.is_some_and(|until| now < until) {
            return None;
        }
        let session = Box::new(self.queue.pop_front()?);
        self.running += 1;
        Some(match self.pace {
            Pace::Closed(skip, until) => Task::PutOff(session, skip, until),
            Pace::Unknown | Pace::Canaries | Pace::Open => Task::Refresh(session),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::samples;

    #[test]
    fn a_lane_without_anything_waiting_starts_nothing() {
        let mut lane = Lane::new(Arc::new(samples::bank()));
        for pace in [Pace::Unknown, Pace::Canaries, Pace::Open, Pace::Closed(Skip::Canary, Timestamp::UNIX_EPOCH)] {
            lane.pace = pace;
            assert!(lane.next(Timestamp::UNIX_EPOCH).is_none() && lane.running == 0);
        }
    }
}
