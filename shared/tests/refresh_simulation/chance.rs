//! Numbers that follow from the seed alone.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A source of numbers (SplitMix64): the same seed gives the same numbers in the same order.
#[derive(Debug)]
pub struct Chance(AtomicU64);

impl Chance {
    /// The source of that seed.
    pub fn new(seed: u64) -> Self {
        let chance = Self(AtomicU64::new(seed));
        // Seeds that follow each other begin alike; a step mixes them.
        let mixed = chance.next();
        Self(AtomicU64::new(mixed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// True once in so many times.
    pub fn one_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of them.
    pub fn of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// A time from one number of milliseconds to another.
    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to.saturating_sub(from) + 1))
    }

    /// Sixteen bytes.
    pub fn bytes(&self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}
