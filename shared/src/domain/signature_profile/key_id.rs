//! How banks want keys to be named.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// How a key is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyIdForm {
    /// `SN=…,CA=…`: serial number and issuer of the certificate (Berlin Group).
    SerialAndIssuer {
        /// How the serial number is written.
        serial: SerialForm,
        /// How the issuer is written.
        issuer: IssuerForm,
    },
    /// `SN=…`: the serial number alone.
    Serial(SerialForm),
    /// Where the certificate can be fetched (STET).
    Address {
        /// The address.
        certificate: Url,
        /// What follows it.
        fingerprint: Fingerprint,
    },
    /// The bank's own name of the key, such as the client id of an application token (ING).
    Fixed(String),
}

/// How a serial number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SerialForm {
    /// Hexadecimal in small letters, without leading zeroes.
    #[default]
    HexLower,
    /// Hexadecimal in capitals, without leading zeroes.
    HexUpper,
    /// Decimal.
    Decimal,
}

/// How an issuer's name is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IssuerForm {
    /// What comes first.
    pub order: NameOrder,
    /// What becomes of blanks and of signs that no header carries.
    pub escaping: NameEscaping,
    /// What becomes of attributes that RFC 2253 has no short name for.
    pub unlisted: UnlistedAttributes,
}

/// Which part of a name comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameOrder {
    /// The most specific, so the common name (RFC 2253 §2.1).
    #[default]
    SpecificFirst,
    /// As in the certificate: the country.
    AsEncoded,
}

/// What becomes of signs that cannot stand as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameEscaping {
    /// Blanks, percent signs and all that is not visible ASCII as `%20` and the like, as in Berlin Group's example.
    #[default]
    Percent,
    /// Blanks stay; all that is not ASCII as `\C3` and the like (RFC 2253 §2.4).
    Backslash,
}

/// What becomes of attributes without a short name in RFC 2253 §2.3, such as `organizationIdentifier`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnlistedAttributes {
    /// `2.5.4.97=#0c15…`: the number and the encoded value (RFC 2253 §2.4), as Java prints them.
    #[default]
    Encoded,
    /// `organizationIdentifier=NTR…`: a name where one is common and the text, as OpenSSL prints them.
    Named,
}

/// What follows the address of a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fingerprint {
    /// Nothing.
    #[default]
    None,
    /// `_` and the certificate's SHA-256 in small hexadecimal letters (STET 1.4).
    Sha256,
}
