//! Money, exactly. No amount passes through floating point anywhere in the hub.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether money came in or went out (ISO 20022 `CreditDebitCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CreditDebit {
    /// Money came in, or the balance is zero or more.
    #[serde(rename = "CRDT")]
    Credit,
    /// Money went out, or the balance is below zero.
    #[serde(rename = "DBIT")]
    Debit,
}

/// A text is not an amount the hub can hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an exact decimal amount")]
pub struct NotAnAmount;

/// An amount without its sign, with the digits after the point as the bank gave them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, examples("123.45"), pattern = r"^\d{1,20}(\.\d{1,8})?$")]
pub struct Amount(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl Amount {
    /// Splits a decimal text such as `-100.03` into direction and amount. Takes digits with at most one point and an
    /// optional leading sign; at most 20 digits before and 8 after the point; no exponent, no spaces.
    pub fn parse_signed(text: &str) -> Result<(CreditDebit, Self), NotAnAmount> {
        let (direction, digits) = match text.as_bytes().first() {
            Some(b'-') => (CreditDebit::Debit, &text[1..]),
            Some(b'+') => (CreditDebit::Credit, &text[1..]),
            _ => (CreditDebit::Credit, text),
        };
        Ok((direction, Self::parse(digits)?))
    }

    /// An amount without a sign.
    pub fn parse(digits: &str) -> Result<Self, NotAnAmount> {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let within = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !within(whole, 20) || !within(fraction, 8) {
            return Err(NotAnAmount);
        }
        Decimal::from_str_exact(digits).map(Self).map_err(|_| NotAnAmount)
    }

    /// The amount with no more digits than it needs, so that equal amounts have equal texts.
    pub fn canonical(self) -> String {
        self.0.normalize().to_string()
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Customers' money stays out of logs: the value is not shown.
impl fmt::Debug for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Amount(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_the_digits_as_the_bank_gave_them() {
        for text in ["0", "0.00", "12.30", "99999999999999.999", "1"] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn equal_amounts_have_one_canonical_text() {
        let canonical = |text: &str| Amount::parse(text).unwrap().canonical();
        assert_eq!([canonical("10"), canonical("10.0"), canonical("10.00")], ["10", "10", "10"].map(str::to_owned));
        assert_eq!((canonical("0.00"), canonical("1.050")), ("0".to_owned(), "1.05".to_owned()));
    }

    #[test]
    fn splits_sign_and_amount() {
        let (direction, amount) = Amount::parse_signed("-100.03").unwrap();
        assert_eq!((direction, amount.to_string().as_str()), (CreditDebit::Debit, "100.03"));
        assert_eq!(Amount::parse_signed("+5").unwrap().0, CreditDebit::Credit);
    }

    #[test]
    fn refuses_what_it_cannot_hold_exactly() {
        let too_long = "1".repeat(40);
        for text in ["", "-", ".", "1.", ".5", "1e3", "1,5", " 1", "NaN", "--1", "0x10", "1.123456789", &too_long] {
            assert!(Amount::parse_signed(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_either_round_trips_or_is_refused(text in "[-+]?[0-9]{0,25}(\\.[0-9]{0,10})?") {
            if let Ok((direction, amount)) = Amount::parse_signed(&text) {
                let digits = text.trim_start_matches(['-', '+']);
                prop_assert_eq!(amount.to_string(), Decimal::from_str_exact(digits).unwrap().to_string());
                prop_assert_eq!(direction == CreditDebit::Debit, text.starts_with('-'));
            }
        }
    }
}
