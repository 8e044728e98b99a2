//! The CRM's own reference of a PSU. It must be opaque: the hub keeps a keyed hash of it, and even so it refuses what is
//! plainly an address or an account number.

use std::fmt;

/// An opaque reference: 1 to 128 characters of `A-Z a-z 0-9 . _ ~ -`, and not an IBAN. (An e-mail address has an `@`, a
/// telephone number a `+` or blanks, so neither passes.)
#[derive(Clone, PartialEq, Eq)]
pub struct PsuReference(String);

/// The text cannot be taken as a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an opaque reference")]
pub struct NotOpaque;

impl PsuReference {
    /// Checks the text.
    pub fn parse(text: &str) -> Result<Self, NotOpaque> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(plain);
        if fits && !is_iban(text) { Ok(Self(text.to_owned())) } else { Err(NotOpaque) }
    }

    /// The reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PsuReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PsuReference(..)")
    }
}

/// Whether a text is an IBAN by form and check digits (ISO 13616, ISO 7064 MOD 97-10).
fn is_iban(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let Some((head, body)) = upper.split_at_checked(4) else { return false };
    let formed = matches!(head.as_bytes(), [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
    formed && (11..=30).contains(&body.len()) && remainder(body.bytes().chain(head.bytes())) == Some(1)
}

/// The remainder by 97 of the number that digits, and letters from A = 10, spell.
fn remainder(mut characters: impl Iterator<Item = u8>) -> Option<u32> {
    characters.try_fold(0, |rest, character| {
        let value = char::from(character).to_digit(36)?;
        let shift = if value < 10 { 10 } else { 100 };
        Some((rest * shift + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_opaque_references() {
        for good in ["4711", "customer-4711", "b1946ac92492d2347c6235b4d2611184", "DE-4711.x~y_z"] {
            assert!(PsuReference::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn refuses_addresses_and_account_numbers() {
        let long = "a".repeat(129);
        let bad = [
            "",
            "a@b.example",
            "+49 170 1234567",
            "DE89370400440532013000",
            "gb82west12345698765432",
            "a b",
            "ä",
            &long,
        ];
        for text in bad {
            assert_eq!(PsuReference::parse(text), Err(NotOpaque), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_iban_passes() {
        assert!(PsuReference::parse("DE00370400440532013000").is_ok());
    }
}
