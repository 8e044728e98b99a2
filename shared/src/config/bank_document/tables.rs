//! What stands in a bank's document.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::domain::bank::{Dialect, Rotation, TlsVersion};

/// What stands in the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankDocument {
    /// The hub's name of the bank.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 9362.
    pub bic: Option<String>,
    /// Which standard it speaks: `berlin-group`.
    pub dialect: Dialect,
    /// Where its interfaces are.
    pub addresses: AddressesTable,
    /// Mutual TLS.
    pub tls: TlsTable,
    /// Its authorisation server, if it has one.
    pub oauth: Option<OAuthTable>,
    /// Its consents.
    #[serde(default)]
    pub consent: ConsentTable,
    /// Bounds on calls.
    #[serde(default)]
    pub limits: LimitsTable,
}

/// Where a bank's interfaces are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressesTable {
    /// The root that `/v1/...` is appended to; https.
    pub api: Url,
    /// Origins of the pages that a browser may be sent to; https, or http on 127.0.0.1.
    pub web: Vec<Url>,
    /// What stands for `{name}` in this document's addresses.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// Mutual TLS with one bank. Paths are relative to the document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsTable {
    /// The file with the QWAC's key and full chain, PEM.
    pub identity: PathBuf,
    /// The file with the roots that the bank's certificates may lead to, PEM.
    pub trust_anchors: PathBuf,
    /// `1.2` (the default) or `1.3`.
    #[serde(default)]
    pub minimum: TlsVersion,
}

/// A bank's authorisation server and our registration there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuthTable {
    /// Its issuer identifier.
    pub issuer: String,
    /// Where its metadata is; of the API's origin.
    pub metadata_url: Url,
    /// Our client id.
    pub client_id: String,
    /// The scope to ask for; `{consent_id}` is filled in.
    pub scope: String,
    /// What happens to a used refresh token: `none`, `grace` or `family`.
    pub rotation: Rotation,
    /// Seconds that an access token lives if the bank does not say; 300 if not set.
    #[serde(default = "default_access_seconds")]
    pub default_access_seconds: u32,
    /// Days after which a chain of refresh tokens ends, if it does.
    pub chain_days: Option<u16>,
}

const fn default_access_seconds() -> u32 {
    300
}

/// What a bank's consents allow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentTable {
    /// Days of validity to ask for, 1 to 366.
    pub validity_days: u16,
    /// Background reads a day to ask for, at least 1.
    pub frequency_per_day: u32,
    /// Minutes that the PSU has at the bank, 1 to 60.
    pub sca_window_minutes: u8,
}

/// 180 days is what Delegated Regulation 2022/2360 allows; four a day is what Art. 36(5)(b) of 2018/389 does.
impl Default for ConsentTable {
    fn default() -> Self {
        Self { validity_days: 180, frequency_per_day: 4, sca_window_minutes: 10 }
    }
}

/// Bounds on calls to a bank. What is not set has a default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// To a connection.
    pub connect_millis: Option<u32>,
    /// From the call to the last byte of the answer; shorter than a refresh lease (45 s).
    pub total_millis: Option<u32>,
    /// Bytes of one answer, after decompression.
    pub body_bytes: Option<u32>,
    /// Pages of one list.
    pub pages: Option<u32>,
}
