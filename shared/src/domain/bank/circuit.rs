//! When calls to a bank are stopped for a while.

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
}

/// Five failures in a minute.
impl Default for CircuitProfile {
    fn default() -> Self {
        Self { failures: 5, window_seconds: 60, cool_down_seconds: 30 }
    }
}
