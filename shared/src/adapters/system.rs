//! The machine's own clock and randomness: the only places that touch either.

use aws_lc_rs::rand;
use jiff::Timestamp;

use crate::ports::{
    clock::Clock,
    entropy::{Entropy, NoEntropy},
};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// The cryptographic library's generator, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        rand::fill(buffer).map_err(|_| NoEntropy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_clock_keeps_its_promises() {
        testing::clock::conformance(&SystemClock);
    }

    #[test]
    fn the_entropy_keeps_its_promises() {
        testing::entropy::conformance(&SystemEntropy);
    }
}
