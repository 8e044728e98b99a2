//! What refusals mean at one bank.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::meaning::Meaning;

/// What some refusals mean. A rule holds if everything that it names is so; one that names nothing never holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// The answer's status.
    pub status: Option<u16>,
    /// The code in the answer.
    pub code: Option<String>,
    /// A text somewhere in the answer, in this very case.
    pub text_contains: Option<String>,
    /// What it means.
    pub meaning: Meaning,
}

impl ErrorRule {
    /// Whether the rule holds for a refusal with this status, this code and this body.
    pub fn holds(&self, status: u16, code: Option<&str>, body: &[u8]) -> bool {
        let names_something = self.status.is_some() || self.code.is_some() || self.text_contains.is_some();
        names_something
            && self.status.is_none_or(|wanted| wanted == status)
            && self.code.as_deref().is_none_or(|wanted| Some(wanted) == code)
            && self.text_contains.as_deref().is_none_or(|wanted| contains(body, wanted.as_bytes()))
    }
}

/// Whether a text stands in a body. The empty text stands in none.
fn contains(body: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && body.windows(text.len()).any(|part| part == text)
}

/// What is believed of a consent that the bank calls expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lapsing {
    /// Days after the grant before which the bank is not believed: its consent object is asked instead. None if it is
    /// always believed.
    pub not_before_days: Option<u16>,
}

impl Lapsing {
    /// Whether a consent granted then can have expired by now, as far as the bank is to be believed.
    pub fn believes(self, granted_at: Timestamp, now: Timestamp) -> bool {
        let Some(days) = self.not_before_days else { return true };
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        day(now) >= day(granted_at).saturating_add(i64::from(days).days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(status: Option<u16>, code: Option<&str>, text: Option<&str>) -> ErrorRule {
        ErrorRule {
            status,
            code: code.map(str::to_owned),
            text_contains: text.map(str::to_owned),
            meaning: Meaning::ConsentExpired,
        }
    }

    #[test]
    fn a_rule_holds_if_everything_that_it_names_is_so() {
        let body = b"{\"detail\":\"consent is over\"}";
        let holds = |rule: ErrorRule| rule.holds(403, Some("GONE"), body);
        assert!(holds(rule(Some(403), None, None)));
        assert!(holds(rule(Some(403), Some("GONE"), Some("is over"))));
        assert!(!holds(rule(Some(401), Some("GONE"), None)));
        assert!(!holds(rule(None, Some("OTHER"), None)));
        assert!(!holds(rule(None, None, Some("IS OVER"))));
        assert!(!holds(rule(None, None, Some(""))) && !holds(rule(None, None, None)));
    }

    #[test]
    fn a_bank_that_lies_is_not_believed_before_its_day() {
        let granted: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let lapsing = Lapsing { not_before_days: Some(30) };
        assert!(!lapsing.believes(granted, "2026-01-30T23:59:59Z".parse().unwrap()));
        assert!(lapsing.believes(granted, "2026-01-31T00:00:00Z".parse().unwrap()));
        assert!(Lapsing::default().believes(granted, granted));
    }
}
