//! Holds sources of randomness to what can be checked of it, and a deterministic one for tests.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    domain::code_hash::sha256,
    ports::entropy::{Entropy, NoEntropy, random},
};

/// Every promise of the port that a test can check.
pub fn conformance(entropy: &dyn Entropy) {
    never_repeats(entropy);
    fills_the_whole_buffer(entropy);
    uses_every_bit_evenly(entropy);
}

/// Ten thousand keys of 128 bits are all different.
pub fn never_repeats(entropy: &dyn Entropy) {
    let seen: HashSet<[u8; 16]> = (0..10_000).map(|_| random(entropy).unwrap()).collect();
    assert_eq!(seen.len(), 10_000);
}

/// No byte of a buffer, whatever its length, is left as it was. (Sixteen fills leave one by chance once in 2^128.)
pub fn fills_the_whole_buffer(entropy: &dyn Entropy) {
    for length in [0, 1, 31, 32, 33, 100] {
        let mut touched = vec![false; length];
        for _ in 0..16 {
            let mut buffer = vec![0; length];
            entropy.fill(&mut buffer).unwrap();
            touched.iter_mut().zip(buffer).for_each(|(touched, byte)| *touched |= byte != 0);
        }
        assert!(touched.iter().all(|touched| *touched), "a buffer of {length} bytes has bytes that are never filled");
    }
}

/// Of a hundred thousand bytes every bit is set about as often as not: further off than six standard deviations, less
/// than once in ten million runs.
pub fn uses_every_bit_evenly(entropy: &dyn Entropy) {
    let mut bytes = vec![0_u8; 100_000];
    entropy.fill(&mut bytes).unwrap();
    for bit in 0..8 {
        let set = bytes.iter().filter(|byte| *byte >> bit & 1 == 1).count();
        assert!(set.abs_diff(50_000) < 950, "bit {bit} is set {set} times of 100,000");
    }
}

/// Bytes that look random but follow from the seed alone, so that a test can be repeated. **For tests only**: whoever
/// knows the seed knows every byte.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// A source that always gives the same bytes for the same seed, if one thread asks.
    pub const fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }

    /// The SHA-256 of seed and a counter that never repeats.
    fn block(&self) -> [u8; 32] {
        let count = self.blocks.fetch_add(1, Ordering::Relaxed);
        sha256(&[self.seed.to_be_bytes(), count.to_be_bytes()].concat())
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in buffer.chunks_mut(32) {
            chunk.iter_mut().zip(self.block()).for_each(|(byte, random)| *byte = random);
        }
        Ok(())
    }
}

/// A source that always fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExhaustedEntropy;

impl Entropy for ExhaustedEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_promises() {
        conformance(&SeededEntropy::new(1));
    }

    #[test]
    fn the_seed_decides_the_bytes() {
        let bytes = |seed| random::<40>(&SeededEntropy::new(seed)).unwrap();
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
