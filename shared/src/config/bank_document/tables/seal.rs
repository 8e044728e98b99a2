//! How requests are signed, as a document tells it.

use std::{collections::BTreeSet, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::{
    operation::Operation,
    signature_profile::{
        Carrier, DigestAlgorithm, Fingerprint, NameEscaping, NameOrder, SerialForm, SignatureAlgorithm,
        UnlistedAttributes,
    },
};

/// How requests are signed with the QSEAL. The key is in `identity`, or else in Cloud KMS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealTable {
    /// The file with the QSEAL's key and full chain, PEM.
    pub identity: Option<PathBuf>,
    /// The key's version in Cloud KMS: `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V`.
    #[schemars(regex(pattern = r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/[0-9]+$"), extend("x-form" = "the full name of a version of a key"))]
    pub kms_key: Option<String>,
    /// The file with the QSEAL's chain, PEM, where the key is in Cloud KMS.
    pub certificate: Option<PathBuf>,
    /// What is signed; everything if not set.
    pub operations: Option<BTreeSet<Operation>>,
    /// The form of signatures; Berlin Group's if not set.
    #[serde(default)]
    pub signature: SignatureTable,
}

/// The form of signatures. What is not set is as Berlin Group's NextGenPSD2 1.3 has it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignatureTable {
    /// Which standard.
    pub scheme: SchemeWord,
    /// With `cavage`: the header that signatures stand in.
    pub carrier: Option<Carrier>,
    /// With `rfc9421`: the signature's name among those of one message.
    #[schemars(regex(pattern = r"^[a-z*][a-z0-9_.*-]*$"))]
    pub label: Option<String>,
    /// With `rfc9421`: seconds until a signature ends (`expires`), if it does.
    #[schemars(range(min = 1))]
    pub lifetime_seconds: Option<u32>,
    /// With `rfc9421`: the application that a signature is for (`tag`).
    pub tag: Option<String>,
    /// What the key signs with.
    pub algorithm: SignatureAlgorithm,
    /// The hash that binds the body.
    pub digest: DigestAlgorithm,
    /// What is signed, in this order: headers, `(request-target)`, the components of RFC 9421 such as `@method`. With `?`
    /// behind it something is signed only where it is sent; `psu-*` stands for every header about the PSU that is sent.
    #[schemars(length(min = 1))]
    pub covered: Option<Vec<String>>,
    /// How the key is named.
    pub key_id: KeyIdTable,
    /// How the certificate goes along.
    pub certificate: CertificateTable,
}

/// As the Berlin Group has it.
impl Default for SignatureTable {
    fn default() -> Self {
        Self {
            scheme: SchemeWord::Cavage,
            carrier: None,
            label: None,
            lifetime_seconds: None,
            tag: None,
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            digest: DigestAlgorithm::Sha256,
            covered: None,
            key_id: KeyIdTable::default(),
            certificate: CertificateTable::default(),
        }
    }
}

/// A standard of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeWord {
    /// draft-cavage-http-signatures-10, with `Digest`.
    Cavage,
    /// RFC 9421, with `Content-Digest`.
    Rfc9421,
}

/// How a key is named.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyIdTable {
    /// The form.
    pub form: KeyIdWord,
    /// How a serial number is written.
    pub serial: SerialForm,
    /// Which part of the issuer's name comes first.
    pub order: NameOrder,
    /// What becomes of blanks and other signs in the issuer's name.
    pub escaping: NameEscaping,
    /// What becomes of attributes without a short name in the issuer's name.
    pub unlisted: UnlistedAttributes,
    /// With `address`: where the certificate can be fetched.
    pub address: Option<Url>,
    /// With `address`: what follows it.
    pub fingerprint: Fingerprint,
    /// With `fixed`: the name.
    pub name: Option<String>,
}

/// A form of a key's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyIdWord {
    /// `SN=…,CA=…` (Berlin Group).
    #[default]
    SerialAndIssuer,
    /// `SN=…`.
    Serial,
    /// Where the certificate can be fetched (STET).
    Address,
    /// The bank's own name of the key.
    Fixed,
}

/// How the certificate goes along with a signature.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateTable {
    /// Its header; `TPP-Signature-Certificate` if not set.
    pub header: Option<String>,
    /// What stands in it.
    pub form: CertificateFormWord,
    /// With `address`: where it can be fetched.
    pub address: Option<Url>,
}

/// How a certificate stands in a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFormWord {
    /// The DER in base64, on one line.
    #[default]
    Base64,
    /// The same between the two lines of PEM, all on one line.
    Armoured,
    /// Where it can be fetched.
    Address,
    /// It does not go along.
    None,
}
