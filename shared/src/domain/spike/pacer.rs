//! One instance's turns within its share.

use std::time::Duration;

/// Gives each call of one instance its turn. Instants are counted by the instance's steady clock, from any beginning.
///
/// It saves up for one call at most: after a rest one call goes at once, and the next one when it is its turn. So in any
/// time the calls are at most what the lanes of that time allow, and one more.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    /// What one call costs: the microseconds of a window.
    cost: u64,
    /// What is saved, at most the cost. Every lane saves one in a microsecond.
    saved: u64,
    /// Until when it was saved.
    at: Duration,
    lanes: u32,
    ends: Duration,
}

/// What a call has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is its turn.
    Go,
    /// Look again after that time; its turn comes then, or the share ends.
    Wait(Duration),
    /// There is no share, or it has ended.
    Ask,
}

impl Pacer {
    /// One that has no share yet. Its first call under a share need not wait.
    pub fn of(window: Duration) -> Self {
        let cost = u64::try_from(window.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { cost, saved: cost, ..Self::default() }
    }

    /// Has so many lanes from now until then.
    pub fn share(&mut self, lanes: u32, now: Duration, ends: Duration) {
        self.save(now);
        (self.lanes, self.ends) = (lanes, ends);
    }

    /// The lanes that it has now.
    pub fn lanes(&self, now: Duration) -> u32 {
        if now < self.ends { self.lanes } else { 0 }
    }

    /// The turn of the call that is next in the queue. [`Turn::Go`] is given once.
    pub fn turn(&mut self, now: Duration) -> Turn {
        if self.lanes(now) == 0 {
            return Turn::Ask;
        }
        self.save(now);
        if let Some(left) = self.saved.checked_sub(self.cost) {
            self.saved = left;
            return Turn::Go;
        }
        Turn::Wait(self.time_for(0).min(self.ends.saturating_sub(now)))
    }

    /// How long a call would wait that has so many before it, if the share lasted.
    pub fn wait(&mut self, before: u32, now: Duration) -> Duration {
        self.save(now);
        self.time_for(before)
    }

    /// How many lanes it takes for a call with so many before it to wait no longer than that.
    pub fn lanes_for(&mut self, before: u32, longest: Duration, now: Duration) -> u32 {
        self.save(now);
        let longest = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1);
        u32::try_from(self.missing(before).div_ceil(longest)).unwrap_or(u32::MAX).max(1)
    }

    fn time_for(&self, before: u32) -> Duration {
        let lanes = u64::from(self.lanes.max(1));
        Duration::from_micros(self.missing(before).div_ceil(lanes))
    }

    fn missing(&self, before: u32) -> u64 {
        self.cost.saturating_mul(u64::from(before).saturating_add(1)).saturating_sub(self.saved)
    }

    fn save(&mut self, now: Duration) {
        let saving = now.min(self.ends).saturating_sub(self.at);
        let gained = u64::try_from(saving.as_micros()).unwrap_or(u64::MAX).saturating_mul(self.lanes.into());
        self.saved = self.saved.saturating_add(gained).min(self.cost);
        self.at = self.at.max(now);
    }
}
