//! What people know of a bank and of its document, and how we are registered there.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

/// What people know of a bank and of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// How well the document is known to fit the bank.
    pub assurance: Assurance,
    /// The version of the document, counted up with every change.
    pub version: Option<u32>,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// A picture for the CRM to show; https.
    pub logo: Option<Url>,
    /// Where the bank tells how its interface does.
    pub status_page: Option<Url>,
    /// Where the bank takes tickets.
    pub support: Option<String>,
    /// What else the operator should know, such as what ends a chain of refresh tokens early.
    pub notes: Vec<String>,
    /// False for a bank that is not offered: no session begins there, sessions that exist go on.
    pub offered: bool,
}

/// Nothing is known but that the bank is offered.
impl Default for Facts {
    fn default() -> Self {
        Self {
            assurance: Assurance::default(),
            version: None,
            sources: Vec::new(),
            logo: None,
            status_page: None,
            support: None,
            notes: Vec::new(),
            offered: true,
        }
    }
}

/// How well a document is known to fit its bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// In use.
    #[default]
    Stable,
    /// Tried, with few customers.
    Experimental,
    /// Written from public facts; nobody has called the bank with it.
    Unverified,
}

/// How we are registered at a bank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// How one registers.
    pub kind: RegistrationKind,
    /// The organisation that is registered (ETSI TS 119 495, `organizationIdentifier`); must be the one in our certificates.
    /// Consents are lost at some banks if it changes.
    pub organisation_identifier: Option<String>,
    /// The most redirect addresses that one registration may have.
    pub redirect_uris_most: Option<u16>,
    /// The address that the bank knows us to come from, where it wants to.
    pub egress_address: Option<IpAddr>,
    /// What to do when the certificate is renewed.
    pub renewal: Option<String>,
}

/// How a TPP registers at a bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationKind {
    /// Not at all: the certificate is enough.
    #[default]
    None,
    /// By the first call, which the bank may answer with 401.
    FirstCall,
    /// On a page or by e-mail.
    Portal,
    /// By a call of the bank's own.
    Call,
    /// By dynamic client registration (RFC 7591).
    Dynamic,
}
