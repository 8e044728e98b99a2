//! How many calls a bank wants to see in a time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many calls one bank gets from the whole fleet in a time, and how long a call may wait for its turn (promise P7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeProfile {
    /// Calls in that time.
    #[schemars(range(min = 1, max = 100_000))]
    pub calls: u32,
    /// Seconds that the time is long.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 3600))]
    pub seconds: u32,
    /// Thousandths of a second that a call waits at most for its turn.
    #[serde(default = "two_thousand")]
    #[schemars(range(max = 10_000))]
    pub longest_wait_millis: u32,
    /// Calls that may wait at once in one instance.
    #[serde(default = "hundred")]
    #[schemars(range(max = 10_000))]
    pub queue: u32,
}

const fn one() -> u32 {
    1
}

const fn two_thousand() -> u32 {
    2_000
}

const fn hundred() -> u32 {
    100
}

impl SpikeProfile {
    /// How long a call waits at most for its turn.
    pub fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest_wait_millis.into())
    }
}
