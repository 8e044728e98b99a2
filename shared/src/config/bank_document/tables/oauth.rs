//! A bank's authorisation server, as a document tells it.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::domain::bank::{
    ApplicationToken, AuthorizeProfile, Endpoints, Pkce, Rotation, ScaOAuthLink, Stage, TokenCallProfile,
};

/// A bank's authorisation server and our registration there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuthTable {
    /// Its issuer identifier.
    pub issuer: String,
    /// Where its metadata is; of the API's origin or of `addresses.origins`. May be left out where `endpoints` says all.
    pub metadata_url: Option<Url>,
    /// Endpoints that are fixed, over what the metadata say.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// Our client id; the `organizationIdentifier` of our QWAC if not set.
    #[schemars(length(min = 1))]
    pub client_id: Option<String>,
    /// When the PSU meets it.
    #[serde(default)]
    pub stage: Stage,
    /// The scope to ask for; `{consent_id}` is filled in.
    pub scope: String,
    /// The scope to ask for before there is a consent, where `stage` has a pre-step.
    pub pre_step_scope: Option<String>,
    /// Proof Key for Code Exchange.
    #[serde(default)]
    pub pkce: Pkce,
    /// Random octets in a PKCE verifier; 32 if not set.
    #[serde(default = "default_verifier_octets")]
    #[schemars(range(min = 32, max = 96))]
    pub verifier_octets: u8,
    /// The request that the browser carries.
    #[serde(default)]
    pub authorize: AuthorizeProfile,
    /// What the link `scaOAuth` leads to.
    #[serde(default)]
    pub sca_link: ScaOAuthLink,
    /// Calls of the token endpoint.
    #[serde(default)]
    pub token: TokenCallProfile,
    /// The header that access tokens go in; `Authorization` if not set.
    pub token_header: Option<String>,
    /// A token for ourselves that some calls need.
    pub application_token: Option<ApplicationToken>,
    /// What happens to a used refresh token: `none`, `grace` or `family`.
    pub rotation: Rotation,
    /// Seconds that an access token lives if the bank does not say; 300 if not set.
    #[serde(default = "default_access_seconds")]
    #[schemars(range(min = 1))]
    pub default_access_seconds: u32,
    /// Seconds before its end from which an access token is no longer used; the hub's own rule if not set.
    #[schemars(range(max = 86_400))]
    pub refresh_margin_seconds: Option<u32>,
    /// Days after which a chain of refresh tokens ends, if it does.
    #[schemars(range(min = 1))]
    pub chain_days: Option<u16>,
    /// Hours after which a refresh token that nobody used ends, if it does.
    #[schemars(range(min = 1))]
    pub idle_hours: Option<u16>,
}

const fn default_access_seconds() -> u32 {
    300
}

const fn default_verifier_octets() -> u8 {
    32
}
