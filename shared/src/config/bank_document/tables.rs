//! What stands in a bank's document.

mod oauth;
mod operations;
mod seal;

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

pub use self::{
    oauth::OAuthTable,
    operations::{EVERY, HeaderText, OperationTable, OperationsTable, SecretFile},
    seal::{CertificateFormWord, CertificateTable, KeyIdTable, KeyIdWord, SchemeWord, SealTable, SignatureTable},
};
use crate::domain::{
    bank::{
        BackgroundProfile, CircuitProfile, ConsentProfile, Dialect, Facts, HttpVersion, MaintenanceWindow, PsuProfile,
        Registration, SpikeProfile, TlsVersion,
    },
    data_profile::DataProfile,
};

/// A bank's document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankDocument {
    /// The document beneath this one, relative to this file. What stands here is laid over what stands there: tables are
    /// joined, everything else is replaced.
    pub extends: Option<PathBuf>,
    /// What holds in one of the bank's environments only, laid over everything else.
    #[serde(default)]
    pub environments: EnvironmentsTable,
    /// The hub's name of the bank.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[schemars(regex(pattern = r"^[A-Z]{2}$"), extend("x-form" = "two capital letters"))]
    pub country: String,
    /// ISO 9362.
    #[schemars(regex(pattern = r"^[A-Z0-9]{8}([A-Z0-9]{3})?$"), extend("x-form" = "8 or 11 capital letters and digits"))]
    pub bic: Option<String>,
    /// Which standard it speaks: `berlin-group`.
    pub dialect: Dialect,
    /// What people know of the bank and of this document.
    #[serde(default)]
    pub facts: Facts,
    /// How we are registered there.
    #[serde(default)]
    pub registration: Registration,
    /// Where its interfaces are.
    pub addresses: AddressesTable,
    /// Mutual TLS.
    pub tls: TlsTable,
    /// How requests are signed, if they are.
    pub seal: Option<SealTable>,
    /// Its authorisation server, if it has one.
    pub oauth: Option<OAuthTable>,
    /// What its consents allow.
    #[serde(default)]
    pub consent: ConsentProfile,
    /// What it wants to know of the PSU.
    #[serde(default)]
    pub psu: PsuProfile,
    /// What single kinds of calls need.
    #[serde(default)]
    pub operations: OperationsTable,
    /// Bounds on calls.
    #[serde(default)]
    pub limits: LimitsTable,
    /// When its circuit opens.
    #[serde(default)]
    pub circuit: CircuitProfile,
    /// How many calls it gets from all instances in a time, if that is bounded.
    pub spike_arrest: Option<SpikeProfile>,
    /// What it allows while no PSU is there.
    #[serde(default)]
    pub background: BackgroundProfile,
    /// When it is not there by announcement.
    #[serde(default)]
    pub maintenance: Vec<MaintenanceWindow>,
    /// How its data calls differ from the standard.
    #[serde(default)]
    pub data: DataProfile,
}

/// What holds in one environment only: any field of a document but `extends` and `environments`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentsTable {
    /// In the bank's real interfaces.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub live: BTreeMap<String, toml::Value>,
    /// In what the bank offers to developers.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub sandbox: BTreeMap<String, toml::Value>,
}

/// Where a bank's interfaces are. In every address of the document `{name}` stands for what `values` says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressesTable {
    /// The root that `/v1/...` is appended to; https.
    pub api: Url,
    /// Further origins that are called over mutual TLS, such as an authorisation server's; https.
    #[serde(default)]
    pub origins: Vec<Url>,
    /// Origins of the pages that a browser may be sent to; https, or http on 127.0.0.1.
    #[schemars(length(min = 1))]
    pub web: Vec<Url>,
    /// What stands for `{name}` in addresses.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// Mutual TLS with one bank. Paths are relative to the document that names them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsTable {
    /// The file with the QWAC's key and full chain, PEM.
    pub identity: PathBuf,
    /// The file with the roots that the bank's certificates may lead to, PEM.
    pub trust_anchors: PathBuf,
    /// Takes certificates without the statements of PSD2, as banks issue them for their sandboxes.
    #[serde(default)]
    pub accepts_unqualified: bool,
    /// Refuses a server that does not ask for our certificate when tokens are asked of it.
    #[serde(default)]
    pub tokens_must_be_bound: bool,
    /// SHA-256 of public keys (SPKI) in base64, by one of which the bank's certificate must be or be issued.
    #[serde(default)]
    pub pins: Vec<String>,
    /// `1.2` (the default) or `1.3`.
    #[serde(default)]
    pub minimum: TlsVersion,
    /// The only cipher suites offered, by their IANA names; all that are safe if none is named.
    #[serde(default)]
    pub cipher_suites: Vec<String>,
    /// Which HTTP is offered.
    #[serde(default)]
    pub http: HttpVersion,
    /// Seconds after which a connection that nobody uses is closed.
    #[schemars(range(min = 1, max = 3600))]
    pub idle_seconds: Option<u32>,
    /// How many unused connections stay open.
    #[schemars(range(max = 1000))]
    pub idle_connections: Option<u16>,
}

/// Bounds on calls to a bank. What is not set has a default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// To a connection; 5,000 if not set.
    #[schemars(range(min = 100, max = 30_000))]
    pub connect_millis: Option<u32>,
    /// From the call to the last byte of the answer; shorter than a refresh lease (45 s); 20,000 if not set.
    #[schemars(range(min = 100, max = 30_000))]
    pub total_millis: Option<u32>,
    /// Bytes of one answer, after decompression; 10 MiB if not set.
    #[schemars(range(min = 1024, max = 104_857_600))]
    pub body_bytes: Option<u32>,
    /// Pages of one list; 1,000 if not set.
    #[schemars(range(min = 1, max = 10_000))]
    pub pages: Option<u32>,
    /// Calls that one instance has under way at once; 64 if not set.
    #[schemars(range(min = 1, max = 10_000))]
    pub in_flight: Option<u32>,
}
