//! When a CRM is reminded that something ends: 30, 14, 7 and 1 days before.

use std::time::Duration;

use jiff::Timestamp;

use super::FirstEnd;
use crate::domain::session::Access;

/// How many days before the end, the earliest first.
pub const DAYS: [u16; 4] = [30, 14, 7, 1];

/// When so many days before that end begin.
pub fn starts_at(ends_at: Timestamp, days: u16) -> Timestamp {
    ends_at.checked_sub(Duration::from_secs(86_400 * u64::from(days))).unwrap_or(Timestamp::MIN)
}

/// The number of days that is reached now; none if the end is further away than all of them.
pub fn reached(ends_at: Timestamp, now: Timestamp) -> Option<u16> {
    DAYS.into_iter().filter(|days| starts_at(ends_at, *days) <= now).min()
}

/// What ends first of a consent in force, and when.
pub(super) fn first_end(access: &Access) -> Option<(FirstEnd, Timestamp)> {
    let ends = [(FirstEnd::Consent, access.consent_ends_at()), (FirstEnd::RefreshChain, access.grant.chain_ends_at)];
    ends.into_iter().filter_map(|(what, at)| Some((what, at?))).min_by_key(|(_, at)| *at)
}

impl Access {
    /// The instant at which the consent stops working by itself: its own end or that of the refresh tokens' chain.
    pub fn ends_at(&self) -> Option<Timestamp> {
        first_end(self).map(|(_, at)| at)
    }

    /// The reminder that is due: the closest that is reached, unless it or a closer one was told. Those that had begun
    /// when the consent was granted are not told.
    pub fn due_reminder(&self, now: Timestamp) -> Option<u16> {
        let ends_at = self.ends_at()?;
        self.untold(ends_at).filter(|days| starts_at(ends_at, *days) <= now).min()
    }

    /// When the next reminder is due.
    pub fn next_reminder_at(&self) -> Option<Timestamp> {
        let ends_at = self.ends_at()?;
        Some(starts_at(ends_at, self.untold(ends_at).max()?))
    }

    fn untold(&self, ends_at: Timestamp) -> impl Iterator<Item = u16> {
        let closest = self.reminded.unwrap_or(u16::MAX);
        let granted_at = self.granted_at;
        DAYS.into_iter().filter(move |days| *days < closest && starts_at(ends_at, *days) > granted_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_days_is_reached_to_the_instant() {
        let ends_at: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        for (now, expected) in [
            ("2025-12-31T23:59:59Z", None),
            ("2026-01-01T00:00:00Z", Some(30)),
            ("2026-01-16T23:59:59Z", Some(30)),
            ("2026-01-17T00:00:00Z", Some(14)),
            ("2026-01-24T00:00:00Z", Some(7)),
            ("2026-01-30T00:00:00Z", Some(1)),
            ("2026-03-01T00:00:00Z", Some(1)),
        ] {
            assert_eq!(reached(ends_at, now.parse().unwrap()), expected, "{now}");
        }
    }
}
