//! What a bank wants to know of the PSU.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

/// What a bank wants to know of the PSU.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PsuProfile {
    /// What every attended call must tell: all of it or none. `ip_address` is always part of it.
    pub required: BTreeSet<PsuHeader>,
    /// What to do if the PSU's request did not carry all of that.
    pub incomplete: Incomplete,
    /// What is never sent, though it is known.
    pub forbidden: BTreeSet<PsuHeader>,
    /// What is sent where the PSU's request did not carry it, on attended calls only. Never an address.
    pub defaults: BTreeMap<PsuHeader, String>,
    /// False at banks that answer no read without the PSU.
    pub background: bool,
    /// Whether the PSU's name at the bank must, may or must not be told.
    pub id: PsuIdRule,
    /// The most characters of the name that the bank takes; what is longer is cut.
    pub id_longest: Option<u8>,
    /// The kinds of name that the bank knows (`PSU-ID-Type`); the first is sent if the CRM names none. None listed
    /// means that none is sent.
    pub id_types: Vec<String>,
    /// Whether a company's name at the bank must, may or must not be told.
    pub corporate_id: PsuIdRule,
    /// The kinds of a company's name that the bank knows (`PSU-Corporate-ID-Type`), likewise.
    pub corporate_id_types: Vec<String>,
}

/// As the standard has it: what is known is sent, an address is enough, and the PSU need not be there.
impl Default for PsuProfile {
    fn default() -> Self {
        Self {
            required: BTreeSet::new(),
            incomplete: Incomplete::default(),
            forbidden: BTreeSet::new(),
            defaults: BTreeMap::new(),
            background: true,
            id: PsuIdRule::default(),
            id_longest: None,
            id_types: Vec::new(),
            corporate_id: PsuIdRule::default(),
            corporate_id_types: Vec::new(),
        }
    }
}

/// What can be told of the PSU's request (Berlin Group 1.3.11, headers `PSU-*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the header of its name")]
pub enum PsuHeader {
    IpAddress,
    IpPort,
    UserAgent,
    Accept,
    AcceptCharset,
    AcceptEncoding,
    AcceptLanguage,
    HttpMethod,
    DeviceId,
    GeoLocation,
}

impl PsuHeader {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::IpAddress,
        Self::IpPort,
        Self::UserAgent,
        Self::Accept,
        Self::AcceptCharset,
        Self::AcceptEncoding,
        Self::AcceptLanguage,
        Self::HttpMethod,
        Self::DeviceId,
        Self::GeoLocation,
    ];

    /// The header that tells it.
    pub const fn header(self) -> &'static str {
        match self {
            Self::IpAddress => "psu-ip-address",
            Self::IpPort => "psu-ip-port",
            Self::UserAgent => "psu-user-agent",
            Self::Accept => "psu-accept",
            Self::AcceptCharset => "psu-accept-charset",
            Self::AcceptEncoding => "psu-accept-encoding",
            Self::AcceptLanguage => "psu-accept-language",
            Self::HttpMethod => "psu-http-method",
            Self::DeviceId => "psu-device-id",
            Self::GeoLocation => "psu-geo-location",
        }
    }
}

/// What becomes of an attended call that cannot tell all that the bank wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Incomplete {
    /// It is not made; the CRM is told what is missing.
    #[default]
    Refuse,
    /// It is made as a background call, which counts against the four a day.
    Background,
}

/// Whether something must, may or must not be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PsuIdRule {
    /// It may.
    #[default]
    Optional,
    /// It must.
    Required,
    /// It must not; the bank refuses calls that do.
    Forbidden,
}
