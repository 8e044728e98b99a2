//! A bank as data: everything the hub knows of one ASPSP, checked. Documents are read in `config`.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::{Origin, Url};

use super::{ids::BankId, secret::SecretString};

/// One bank.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The hub's name of it.
    pub id: BankId,
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 9362.
    pub bic: Option<String>,
    /// Which standard it speaks.
    pub dialect: Dialect,
    /// Where its interfaces are.
    pub addresses: Addresses,
    /// Who we are to it, and whom we trust there.
    pub tls: TlsProfile,
    /// Its authorisation server, if it has one.
    pub oauth: Option<OAuthProfile>,
    /// What its consents allow.
    pub consent: ConsentProfile,
    /// Bounds on calls.
    pub limits: CallLimits,
}

/// Which standard a bank speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Berlin Group NextGenPSD2 1.3.
    BerlinGroup,
}

impl Dialect {
    /// The name and version told to the CRM.
    pub const fn name_and_version(self) -> (&'static str, &'static str) {
        match self {
            Self::BerlinGroup => ("berlin-group", "1.3"),
        }
    }
}

/// Where a bank's interfaces are. Nothing outside these origins is ever called or redirected to.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The root that `/v1/...` is appended to; its path ends without a slash.
    pub api: Url,
    /// Origins of the bank's pages that a browser may be sent to.
    pub web_origins: BTreeSet<WebOrigin>,
}

/// The scheme, host and port of a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// The origin of a URL; `None` for a URL that has none (such as `data:`).
    pub fn of(url: &Url) -> Option<Self> {
        match url.origin() {
            origin @ Origin::Tuple(..) => Some(Self(origin.ascii_serialization())),
            Origin::Opaque(_) => None,
        }
    }
}

/// Mutual TLS with one bank.
#[derive(Clone, Debug)]
pub struct TlsProfile {
    /// Our QWAC: key and full chain together, as PEM.
    pub identity: SecretString,
    /// The only roots that the bank's certificates may lead to, as PEM.
    pub trust_anchors: String,
    /// The lowest version we speak.
    pub minimum: TlsVersion,
    /// When the QWAC ends.
    pub identity_ends_at: Option<Timestamp>,
}

/// TLS versions the hub speaks at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// A bank's authorisation server and our registration there.
#[derive(Clone, Debug)]
pub struct OAuthProfile {
    /// Its issuer identifier (RFC 8414 §2), compared as text.
    pub issuer: String,
    /// Where its metadata is. Fetched over mutual TLS and judged by `issuer`.
    pub metadata_url: Url,
    /// Our client id there.
    pub client_id: String,
    /// The scope to ask for; `{consent_id}` is filled in.
    pub scope: String,
    /// What happens to a refresh token when it is used.
    pub rotation: Rotation,
    /// How long an access token lives if the bank does not say.
    pub default_access_lifetime: Duration,
    /// How long a chain of refresh tokens lives, counted from the customer's authorisation, if the bank ends it.
    pub chain_lifetime: Option<Duration>,
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// It stays good: trying again is harmless.
    None,
    /// A new one comes; the old one works until the new one was used (FAPI 2.0 §5.3.2.1).
    Grace,
    /// A new one comes; the old one is dead, and using it again may kill every token of the family (RFC 9700 §4.14.2).
    Family,
}

/// What a bank's consents allow.
#[derive(Clone, Debug)]
pub struct ConsentProfile {
    /// Days of validity to ask for.
    pub validity_days: u16,
    /// Background reads a day to ask for.
    pub frequency_per_day: u32,
    /// How long the customer has at the bank, from the start of the journey.
    pub sca_window: Duration,
}

/// Bounds on calls to one bank.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// To a TCP and TLS connection.
    pub connect: Duration,
    /// From the call to the last byte of the answer.
    pub total: Duration,
    /// Bytes of one answer, after decompression.
    pub body_bytes: usize,
    /// Pages of one list that one reading may touch.
    pub pages: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            body_bytes: 10 * 1024 * 1024,
            pages: 1_000,
        }
    }
}
