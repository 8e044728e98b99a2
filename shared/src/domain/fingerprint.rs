//! Fingerprints of certificates: the SHA-256 of the whole certificate (DER).

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Base64 with or without padding (RFC 4648 §4).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint in a document: `sha256:` and 64 hexadecimal digits, pairs of which may be parted by colons, as
    /// `openssl x509 -fingerprint -sha256` prints them.
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(&text.strip_prefix("sha256:")?.replace(':', ""))
    }

    /// The fingerprint that a proxy tells in a header: as base64, or as 64 hexadecimal digits.
    pub fn told(text: &str) -> Option<Self> {
        from_hex(text).or_else(|| BASE64.decode(text).ok()?.try_into().ok().map(Self))
    }
}

fn from_hex(text: &str) -> Option<Fingerprint> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(number * 2..number * 2 + 2)?, 16).ok()?;
    }
    Some(Fingerprint(bytes))
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_the_same_however_it_is_written(bytes: [u8; 32]) {
            let print = Fingerprint(bytes);
            let hex = print.to_string().split_off("sha256:".len());
            let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            for text in [print.to_string(), format!("sha256:{}", hex.to_uppercase()), format!("sha256:{}", pairs.join(":"))] {
                prop_assert_eq!(Fingerprint::parse(&text), Some(print));
            }
            let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
            for text in [hex.as_str(), &hex.to_uppercase(), &base64, base64.trim_end_matches('=')] {
                prop_assert_eq!(Fingerprint::told(text), Some(print));
            }
        }
    }

    #[test]
    fn what_is_no_sha_256_is_none() {
        let hex = "0".repeat(64);
        for bad in
            [&hex, "sha1:00", "sha256:", &format!("sha256:{hex}0"), &format!("sha256:{}", hex.replace("00", "0g"))]
        {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
        for bad in ["", "AAAA", &format!("{hex}, {hex}"), &format!(" {hex}"), &"é".repeat(32)] {
            assert_eq!(Fingerprint::told(bad), None, "{bad}");
        }
    }
}
