//! When a bank is not there by announcement.

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A window that comes every week or every day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// On which day it begins; every day if absent.
    pub weekday: Option<Weekday>,
    /// When it begins, as `HH:MM` in UTC.
    #[schemars(with = "String", regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), extend("x-form" = "a time such as 23:30"))]
    pub from: Time,
    /// How many minutes it lasts, at most a day.
    #[schemars(range(min = 1, max = 1440))]
    pub minutes: u16,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "days say what they are")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    const fn as_civil(self) -> jiff::civil::Weekday {
        match self {
            Self::Monday => jiff::civil::Weekday::Monday,
            Self::Tuesday => jiff::civil::Weekday::Tuesday,
            Self::Wednesday => jiff::civil::Weekday::Wednesday,
            Self::Thursday => jiff::civil::Weekday::Thursday,
            Self::Friday => jiff::civil::Weekday::Friday,
            Self::Saturday => jiff::civil::Weekday::Saturday,
            Self::Sunday => jiff::civil::Weekday::Sunday,
        }
    }
}

impl MaintenanceWindow {
    /// When the window that covers this instant ends; `None` outside of it.
    pub fn covering(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let days = [Some(today), today.yesterday().ok()];
        days.into_iter().flatten().find_map(|day| {
            if self.weekday.is_some_and(|weekday| weekday.as_civil() != day.weekday()) {
                return None;
            }
            let begins = day.to_datetime(self.from).to_zoned(TimeZone::UTC).ok()?.timestamp();
            let ends = begins.checked_add(SignedDuration::from_mins(i64::from(self.minutes))).ok()?;
            (begins <= now && now < ends).then_some(ends)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(weekday: Option<Weekday>, hour: i8, minutes: u16) -> MaintenanceWindow {
        MaintenanceWindow { weekday, from: Time::constant(hour, 0, 0, 0), minutes }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_may_reach_into_the_next_day() {
        // 2026-11-21 is a Saturday.
        let night = window(Some(Weekday::Saturday), 23, 120);
        assert_eq!(night.covering(at("2026-11-21T22:59:59Z")), None);
        for inside in ["2026-11-21T23:00:00Z", "2026-11-22T00:59:59Z"] {
            assert_eq!(night.covering(at(inside)), Some(at("2026-11-22T01:00:00Z")), "{inside}");
        }
        assert_eq!(night.covering(at("2026-11-22T01:00:00Z")), None);
        assert_eq!(night.covering(at("2026-11-22T23:30:00Z")), None);
    }

    proptest! {
        #[test]
        fn its_end_is_always_ahead_and_never_further_than_it_is_long(second in 0_i64..4_000_000_000, hour in 0_i8..24, minutes in 1_u16..=1440) {
            let now = Timestamp::from_second(second).unwrap();
            if let Some(ends) = window(None, hour, minutes).covering(now) {
                prop_assert!(ends > now && ends.duration_since(now) <= SignedDuration::from_mins(i64::from(minutes)));
            } else {
                prop_assert!(minutes < 1440);
            }
        }
    }
}
