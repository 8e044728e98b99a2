//! JSON as the REST interface has it: bytes are base64, 64-bit integers are strings, enums are names or numbers.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Bytes in a request.
#[derive(Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| D::Error::custom("not base64"))
    }
}

/// A checksum in a request.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(crate) enum Checksum {
    Text(String),
    Number(i64),
    #[default]
    Missing,
}

impl Checksum {
    /// Whether the checksum was looked at: not if it is missing. A wrong one is refused.
    pub(crate) fn verified(&self, field: &str, data: &[u8]) -> Result<bool, Refusal> {
        let given = match self {
            Self::Missing => return Ok(false),
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        };
        if given == Some(i64::from(crc32c::crc32c(data))) {
            Ok(true)
        } else {
            Err(Refusal::invalid(format!("The checksum in field {field} did not match the data.")))
        }
    }
}

/// The body of `encrypt`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct Encrypt {
    pub(crate) plaintext: Bytes,
    pub(crate) plaintext_crc32c: Checksum,
    pub(crate) additional_authenticated_data: Bytes,
    pub(crate) additional_authenticated_data_crc32c: Checksum,
}

/// The body of `decrypt`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Decrypt {
    pub(crate) ciphertext: Bytes,
    pub(crate) ciphertext_crc32c: Checksum,
    pub(crate) additional_authenticated_data: Bytes,
    pub(crate) additional_authenticated_data_crc32c: Checksum,
}

/// The body of `asymmetricSign`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Sign {
    pub(crate) digest: Option<Sha256>,
    pub(crate) digest_crc32c: Checksum,
    pub(crate) data: Option<Bytes>,
    pub(crate) data_crc32c: Checksum,
}

/// The body of `testIamPermissions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TestPermissions {
    pub(crate) permissions: Vec<String>,
}

/// A digest in a request.
#[derive(Debug, Deserialize)]
pub(crate) struct Sha256 {
    pub(crate) sha256: Bytes,
}

/// A request's body.
pub(crate) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(format!("Invalid JSON payload received: {error}")))
}

/// Bytes in an answer.
pub(crate) fn bytes(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

/// The checksum of bytes in an answer.
pub(crate) fn checksum(bytes: &[u8]) -> Value {
    crc32c::crc32c(bytes).to_string().into()
}

/// An enum in an answer: the name, or the number where the client asked for numbers.
pub(crate) fn enumeration(as_number: bool, name: impl serde::Serialize, number: u32) -> Value {
    if as_number { number.into() } else { json!(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_checksums_that_are_there() {
        let read = |text: &str| read::<Encrypt>(text.as_bytes()).unwrap().plaintext_crc32c;
        let crc = crc32c::crc32c(b"text");
        for text in [format!(r#"{{"plaintextCrc32c": "{crc}"}}"#), format!(r#"{{"plaintextCrc32c": {crc}}}"#)] {
            assert_eq!(read(&text).verified("plaintext_crc32c", b"text"), Ok(true));
            assert!(read(&text).verified("plaintext_crc32c", b"test").is_err());
        }
        assert_eq!(read("{}").verified("plaintext_crc32c", b"text"), Ok(false));
        assert!(read(r#"{"plaintextCrc32c": "x"}"#).verified("plaintext_crc32c", b"text").is_err());
    }
}
