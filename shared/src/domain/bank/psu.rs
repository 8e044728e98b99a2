//! What a bank wants to know of the PSU.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::presence::{HeaderText, PsuAtBank};

/// What a bank wants to know of the PSU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Incomplete {
    /// It is not made; the CRM is told what is missing.
    #[default]
    Refuse,
    /// It is made as a background call, which counts against the four a day.
    Background,
}

/// Whether something must, may or must not be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
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

/// How the PSU is called at the bank does not fit what the bank wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PsuIdRejected {
    /// The bank wants a name.
    #[error("the bank wants the PSU's name there")]
    Missing,
    /// The bank refuses calls that tell one.
    #[error("the bank must not be told the PSU's name there")]
    NotWanted,
    /// The bank does not know that kind of name.
    #[error("the bank does not know that kind of name")]
    UnknownKind,
}

impl PsuProfile {
    /// The names as this bank wants them told: cut, with their kinds, or not at all.
    pub fn fit(&self, told: &PsuAtBank) -> Result<PsuAtBank, PsuIdRejected> {
        let longest = self.id_longest.map(usize::from);
        let (id, id_type) = fit(self.id, told.id.as_ref(), told.id_type.as_ref(), &self.id_types)?;
        let id = id.map(|id| longest.and_then(|longest| id.cut(longest)).unwrap_or(id));
        let (corporate_id, corporate_id_type) = fit(
            self.corporate_id,
            told.corporate_id.as_ref(),
            told.corporate_id_type.as_ref(),
            &self.corporate_id_types,
        )?;
        Ok(PsuAtBank { id, id_type, corporate_id, corporate_id_type })
    }
}

/// One name and its kind.
fn fit(
    rule: PsuIdRule,
    name: Option<&HeaderText>,
    kind: Option<&HeaderText>,
    kinds: &[String],
) -> Result<(Option<HeaderText>, Option<HeaderText>), PsuIdRejected> {
    let name = match (rule, name) {
        (PsuIdRule::Required, None) => return Err(PsuIdRejected::Missing),
        (PsuIdRule::Forbidden, Some(_)) => return Err(PsuIdRejected::NotWanted),
        (_, None) => return Ok((None, None)),
        (_, Some(name)) => name.clone(),
    };
    let kind = match kind {
        Some(kind) if kinds.iter().any(|known| known == kind.as_str()) => Some(kind.clone()),
        Some(_) => return Err(PsuIdRejected::UnknownKind),
        None => kinds.first().and_then(|kind| HeaderText::parse(kind)),
    };
    Ok((Some(name), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<HeaderText> {
        HeaderText::parse(text)
    }

    fn called(id: &str, id_type: &str) -> PsuAtBank {
        PsuAtBank { id: text(id), id_type: text(id_type), ..PsuAtBank::default() }
    }

    #[test]
    fn a_name_is_cut_and_gets_the_bank_s_first_kind() {
        let kinds = vec!["DE_ONLB_DB".to_owned(), "DE_ONLB_POBA".to_owned()];
        let profile = PsuProfile { id_longest: Some(10), id_types: kinds, ..PsuProfile::default() };
        assert_eq!(profile.fit(&called("123456789012", "")), Ok(called("1234567890", "DE_ONLB_DB")));
        assert_eq!(profile.fit(&called("12", "DE_ONLB_POBA")), Ok(called("12", "DE_ONLB_POBA")));
        assert_eq!(profile.fit(&called("12", "OTHER")), Err(PsuIdRejected::UnknownKind));
        assert_eq!(profile.fit(&called("", "")), Ok(PsuAtBank::default()));
    }

    #[test]
    fn a_bank_may_want_a_name_or_refuse_it() {
        let with = |id| PsuProfile { id, ..PsuProfile::default() };
        assert_eq!(with(PsuIdRule::Required).fit(&PsuAtBank::default()), Err(PsuIdRejected::Missing));
        assert_eq!(with(PsuIdRule::Forbidden).fit(&called("a", "")), Err(PsuIdRejected::NotWanted));
        assert_eq!(with(PsuIdRule::Forbidden).fit(&PsuAtBank::default()), Ok(PsuAtBank::default()));
    }
}
