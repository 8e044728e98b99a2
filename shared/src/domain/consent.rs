//! The consent as the bank tells of it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bank::ConsentKind;

/// Where a consent stands at the bank (Berlin Group 1.3 `consentStatus`; other dialects map to it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStatus {
    /// Stored, not yet authorised.
    Received,
    /// Some of several signers have authorised it.
    PartiallyAuthorised,
    /// Usable.
    Valid,
    /// Authorisation failed. Final.
    Rejected,
    /// The PSU ended it at the bank. Final.
    RevokedByPsu,
    /// Past its end, replaced, or used up. Final.
    Expired,
    /// Ended by us. Final.
    TerminatedByTpp,
    /// A word the hub does not know: not usable.
    Unknown,
}

impl ConsentStatus {
    /// Whether accounts may be read under it.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// Whether it can still become usable.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Received | Self::PartiallyAuthorised)
    }
}

/// Where the authorisation of a consent stands (Berlin Group 1.3.11, `scaStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaStatus {
    /// Under way: the PSU or the bank has yet to do something.
    UnderWay,
    /// The PSU is done; the bank waits for our confirmation.
    Unconfirmed,
    /// Done, or not needed. Final.
    Finalised,
    /// It came to nothing. Final.
    Failed,
    /// A word the hub does not know: whatever it means, the consent's own status tells more.
    Unknown,
}

/// What a consent is to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessWanted {
    /// Which kind of consent.
    pub kind: ConsentKind,
    /// The accounts, for a dedicated one.
    pub accounts: Vec<WantedAccount>,
    /// Whether it can be used more than once.
    pub recurring: bool,
}

/// An account that a consent is to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedAccount {
    /// Its IBAN.
    pub iban: Iban,
    /// ISO 4217, where the account has several currencies.
    pub currency: Option<String>,
}

/// An International Bank Account Number (ISO 13616), in its electronic form. Never printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Iban(String);

/// A text is not an IBAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IBAN")]
pub struct NotAnIban;

impl Iban {
    /// Takes an IBAN with or without blanks; its check digits must fit (ISO 7064, mod 97-10).
    pub fn parse(text: &str) -> Result<Self, NotAnIban> {
        let iban: String = text.chars().filter(|character| *character != ' ').collect();
        let is_plain = iban.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let (country, rest) = iban.split_at_checked(2).ok_or(NotAnIban)?;
        let digits = rest.get(..2).ok_or(NotAnIban)?;
        let is_formed =
            country.bytes().all(|byte| byte.is_ascii_uppercase()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain || !is_formed || !(15..=34).contains(&iban.len()) || remainder(&iban) != 1 {
            return Err(NotAnIban);
        }
        Ok(Self(iban))
    }

    /// The electronic form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The IBAN as a number, its first four characters moved to the end and letters counted from 10, modulo 97.
fn remainder(iban: &str) -> u32 {
    let moved = iban.chars().skip(4).chain(iban.chars().take(4));
    moved.filter_map(|character| character.to_digit(36)).fold(0, |sum, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (sum * shift + value) % 97
    })
}

/// Somebody's account number stays out of logs.
impl std::fmt::Debug for Iban {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Iban(..)")
    }
}

/// What the bank grants under a consent, as read back from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentTerms {
    /// Where it stands.
    pub status: ConsentStatus,
    /// The last day it can be used, by the bank's calendar; absent if the bank sets none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_until: Option<Date>,
    /// Background reads a day that the bank grants.
    pub frequency_per_day: u32,
    /// Whether it can be used more than once.
    pub recurring: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_ibans_as_people_write_them() {
        for good in [
            "DE89 3704 0044 0532 0130 00",
            "GB82WEST12345698765432",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert_eq!(Iban::parse(good).unwrap().as_str(), good.replace(' ', ""));
        }
        assert!(!format!("{:?}", Iban::parse("NO9386011117947").unwrap()).contains("938"));
    }

    #[test]
    fn refuses_what_is_none() {
        for bad in [
            "",
            "DE",
            "DE89",
            "DE89370400440532013001",
            "de89370400440532013000",
            "DE8937040044053201300\u{e4}",
            "XX",
            "DEAB370400440532013000",
        ] {
            assert_eq!(Iban::parse(bad), Err(NotAnIban), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_single_wrong_digit_passes(place in 4_usize..22, digit in 0_u32..10) {
            let good = "DE89370400440532013000";
            let mut characters: Vec<_> = good.chars().collect();
            characters[place] = char::from_digit(digit, 10).unwrap();
            let text: String = characters.into_iter().collect();
            prop_assert_eq!(Iban::parse(&text).is_ok(), text == good);
        }

        #[test]
        fn any_text_is_judged(text in any::<String>()) {
            let _ = Iban::parse(&text);
        }
    }
}
