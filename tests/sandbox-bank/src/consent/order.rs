//! The body of `POST /consents`, read and judged.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::access::Access;

/// The longest time a consent holds (Delegated Regulation 2022/2360: 180 days between two SCAs).
const LONGEST_DAYS: i64 = 180;

/// The most background reads a day (Delegated Regulation 2018/389, Art. 36(5)(b)).
const MOST_READS: u8 = 4;

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
    pub(crate) fn of_everything(redirect_uri: &str, today: Date) -> Self {
        Self {
            access: Access::offer(),
            recurring: true,
            valid_until: today.saturating_add(LONGEST_DAYS.days()),
            frequency_per_day: MOST_READS,
            ordered_on: today,
            redirect_uri: redirect_uri.to_owned(),
            nok_redirect_uri: None,
        }
    }

    /// Reads the body. `validUntil` is shortened to what the bank grants (9999-12-31 asks for the
    /// longest), `frequencyPerDay` is capped.
    pub(crate) fn parse(body: &[u8], returns: Returns, today: Date) -> Result<Self, OrderFault> {
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
        Ok(Self {
            access: wire.access,
            recurring: wire.recurring_indicator,
            valid_until: wire.valid_until.min(today.saturating_add(LONGEST_DAYS.days())),
            frequency_per_day: u8::try_from(wire.frequency_per_day).unwrap_or(MOST_READS).min(MOST_READS),
            ordered_on: today,
            redirect_uri: returns.ok,
            nok_redirect_uri: returns.nok,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn parse(changes: &Value) -> Result<Order, OrderFault> {
        let mut body = json!({ "access": { "accounts": [] }, "recurringIndicator": true,
            "validUntil": "2026-12-31", "frequencyPerDay": 4, "combinedServiceIndicator": false });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let returns = Returns { ok: "https://tpp.example/".to_owned(), nok: None };
        Order::parse(body.to_string().as_bytes(), returns, TODAY)
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
    fn takes_a_one_off_consent_with_frequency_one() {
        assert!(parse(&json!({ "recurringIndicator": false, "frequencyPerDay": 1 })).is_ok());
    }
}
