//! What a bank's answer says of its limit on reads without the PSU.
//!
//! The hub trusts its own ledger first. A bank may say that less is left, never that more is; and a time that it names is
//! believed only if it makes sense: later than now, and within a day.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::bank::LimitHeaders,
    ports::bank_http::BankResponse,
    protocol::berlin_group::{errors::AnswerError, meaning::Meaning},
};

/// Nothing is left, as the bank says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Until then.
    Until(Timestamp),
    /// Of the day; it did not say when there will be more, or nothing that can be believed.
    DayIsOver,
}

/// No limit on reads lasts longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Below it a whole number is a count of seconds, from it on an instant (it was in 2001).
const FIRST_INSTANT: i64 = 1_000_000_000;

/// What the answer says, if it says that nothing is left: by its refusal, or by a header.
pub(super) fn word(
    names: &LimitHeaders,
    response: &BankResponse,
    refusal: Option<&AnswerError>,
    now: Timestamp,
) -> Option<Word> {
    let told = match refusal {
        Some(AnswerError::Refused(refusal)) if is_limit(refusal.meaning) => {
            let wait = refusal.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
            // What the bank says about waiting was cut to a day when it was read: a whole day may have been a million years.
            wait.filter(|wait| *wait < LONGEST).and_then(|wait| now.checked_add(wait).ok())
        }
        _ if remaining(names, &response.headers) == Some(0) => None,
        _ => return None,
    };
    let sane = |until: &Timestamp| *until > now && until.duration_since(now) <= LONGEST;
    let until = told.filter(sane).or_else(|| reset(names, &response.headers, now).filter(sane));
    Some(until.map_or(Word::DayIsOver, Word::Until))
}

/// Whether a refusal says that there were too many reads.
pub(super) const fn is_about_limit(refusal: &AnswerError) -> bool {
    matches!(refusal, AnswerError::Refused(refusal) if is_limit(refusal.meaning))
}

const fn is_limit(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::AccessExceeded | Meaning::TooManyRequests)
}

/// How many reads are left; a number below zero is a mistake, and says nothing.
fn remaining(names: &LimitHeaders, headers: &HeaderMap) -> Option<u64> {
    text(names.remaining.as_ref(), headers)?.parse().ok()
}

/// When there are new ones.
fn reset(names: &LimitHeaders, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = text(names.reset.as_ref(), headers)?;
    match text.parse::<i64>() {
        Ok(seconds) if seconds < FIRST_INSTANT => now.checked_add(SignedDuration::from_secs(seconds)).ok(),
        Ok(instant) => Timestamp::from_second(instant).ok(),
        Err(_) => text.parse().ok(),
    }
}

fn text<'a>(name: Option<&String>, headers: &'a HeaderMap) -> Option<&'a str> {
    headers.get(name?)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderName, StatusCode};

    use super::*;
    use crate::protocol::berlin_group::refusal::BankRefusal;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn names() -> LimitHeaders {
        LimitHeaders { remaining: Some("X-Left".to_owned()), reset: Some("X-Reset".to_owned()) }
    }

    fn response(headers: &[(&str, &str)]) -> BankResponse {
        let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        BankResponse { status: StatusCode::OK, headers: headers.iter().map(pair).collect(), body: Bytes::new() }
    }

    fn refused(meaning: Meaning, wait: Option<u64>) -> AnswerError {
        let retry_after = wait.map(Duration::from_secs);
        AnswerError::Refused(BankRefusal { status: StatusCode::TOO_MANY_REQUESTS, code: None, meaning, retry_after })
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is compared with it is optional")]
    fn minutes(minutes: i64) -> Option<Word> {
        Some(Word::Until(now() + SignedDuration::from_mins(minutes)))
    }

    #[test]
    fn a_refusal_is_believed_with_its_time_or_for_the_day() {
        for meaning in [Meaning::AccessExceeded, Meaning::TooManyRequests] {
            let word = |wait| word(&names(), &response(&[]), Some(&refused(meaning, wait)), now());
            assert_eq!(word(Some(600)), minutes(10));
            assert_eq!(word(None), Some(Word::DayIsOver));
            assert_eq!(word(Some(0)), Some(Word::DayIsOver), "it cannot be met and over");
            assert_eq!(word(Some(86_400)), Some(Word::DayIsOver), "it may have been a million years");
        }
        assert_eq!(word(&names(), &response(&[]), Some(&refused(Meaning::BankFailing, Some(600))), now()), None);
    }

    #[test]
    fn headers_tell_that_nothing_is_left() {
        let said = |headers: &[(&str, &str)]| word(&names(), &response(headers), None, now());
        assert_eq!(said(&[("x-left", "0"), ("x-reset", "600")]), minutes(10));
        assert_eq!(said(&[("x-left", " 0 "), ("x-reset", "2026-03-01T10:30:00Z")]), minutes(30));
        let epoch = (now() + SignedDuration::from_mins(5)).as_second().to_string();
        assert_eq!(said(&[("x-left", "0"), ("x-reset", &epoch)]), minutes(5));
        assert_eq!(said(&[("x-left", "0")]), Some(Word::DayIsOver));
        assert_eq!(said(&[("x-left", "3"), ("x-reset", "600")]), None);
        assert_eq!(said(&[("x-reset", "600")]), None);
    }

    #[test]
    fn what_makes_no_sense_is_not_slept_on() {
        let said =
            |left: &str, reset: &str| word(&names(), &response(&[("x-left", left), ("x-reset", reset)]), None, now());
        for left in ["-3", "none", "", "0.0", "99999999999999999999999"] {
            assert_eq!(said(left, "600"), None, "{left}");
        }
        for reset in
            ["-600", "0", "86401", "999999999999999999999", "2036-03-01T10:00:00Z", "2026-03-01T09:00:00Z", "soon"]
        {
            assert_eq!(said("0", reset), Some(Word::DayIsOver), "{reset}");
        }
    }

    #[test]
    fn a_bank_without_such_headers_is_not_looked_at_for_them() {
        let response = response(&[("x-left", "0"), ("x-reset", "600")]);
        assert_eq!(word(&LimitHeaders::default(), &response, None, now()), None);
    }
}
