//! A bank's authorisation server and our registration there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderName, header::AUTHORIZATION};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::operation::Operation;

/// A bank's authorisation server and our registration there.
#[derive(Clone, Debug)]
pub struct OAuthProfile {
    /// Its issuer identifier (RFC 8414 §2), compared as text.
    pub issuer: String,
    /// Where its metadata is; fetched over mutual TLS and judged by `issuer`. Absent where the endpoints stand here.
    pub metadata_url: Option<Url>,
    /// Endpoints that are fixed, over what the metadata say.
    pub endpoints: Endpoints,
    /// Our client id there; where it is the `organizationIdentifier` of our QWAC, that.
    pub client_id: String,
    /// When the PSU meets it.
    pub stage: Stage,
    /// The scope to ask for with a consent; `{consent_id}` is filled in.
    pub scope: String,
    /// The scope to ask for before there is a consent.
    pub pre_step_scope: Option<String>,
    /// Proof Key for Code Exchange.
    pub pkce: Pkce,
    /// Random octets in a PKCE verifier (RFC 7636 §4.1); 32 to 96.
    pub verifier_octets: u8,
    /// The request that the browser carries.
    pub authorize: AuthorizeProfile,
    /// What the link `scaOAuth` leads to.
    pub sca_link: ScaOAuthLink,
    /// Calls of the token endpoint.
    pub token: TokenCallProfile,
    /// The header that access tokens go in.
    pub token_header: HeaderName,
    /// A token for ourselves that some calls need.
    pub application_token: Option<ApplicationToken>,
    /// What happens to a refresh token when it is used.
    pub rotation: Rotation,
    /// How long an access token lives if the bank does not say.
    pub default_access_lifetime: Duration,
    /// How long before its end an access token is no longer used; absent for the hub's own rule.
    pub refresh_margin: Option<Duration>,
    /// How long a chain of refresh tokens lives, counted from the customer's authorisation, if the bank ends it.
    pub chain_lifetime: Option<Duration>,
    /// How long a refresh token lives without being used, if the bank ends it.
    pub idle_lifetime: Option<Duration>,
}

impl OAuthProfile {
    /// A server that does everything as the standard has it: the PSU authorises a consent there.
    pub fn standard(issuer: String, client_id: String, scope: String, rotation: Rotation) -> Self {
        Self {
            issuer,
            metadata_url: None,
            endpoints: Endpoints::default(),
            client_id,
            stage: Stage::default(),
            scope,
            pre_step_scope: None,
            pkce: Pkce::default(),
            verifier_octets: 32,
            authorize: AuthorizeProfile::default(),
            sca_link: ScaOAuthLink::default(),
            token: TokenCallProfile::default(),
            token_header: AUTHORIZATION,
            application_token: None,
            rotation,
            default_access_lifetime: Duration::from_mins(5),
            refresh_margin: None,
            chain_lifetime: None,
            idle_lifetime: None,
        }
    }
}

/// Endpoints that are fixed, over what the metadata say (RFC 8414 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Where the browser goes.
    pub authorization: Option<Url>,
    /// Where codes and refresh tokens are redeemed.
    pub token: Option<Url>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation: Option<Url>,
}

/// When the PSU meets the authorisation server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To authorise a consent that exists.
    #[default]
    Sca,
    /// Before the consent is asked for, which is then authorised by a plain redirect.
    PreStep,
    /// Before the consent is asked for, and again to authorise it.
    PreStepAndSca,
    /// Instead of a consent.
    Token,
}

impl Stage {
    /// Whether a token is needed before the consent can be asked for.
    pub const fn is_pre_step(self) -> bool {
        matches!(self, Self::PreStep | Self::PreStepAndSca)
    }
}

/// Proof Key for Code Exchange (RFC 7636).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// `S256`.
    #[default]
    S256,
    /// The bank refuses it. The browser's binding and the state are what is left.
    Refused,
}

/// The authorisation request that the browser carries (RFC 6749 §4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthorizeProfile {
    /// Who calls the authorisation endpoint.
    pub by: AuthorizeBy,
    /// Other names that parameters have at this bank.
    pub rename: BTreeMap<String, String>,
    /// Parameters that are sent besides.
    pub extra: BTreeMap<String, String>,
}

/// Who calls the authorisation endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizeBy {
    /// The PSU's browser.
    #[default]
    Browser,
    /// The hub, over mutual TLS; the browser goes where the answer redirects to.
    Hub,
    /// The hub asks for the address first; the browser goes where the answer's member `location` says.
    HubAsks,
}

/// What the link `scaOAuth` of a consent leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaOAuthLink {
    /// The server's metadata, which are read where the document says all the same.
    #[default]
    Metadata,
    /// The authorisation endpoint, which may be of one consent.
    AuthorizationEndpoint,
}

/// Calls of the token endpoint (RFC 6749 §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenCallProfile {
    /// Form fields that are sent besides.
    pub extra: BTreeMap<String, String>,
    /// Query parameters of the address.
    pub query: BTreeMap<String, String>,
}

/// A token for ourselves, with no PSU in it (RFC 6749 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationToken {
    /// The scope to ask for.
    pub scope: Option<String>,
    /// The calls that carry it, in the place of a PSU's token. It always stands in `Authorization`.
    pub operations: BTreeSet<Operation>,
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// It stays good: trying again is harmless.
    None,
    /// A new one comes; the old one works until the new one was used (FAPI 2.0 §5.3.2.1).
    Grace,
    /// A new one comes; the old one is dead, and using it again may kill every token of the family (RFC 9700 §4.14.2).
    Family,
}
