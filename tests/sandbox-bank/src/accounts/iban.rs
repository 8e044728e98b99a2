//! International bank account numbers (ISO 13616): only well-formed ones exist as a value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An IBAN whose check digits are right, in its electronic form (upper case, no blanks).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iban(String);

/// The text is no IBAN.
#[derive(Debug, thiserror::Error)]
#[error("not an IBAN with right check digits")]
pub struct NotAnIban;

impl Iban {
    /// Accepts the electronic form only, with right check digits.
    pub fn parse(text: &str) -> Result<Self, NotAnIban> {
        let bytes = text.as_bytes();
        let well_formed = matches!(bytes, [c1, c2, d1, d2, rest @ ..]
            if c1.is_ascii_uppercase()
                && c2.is_ascii_uppercase()
                && d1.is_ascii_digit()
                && d2.is_ascii_digit()
                && (11..=30).contains(&rest.len())
                && rest.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
        if well_formed && remainder(bytes) == 1 { Ok(Self(text.to_owned())) } else { Err(NotAnIban) }
    }

    /// The German IBAN of an account number at a bank code, both taken modulo their length.
    pub(crate) fn german(bank_code: u32, account_number: u64) -> Self {
        let basic = format!("{:08}{:010}", bank_code % 100_000_000, account_number % 10_000_000_000);
        let check = 98 - remainder(format!("DE00{basic}").as_bytes());
        Self(format!("DE{check:02}{basic}"))
    }

    /// The electronic form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In groups of four, as people read it.
    pub(crate) fn grouped(&self) -> String {
        let groups: Vec<String> =
            self.0.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join(" ")
    }
}

/// The number of ISO 7064 (first four characters moved to the end, letters as 10 to 35) modulo 97.
fn remainder(iban: &[u8]) -> u32 {
    let (head, tail) = iban.split_at(iban.len().min(4));
    tail.iter().chain(head).fold(0, |so_far, byte| match byte {
        b'0'..=b'9' => (so_far * 10 + u32::from(byte - b'0')) % 97,
        _ => (so_far * 100 + u32::from(byte.to_ascii_uppercase().saturating_sub(b'A')) + 10) % 97,
    })
}

impl fmt::Display for Iban {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Iban {
    type Error = NotAnIban;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_well_known_examples() {
        for iban in ["DE89370400440532013000", "GB82WEST12345698765432", "NL91ABNA0417164300"] {
            assert_eq!(Iban::parse(iban).unwrap().as_str(), iban);
        }
    }

    #[test]
    fn refuses_wrong_check_digits_blanks_and_lower_case() {
        for text in ["DE88370400440532013000", "DE89 3704 0044 0532 0130 00", "de89370400440532013000", "", "DE", "Ä"]
        {
            assert!(Iban::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn makes_numbers_that_it_accepts() {
        for account in [0, 1, 532_013_000, 9_999_999_999] {
            let iban = Iban::german(37_040_044, account);
            assert_eq!(Iban::parse(iban.as_str()).unwrap(), iban);
        }
        assert_eq!(Iban::german(37_040_044, 532_013_000).as_str(), "DE89370400440532013000");
    }

    #[test]
    fn groups_by_four_for_people() {
        assert_eq!(Iban::german(37_040_044, 532_013_000).grouped(), "DE89 3704 0044 0532 0130 00");
    }
}
