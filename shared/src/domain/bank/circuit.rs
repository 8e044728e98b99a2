//! When calls to a bank are stopped for a while.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the circuit of a bank and an operation opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CircuitProfile {
    /// Failures within the window that open it.
    #[schemars(range(min = 1, max = 1000))]
    pub failures: u32,
    /// Seconds that the window is long.
    #[schemars(range(min = 1, max = 3600))]
    pub window_seconds: u32,
    /// Seconds until the first probe.
    #[schemars(range(min = 1, max = 3600))]
    pub cool_down_seconds: u32,
    /// Seconds that the cool-down grows to at most; it doubles with every probe that fails.
    #[schemars(range(min = 1, max = 86_400))]
    pub longest_cool_down_seconds: u32,
}

/// Five failures in a minute; half a minute's rest, a quarter of an hour at most.
impl Default for CircuitProfile {
    fn default() -> Self {
        Self { failures: 5, window_seconds: 60, cool_down_seconds: 30, longest_cool_down_seconds: 900 }
    }
}

impl CircuitProfile {
    /// How long a failure counts.
    pub fn window(&self) -> Duration {
        Duration::from_secs(self.window_seconds.into())
    }

    /// How long the circuit stays open after so many probes that failed one after another.
    pub fn cool_down(&self, failed_probes: u32) -> Duration {
        let longest = u64::from(self.longest_cool_down_seconds.max(self.cool_down_seconds));
        let doubled =
            u64::from(self.cool_down_seconds).saturating_mul(1_u64.checked_shl(failed_probes).unwrap_or(u64::MAX));
        Duration::from_secs(doubled.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cool_down_doubles_up_to_its_bound() {
        let profile = CircuitProfile::default();
        let seconds: Vec<_> = (0..8).map(|failed| profile.cool_down(failed).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(profile.cool_down(u32::MAX).as_secs(), 900);
    }
}
