//! The clock, against others. Tokens are judged by it, and tolerated when they are 30 seconds off.

use http::{
    HeaderMap,
    header::{AGE, DATE},
};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::Client;
use shared::ports::clock::Clock;
use url::Url;

use crate::doctor::{
    finding::{Finding, What},
    kind::Kind,
};

/// From here on somebody should see to it.
const NOTABLE: SignedDuration = SignedDuration::from_secs(2);

/// From here on good tokens are refused: the leeway for clocks of CRMs.
const TOO_MUCH: SignedDuration = SignedDuration::from_secs(30);

const ADVICE: &str = "set this machine's clock by NTP; on Cloud Run it is Google's";

/// What another clock showed between two looks at our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    earliest: Timestamp,
    latest: Timestamp,
    before: Timestamp,
    after: Timestamp,
}

impl Told {
    /// It showed that instant.
    pub const fn exactly(at: Timestamp, before: Timestamp, after: Timestamp) -> Self {
        Self { earliest: at, latest: at, before, after }
    }

    /// It showed that second, and told it so long ago.
    fn second(at: Timestamp, ago: SignedDuration, before: Timestamp, after: Timestamp) -> Option<Self> {
        let earliest = at.checked_add(ago).ok()?;
        Some(Self { earliest, latest: earliest.checked_add(SignedDuration::from_secs(1)).ok()?, before, after })
    }

    /// How far ours is ahead of it at least; negative if ours is behind. Nothing if both may be right.
    fn ahead(&self) -> SignedDuration {
        if self.before > self.latest {
            self.before.duration_since(self.latest)
        } else if self.after < self.earliest {
            self.after.duration_since(self.earliest)
        } else {
            SignedDuration::ZERO
        }
    }
}

/// What the comparison comes to.
pub fn judge(what: &What, told: &Told) -> Finding {
    let ahead = told.ahead();
    let off = ahead.abs();
    let side = if ahead.is_negative() { "behind" } else { "ahead" };
    let found = format!("this machine's clock is {} s {side}", off.as_secs());
    if off > TOO_MUCH {
        Finding::fail(what, found, ADVICE)
    } else if off > NOTABLE {
        Finding::warn(what, found, ADVICE)
    } else {
        Finding::ok(what, "the clocks agree")
    }
}

/// Compares with the `Date` of an answer (RFC 9110 §6.6.1), whatever the answer is.
pub async fn ask(client: &Client, clock: &dyn Clock, url: &Url) -> Finding {
    let what = What::one(Kind::Clock, url.host_str().unwrap_or_default());
    let before = clock.now();
    let Ok(response) = client.get(url.clone()).send().await else {
        return Finding::skip(&what, "the host does not answer");
    };
    match told(response.headers(), before, clock.now()) {
        Some(told) => judge(&what, &told),
        None => Finding::skip(&what, "the host does not tell its time"),
    }
}

/// What the header says; of an answer out of a cache, with its `Age` (RFC 9111 §5.1).
fn told(headers: &HeaderMap, before: Timestamp, after: Timestamp) -> Option<Told> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let date = rfc2822::parse(text(DATE)?).ok()?.timestamp();
    let age = text(AGE).and_then(|age| age.parse().ok()).unwrap_or(0);
    Told::second(date, SignedDuration::from_secs(age), before, after)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::doctor::finding::Standing;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(784_111_777 + second).unwrap()
    }

    fn standing(told: &Told) -> Standing {
        judge(&What::all(Kind::Clock), told).status
    }

    #[test]
    fn judges_by_what_is_certain() {
        for (other, expected) in [
            (0, Standing::Ok),
            (-2, Standing::Ok),
            (-3, Standing::Warn),
            (-30, Standing::Warn),
            (-31, Standing::Fail),
            (12, Standing::Ok),
            (13, Standing::Warn),
            (41, Standing::Fail),
        ] {
            assert_eq!(standing(&Told::exactly(at(other), at(0), at(10))), expected, "{other}");
        }
        let found = judge(&What::all(Kind::Clock), &Told::exactly(at(100), at(0), at(0)));
        assert_eq!(found.found, "this machine's clock is 100 s behind");
    }

    #[test]
    fn reads_a_date_and_its_age() {
        let mut headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"))]);
        assert_eq!(standing(&told(&headers, at(0), at(0)).unwrap()), Standing::Ok);
        assert_eq!(standing(&told(&headers, at(60), at(60)).unwrap()), Standing::Fail);
        headers.insert(AGE, HeaderValue::from_static("60"));
        assert_eq!(standing(&told(&headers, at(60), at(60)).unwrap()), Standing::Ok);
        assert_eq!(told(&HeaderMap::new(), at(0), at(0)), None);
    }
}
