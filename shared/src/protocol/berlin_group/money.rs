//! Amounts as this dialect writes them: a decimal text that may be signed, and a currency.

use serde::Deserialize;

use super::{errors::MalformedAnswer, strict_json::Object, wire::Text};
use crate::domain::{
    amount::{Amount, CreditDebit},
    transaction,
};

/// `amount`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireMoney {
    amount: Text,
    currency: Text,
}

/// Which sign a bank wrote before an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Minus,
    Plus,
    None,
}

/// An amount in a currency.
pub(super) struct Money {
    pub(super) sign: Sign,
    pub(super) amount: Amount,
    pub(super) currency: String,
}

impl Money {
    /// Reads the member of that name. One amount that cannot be held exactly spoils the answer.
    pub(super) fn read(name: &'static str, wire: Option<Object<WireMoney>>) -> Result<Self, MalformedAnswer> {
        let Object(wire) = wire.ok_or(MalformedAnswer::Missing(name))?;
        let text = wire.amount.required(name)?;
        let (_, amount) = Amount::parse_signed(&text).map_err(|_| MalformedAnswer::Invalid(name))?;
        Ok(Self { sign: Sign::of(&text), amount, currency: currency(wire.currency)? })
    }

    /// On which side of zero a balance is, where debits are negative, or positive. Zero is credit, whatever its sign.
    pub(super) fn side(&self, debits_are_positive: bool) -> CreditDebit {
        let is_debit = (self.sign == Sign::Minus) != debits_are_positive;
        if is_debit && !self.amount.is_zero() { CreditDebit::Debit } else { CreditDebit::Credit }
    }

    /// The amount without a direction, if there is one.
    pub(super) fn unsigned(
        name: &'static str,
        wire: Option<Object<WireMoney>>,
    ) -> Result<Option<transaction::Money>, MalformedAnswer> {
        let Some(wire) = wire else { return Ok(None) };
        let Self { amount, currency, .. } = Self::read(name, Some(wire))?;
        Ok(Some(transaction::Money { amount, currency }))
    }
}

impl Sign {
    fn of(amount: &str) -> Self {
        match amount.as_bytes().first() {
            Some(b'-') => Self::Minus,
            Some(b'+') => Self::Plus,
            _ => Self::None,
        }
    }
}

/// An ISO 4217 code: three capitals.
pub(super) fn currency(code: Text) -> Result<String, MalformedAnswer> {
    let code = code.required("currency")?;
    let well_formed = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if well_formed { Ok(code) } else { Err(MalformedAnswer::Invalid("currency")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(wire: Value) -> Result<(Sign, String, CreditDebit), MalformedAnswer> {
        let money = Money::read("balanceAmount", serde_json::from_value(wire).unwrap())?;
        Ok((money.sign, format!("{} {}", money.amount, money.currency), money.side(false)))
    }

    fn amount(text: &str) -> Result<(Sign, String, CreditDebit), MalformedAnswer> {
        read(json!({"amount": text, "currency": "EUR"}))
    }

    #[test]
    fn keeps_sign_and_digits_apart() {
        assert_eq!(amount("500.00").unwrap(), (Sign::None, "500.00 EUR".to_owned(), CreditDebit::Credit));
        assert_eq!(amount("+5").unwrap(), (Sign::Plus, "5 EUR".to_owned(), CreditDebit::Credit));
        assert_eq!(amount("-100.03").unwrap(), (Sign::Minus, "100.03 EUR".to_owned(), CreditDebit::Debit));
    }

    #[test]
    fn zero_is_credit_whatever_its_sign() {
        assert_eq!(amount("-0.00").unwrap().2, CreditDebit::Credit);
    }

    #[test]
    fn where_debits_are_positive_a_plain_amount_is_owed() {
        let side = |text: &str| {
            let wire = json!({"amount": text, "currency": "EUR"});
            Money::read("balanceAmount", serde_json::from_value(wire).unwrap()).unwrap().side(true)
        };
        assert_eq!(
            [side("10"), side("-10"), side("0")],
            [CreditDebit::Debit, CreditDebit::Credit, CreditDebit::Credit]
        );
    }

    #[test]
    fn refuses_an_amount_that_it_cannot_hold_exactly() {
        let long = "1".repeat(40);
        for text in ["1,50", "1e3", "NaN", "1.", "1 000.00", "--1", "EUR 5", &long] {
            assert_eq!(amount(text), Err(MalformedAnswer::Invalid("balanceAmount")), "{text}");
        }
    }

    #[test]
    fn refuses_half_an_amount() {
        assert_eq!(read(json!(null)), Err(MalformedAnswer::Missing("balanceAmount")));
        assert_eq!(read(json!({"currency": "EUR"})), Err(MalformedAnswer::Missing("balanceAmount")));
        assert_eq!(read(json!({"amount": "1"})), Err(MalformedAnswer::Missing("currency")));
        for code in ["eur", "EURO", "\u{20ac}", "E1R"] {
            let money = read(json!({"amount": "1", "currency": code}));
            assert_eq!(money, Err(MalformedAnswer::Invalid("currency")), "{code}");
        }
    }

    #[test]
    fn a_number_is_not_an_amount() {
        assert!(serde_json::from_value::<WireMoney>(json!({"amount": 1.5, "currency": "EUR"})).is_err());
    }
}
