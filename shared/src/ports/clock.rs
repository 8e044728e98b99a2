//! The time of day, as an argument.

use jiff::Timestamp;

/// Tells the time. Instances' clocks differ, so no promise spans two of them.
pub trait Clock: Send + Sync + 'static {
    /// The instant now, cut to microseconds: what every store can hold without loss.
    fn now(&self) -> Timestamp;
}
