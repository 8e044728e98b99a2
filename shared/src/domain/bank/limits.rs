//! Bounds on calls to one bank.

use std::time::Duration;

/// Bounds on calls to one bank.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// To a TCP and TLS connection.
    pub connect: Duration,
    /// From the call to the last byte of the answer.
    pub total: Duration,
    /// Bytes of one answer, after decompression.
    pub body_bytes: usize,
    /// Pages of one list that one reading may touch.
    pub pages: u32,
    /// Calls that one instance has under way at once.
    pub in_flight: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            body_bytes: 10 * 1024 * 1024,
            pages: 1_000,
            in_flight: 64,
        }
    }
}
