//! Spike arrest (promise P7): how the fleet shares the calls that a bank wants to see, as pure functions.
//!
//! Time is cut into windows. What the bank takes in one is cut into *lanes*: who has one lane may call once in a window's
//! length, who has ten may ten times, evenly spread. The lanes that are given out never add up to more than there are, so
//! the fleet keeps to the rate at every moment and not only in the mean. They are given out anew in every window: those of
//! an instance that is gone come back with its end. A call costs the store nothing; a share costs one write.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    bank::SpikeProfile,
    ids::{BankId, OwnerId},
};

mod pacer;

pub use pacer::{Pacer, Turn};

/// How long a window is at least, in seconds: short enough that what a dead instance had is soon back, long enough that
/// shares are seldom written.
const SHORTEST: u64 = 10;

/// How many lanes a window is meant to have at least.
const FEWEST_LANES: u64 = 10;

/// Which part of the lanes, of each sixteen, is left for instances that nobody has seen yet.
const NEWCOMERS: u32 = 16;

/// How a bank's budget is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long a window is.
    pub window: Duration,
    /// How many lanes it has; at least one.
    pub lanes: u32,
}

impl Plan {
    /// The plan for that budget: the shortest windows that have lanes enough, and none longer than the bank's own time.
    pub fn of(profile: &SpikeProfile) -> Self {
        let (calls, seconds) = (u64::from(profile.calls.max(1)), u64::from(profile.seconds.max(1)));
        let wanted = (FEWEST_LANES * seconds).div_ceil(calls);
        let window = wanted.clamp(SHORTEST, SHORTEST.max(seconds));
        let lanes = u32::try_from(calls * window / seconds).unwrap_or(u32::MAX).max(1);
        Self { window: Duration::from_secs(window), lanes }
    }

    /// The number of the window that covers this instant.
    pub fn window_of(&self, now: Timestamp) -> u64 {
        u64::try_from(now.as_second()).unwrap_or(0) / self.window.as_secs().max(1)
    }

    /// How long it is to the end of the window that covers this instant.
    pub fn left(&self, now: Timestamp) -> Duration {
        let window = self.window.as_micros().max(1);
        let gone = u128::try_from(now.as_microsecond()).unwrap_or(0) % window;
        Duration::from_micros(u64::try_from(window - gone).unwrap_or(u64::MAX))
    }
}

/// Who has which part of a bank's budget in one window. One record per bank, shared by the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// Whose budget.
    pub bank: BankId,
    /// The window's number.
    window: u64,
    /// Who asked in this window.
    seats: BTreeMap<OwnerId, Seat>,
    /// What those who asked in the window before wanted.
    before: BTreeMap<OwnerId, u32>,
}

/// What one instance has and wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seat {
    lanes: u32,
    wanted: u32,
}

impl Shares {
    /// The shares at a bank where nobody has one.
    pub const fn of(bank: BankId) -> Self {
        Self { bank, window: 0, seats: BTreeMap::new(), before: BTreeMap::new() }
    }

    /// How many lanes the instance has in that window.
    pub fn held_by(&self, owner: &OwnerId, window: u64) -> u32 {
        let seat = self.seats.get(owner).filter(|_| self.window == window);
        seat.map_or(0, |seat| seat.lanes)
    }

    /// The shares after the instance asked to have `wanted` lanes in that window, and how many it has then.
    ///
    /// It gets what it wants as long as that leaves to everybody who asked in the window before what is due to him, and
    /// something to newcomers. It gets its even part as long as that leaves a lane to each of them, and at least one lane
    /// while there is one. Nothing is taken from anybody. Who gets nothing is counted in the next window.
    pub fn take(&self, owner: &OwnerId, wanted: u32, plan: &Plan, window: u64) -> (Self, u32) {
        let mut shares = self.at(window);
        let even = (plan.lanes.saturating_sub(newcomers(plan)) / shares.instances(owner)).max(1);
        let free = plan.lanes.saturating_sub(shares.given());
        let spare = free.saturating_sub(shares.awaited(owner, even)).saturating_sub(newcomers(plan));
        let others = u32::try_from(shares.absent(owner).count()).unwrap_or(u32::MAX);
        let seat = shares.seats.entry(owner.clone()).or_default();
        let target = wanted.max(1).min(even.max(seat.lanes.saturating_add(spare)));
        let first = u32::from(seat.lanes == 0);
        let reach = free.saturating_sub(others).max(first).min(free);
        seat.lanes = seat.lanes.saturating_add(target.saturating_sub(seat.lanes).min(reach));
        seat.wanted = seat.wanted.max(wanted);
        let lanes = seat.lanes;
        (shares, lanes)
    }

    /// The shares as that window finds them. One whose clock is behind uses the window that the others are in; a record
    /// from further ahead comes from a clock that was wrong, and is not kept.
    fn at(&self, window: u64) -> Self {
        if self.window == window || self.window == window.saturating_add(1) {
            return self.clone();
        }
        let follows = self.window.saturating_add(1) == window;
        let wanted = self.seats.iter().map(|(owner, seat)| (owner.clone(), seat.wanted));
        let before = if follows { wanted.collect() } else { BTreeMap::new() };
        Self { bank: self.bank.clone(), window, seats: BTreeMap::new(), before }
    }

    /// How many instances there are, this one included.
    fn instances(&self, owner: &OwnerId) -> u32 {
        let absent = self.before.keys().filter(|known| !self.seats.contains_key(known));
        let all = self.seats.keys().chain(absent);
        u32::try_from(all.filter(|known| *known != owner).count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// How many lanes are given out.
    fn given(&self) -> u32 {
        self.seats.values().map(|seat| seat.lanes).fold(0, u32::saturating_add)
    }

    /// What the others wanted who asked in the window before and have not asked yet.
    fn absent(&self, owner: &OwnerId) -> impl Iterator<Item = u32> {
        let absent = self.before.iter().filter(move |(known, _)| *known != owner && !self.seats.contains_key(known));
        absent.map(|(_, wanted)| *wanted)
    }

    /// What is due to them.
    fn awaited(&self, owner: &OwnerId, even: u32) -> u32 {
        self.absent(owner).map(|wanted| wanted.clamp(1, even)).fold(0, u32::saturating_add)
    }
}

/// How many lanes are left for instances that nobody has seen yet.
const fn newcomers(plan: &Plan) -> u32 {
    if plan.lanes > 1 { plan.lanes.div_ceil(NEWCOMERS) } else { 0 }
}

#[cfg(test)]
mod tests;
