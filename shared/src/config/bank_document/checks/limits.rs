//! Bounds on calls.

use std::time::Duration;

use crate::{
    config::bank_document::{place::Place, tables::LimitsTable},
    domain::bank::CallLimits,
};

/// The longest that one call may last, so that a refresh surely ends before its lease.
pub const LONGEST_CALL: Duration = Duration::from_secs(30);

impl LimitsTable {
    pub(super) fn check(self, place: &mut Place<'_>) -> CallLimits {
        let default = CallLimits::default();
        let limits = CallLimits {
            connect: self.connect_millis.map_or(default.connect, millis),
            total: self.total_millis.map_or(default.total, millis),
            body_bytes: self.body_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default.body_bytes),
            pages: self.pages.unwrap_or(default.pages),
        };
        place.demand("limits.total_millis", limits.total <= LONGEST_CALL, "must be at most 30000");
        place.demand("limits.connect_millis", limits.connect <= limits.total, "must not be more than total_millis");
        limits
    }
}

/// Thousandths of a second.
pub fn millis(number: u32) -> Duration {
    Duration::from_millis(number.into())
}
