//! Bounds on calls.

use std::time::Duration;

use http::HeaderName;

use crate::{
    config::bank_document::{place::Place, tables::LimitsTable},
    domain::bank::{BackgroundProfile, CallLimits, CircuitProfile},
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
            in_flight: self.in_flight.unwrap_or(default.in_flight),
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

pub(super) fn check_circuit(circuit: &CircuitProfile, place: &mut Place<'_>) {
    let grows = circuit.longest_cool_down_seconds >= circuit.cool_down_seconds;
    place.demand("circuit.longest_cool_down_seconds", grows, "must not be less than cool_down_seconds");
}

pub(super) fn check_background(background: &BackgroundProfile, place: &mut Place<'_>) {
    let leaves_reads = background.refreshes_per_day <= background.reads_per_day;
    place.demand("background.refreshes_per_day", leaves_reads, "must not be more than reads_per_day");
    let headers = &background.headers;
    for (field, name) in [("remaining", &headers.remaining), ("reset", &headers.reset)] {
        if let Some(name) = name {
            place.take(
                &format!("background.headers.{field}"),
                HeaderName::try_from(name.as_str()).map_err(|_| "is no header's name"),
            );
        }
    }
}
