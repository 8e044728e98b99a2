//! When a server wants to be asked again (RFC 9110 §10.2.3).

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// The longest wait that is believed: a day, the window that banks count reads in. A typing error must not silence an
/// account for a thousand years.
const LONGEST: Duration = Duration::from_hours(24);

static DATES: DateTimeParser = DateTimeParser::new();

/// How long the server wants us to wait, at most a day; `None` if it does not say, or says it in no known form.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if is_number(value) { seconds(value) } else { until(headers)? };
    Some(wait.min(LONGEST))
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number too large for us to hold is a long wait all the same.
fn seconds(digits: &str) -> Duration {
    digits.parse().map_or(LONGEST, Duration::from_secs)
}

/// The wait until a date is counted from the answer's own `Date`: by the server's clock, not by ours.
fn until(headers: &HeaderMap) -> Option<Duration> {
    let wait = date(headers, header::RETRY_AFTER)?.duration_since(date(headers, header::DATE)?);
    Some(Duration::try_from(wait).unwrap_or_default())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    DATES.parse_timestamp(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn reads_seconds_and_dates() {
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("Wed, 21 Oct 2026 07:29:30 GMT"), Some(90));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
    }

    #[test]
    fn believes_no_more_than_a_day() {
        for value in ["1000000000000", "99999999999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"] {
            assert_eq!(wait(value), Some(86_400), "{value}");
        }
    }

    #[test]
    fn what_is_in_no_known_form_says_nothing() {
        for value in ["", "-1", "1.5", "soon", "12 h"] {
            assert_eq!(wait(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn a_date_without_the_bank_s_own_clock_says_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "Wed, 21 Oct 2026 07:29:30 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }
}
