//! The pieces that JSON bodies of this dialect are made of, read as leniently as is safe.
//!
//! Banks write booleans and counts in quotes (the standard's own samples do), and blank texts where they have nothing
//! to say. Both are taken for what they mean. A date that is none is an error: it would file money under a wrong day.

use std::str::FromStr;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use serde::{Deserialize, Deserializer};

use super::errors::MalformedAnswer;
use crate::domain::data_profile::{DateRules, DateTimes};

/// A text that may be absent; `null` and blanks are absence too.
#[derive(Default)]
pub(super) struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(Self(text.filter(|text| !text.trim().is_empty())))
    }
}

impl Text {
    /// The text, if there is one.
    pub(super) fn into_option(self) -> Option<String> {
        self.0
    }

    /// The text, if there is one, left where it is.
    pub(super) fn as_option(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether it is there and says something else.
    pub(super) fn is_other_than(&self, text: &str) -> bool {
        self.as_option().is_some_and(|told| told != text)
    }

    /// The text of a member that the answer cannot do without.
    pub(super) fn required(self, name: &'static str) -> Result<String, MalformedAnswer> {
        self.0.ok_or(MalformedAnswer::Missing(name))
    }

    /// The text as a calendar day, `YYYY-MM-DD` and nothing else.
    pub(super) fn date(self, name: &'static str) -> Result<Option<Date>, MalformedAnswer> {
        let day = |text: &str| if text.len() == 10 { text.parse().ok() } else { None };
        self.0.map(|text| day(&text).ok_or(MalformedAnswer::Invalid(name))).transpose()
    }

    /// The text as a day of the bank's calendar: a day, or a time where the bank is known to write one.
    pub(super) fn day(self, name: &'static str, rules: &DateRules) -> Result<Option<Date>, MalformedAnswer> {
        let Some(text) = self.0 else { return Ok(None) };
        if rules.times == DateTimes::Refuse || text.len() <= 10 {
            return Self(Some(text)).date(name);
        }
        let by_offset = text.parse().map(|instant| rules.day_of(instant)).ok();
        let day = by_offset.or_else(|| DateTime::from_str(&text).map(DateTime::date).ok());
        day.map(Some).ok_or(MalformedAnswer::Invalid(name))
    }

    /// The text as an instant. Some banks leave the offset out; such a time is no instant, and none is made up.
    pub(super) fn instant(self, name: &'static str) -> Result<Option<Timestamp>, MalformedAnswer> {
        let Some(text) = self.0 else { return Ok(None) };
        match text.parse() {
            Ok(instant) => Ok(Some(instant)),
            Err(_) if DateTime::from_str(&text).is_ok() => Ok(None),
            Err(_) => Err(MalformedAnswer::Invalid(name)),
        }
    }
}

/// A value that may stand in quotes.
pub(super) struct Quotable<T>(pub T);

impl<'de, T: Deserialize<'de> + FromStr> Deserialize<'de> for Quotable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Quoted::deserialize(deserializer)? {
            Quoted::Bare(value) => Ok(Self(value)),
            Quoted::InQuotes(text) => {
                text.parse().map(Self).map_err(|_| serde::de::Error::custom("not a value in quotes"))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Quoted<T> {
    Bare(T),
    InQuotes(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Text {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn blanks_and_null_are_absence() {
        for json in ["null", r#""""#, r#""  ""#] {
            assert_eq!(text(json).into_option(), None, "{json}");
        }
        assert_eq!(text(r#"" a ""#).into_option().as_deref(), Some(" a "));
        assert!(serde_json::from_str::<Text>("5").is_err());
    }

    #[test]
    fn a_day_is_written_one_way() {
        assert_eq!(text(r#""2024-02-29""#).date("day").unwrap(), Some(jiff::civil::date(2024, 2, 29)));
        assert_eq!(text("null").date("day").unwrap(), None);
        for bad in ["2023-02-29", "20240229", "29.02.2024", "2024-2-29", "2024-02-29T00:00:00", "2024-W09-4", "today"] {
            let judged = text(&format!("\"{bad}\"")).date("day");
            assert_eq!(judged, Err(MalformedAnswer::Invalid("day")), "{bad}");
        }
    }

    #[test]
    fn a_time_is_a_day_where_the_bank_writes_times() {
        let rules = DateRules { times: DateTimes::Convert, utc_offset_minutes: 60, ..DateRules::default() };
        let day = |time: &str| text(&format!("\"{time}\"")).day("day", &rules);
        assert_eq!(day("2026-01-01T23:30:00Z").unwrap(), Some(jiff::civil::date(2026, 1, 2)));
        assert_eq!(day("2026-01-01T23:30:00+01:00").unwrap(), Some(jiff::civil::date(2026, 1, 1)));
        assert_eq!(day("2026-01-01T23:30:00").unwrap(), Some(jiff::civil::date(2026, 1, 1)));
        assert_eq!(day("2026-01-01").unwrap(), Some(jiff::civil::date(2026, 1, 1)));
        for bad in ["01.01.2026", "2026-01-01 or so", "20260101T233000 tomorrow"] {
            assert!(day(bad).is_err(), "{bad}");
        }
        let refused = text("\"2026-01-01T23:30:00Z\"").day("day", &DateRules::default());
        assert_eq!(refused, Err(MalformedAnswer::Invalid("day")));
    }

    #[test]
    fn an_instant_needs_an_offset() {
        let instant = |time: &str| text(&format!("\"{time}\"")).instant("time");
        assert_eq!(instant("2017-10-25T15:30:35+02:00").unwrap(), Some("2017-10-25T13:30:35Z".parse().unwrap()));
        assert_eq!(instant("2017-10-25T15:30:35.035"), Ok(None));
        assert_eq!(instant("yesterday"), Err(MalformedAnswer::Invalid("time")));
    }

    #[test]
    fn values_may_stand_in_quotes() {
        let flag = |json| serde_json::from_str::<Quotable<bool>>(json).ok().map(|flag| flag.0);
        assert_eq!(
            (flag("true"), flag(r#""false""#), flag(r#""yes""#), flag("1")),
            (Some(true), Some(false), None, None)
        );
        let count = |json| serde_json::from_str::<Quotable<u32>>(json).ok().map(|count| count.0);
        assert_eq!((count("4"), count(r#""4""#), count("-1"), count("4.5")), (Some(4), Some(4), None, None));
    }
}
