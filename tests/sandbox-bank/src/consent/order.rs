//! The body of `POST /consents`, read and judged.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::access::Access;
use crate::policy::{Policy, TooLong};

/// The date that asks for the longest time there is (Berlin Group, `validUntil`).
const AS_LONG_AS_POSSIBLE: Date = jiff::civil::date(9999, 12, 31);

/// A request for a consent that the bank takes, already cut down to what the bank grants.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) access: Access,
    pub(crate) recurring: bool,
    pub(crate) valid_until: Date,
    pub(crate) frequency_per_day: u8,
    pub(crate) ordered_on: Date,
    pub(crate) redirect_uri: String,
    pub(crate) nok_redirect_uri: Option<String>,
}

/// Where the customer's browser goes after the bank's pages.
#[derive(Debug)]
pub(crate) struct Returns {
    pub(crate) ok: String,
    pub(crate) nok: Option<String>,
}

/// Why the body is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderFault {
    #[error("the body is not the JSON of a consent: {0}")]
    Body(#[from] serde_json::Error),
    #[error("frequencyPerDay must be at least 1, and 1 unless recurringIndicator is true")]
    Frequency,
    #[error("validUntil lies in the past")]
    Past,
    #[error("validUntil lies further ahead than this bank grants")]
    TooLong,
    #[error("this bank has no combined sessions")]
    Combined,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    access: Access,
    recurring_indicator: bool,
    valid_until: Date,
    frequency_per_day: u32,
    combined_service_indicator: bool,
}

impl Order {
    /// What a customer agrees to where no consent is asked for: all data of the accounts to pick, as
    /// long and as often as the bank grants.
    pub(crate) fn of_everything(redirect_uri: &str, policy: &Policy, today: Date) -> Self {
        Self {
            access: Access::offer(),
            recurring: true,
            valid_until: last_day(policy, today),
            frequency_per_day: policy.most_reads,
            ordered_on: today,
            redirect_uri: redirect_uri.to_owned(),
            nok_redirect_uri: None,
        }
    }

    /// Reads the body. `validUntil` is shortened to what the bank grants (9999-12-31 asks for the
    /// longest), `frequencyPerDay` is capped.
    pub(crate) fn parse(body: &[u8], returns: Returns, policy: &Policy, today: Date) -> Result<Self, OrderFault> {
        let wire: Wire = serde_json::from_slice(body)?;
        if wire.combined_service_indicator {
            return Err(OrderFault::Combined);
        }
        if wire.frequency_per_day == 0 || (!wire.recurring_indicator && wire.frequency_per_day != 1) {
            return Err(OrderFault::Frequency);
        }
        if wire.valid_until < today {
            return Err(OrderFault::Past);
        }
        let last = last_day(policy, today);
        let beyond = wire.valid_until > last && wire.valid_until != AS_LONG_AS_POSSIBLE;
        if beyond && policy.too_long == TooLong::Refused {
            return Err(OrderFault::TooLong);
        }
        let most = policy.most_reads;
        Ok(Self {
            access: wire.access,
            recurring: wire.recurring_indicator,
            valid_until: wire.valid_until.min(last),
            frequency_per_day: u8::try_from(wire.frequency_per_day).unwrap_or(most).min(most),
            ordered_on: today,
            redirect_uri: returns.ok,
            nok_redirect_uri: returns.nok,
        })
    }
}

/// The last day of a consent that holds as long as this bank grants.
fn last_day(policy: &Policy, today: Date) -> Date {
    today.saturating_add(i64::from(policy.longest_days).days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn parse(changes: &Value) -> Result<Order, OrderFault> {
        parse_by(&Policy::default(), changes)
    }

    fn parse_by(policy: &Policy, changes: &Value) -> Result<Order, OrderFault> {
        let mut body = json!({ "access": { "accounts": [] }, "recurringIndicator": true,
            "validUntil": "2026-12-31", "frequencyPerDay": 4, "combinedServiceIndicator": false });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let returns = Returns { ok: "https://tpp.example/".to_owned(), nok: None };
        Order::parse(body.to_string().as_bytes(), returns, policy, TODAY)
    }

    #[test]
    fn keeps_what_is_within_the_banks_limits() {
        let order = parse(&json!({})).unwrap();
        assert_eq!((order.valid_until, order.frequency_per_day), (date(2026, 12, 31), 4));
    }

    #[test]
    fn shortens_validity_and_caps_frequency() {
        let order = parse(&json!({ "validUntil": "9999-12-31", "frequencyPerDay": 1000 })).unwrap();
        assert_eq!((order.valid_until, order.frequency_per_day), (date(2027, 5, 19), 4));
    }

    #[test]
    fn refuses_what_the_standard_forbids() {
        for wrong in [
            json!({ "frequencyPerDay": 0 }),
            json!({ "frequencyPerDay": -1 }),
            json!({ "frequencyPerDay": 1.5 }),
            json!({ "recurringIndicator": false }),
            json!({ "recurringIndicator": "true" }),
            json!({ "validUntil": "2026-11-19" }),
            json!({ "validUntil": "31.12.2026" }),
            json!({ "combinedServiceIndicator": true }),
            json!({ "access": {} }),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn refuses_longer_consents_where_the_policy_says_so() {
        let policy = Policy { too_long: TooLong::Refused, longest_days: 90, ..Policy::default() };
        let until = |date: &str| parse_by(&policy, &json!({ "validUntil": date }));
        assert!(matches!(until("2027-02-19"), Err(OrderFault::TooLong)));
        assert_eq!(until("2027-02-18").unwrap().valid_until, date(2027, 2, 18));
        assert_eq!(until("9999-12-31").unwrap().valid_until, date(2027, 2, 18));
    }

    #[test]
    fn takes_a_one_off_consent_with_frequency_one() {
        assert!(parse(&json!({ "recurringIndicator": false, "frequencyPerDay": 1 })).is_ok());
    }
}
