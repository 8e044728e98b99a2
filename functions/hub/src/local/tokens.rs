//! The claims of the tokens that a CRM sends: who it is, and that its customer is there.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::scope::Scope;

use super::issuer::{Issuer, IssuerError};

/// How long a presence token lives, in seconds: the longest that the hub accepts.
const PRESENCE_SECONDS: i64 = 300;

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    scope: &'a str,
}

#[derive(Serialize)]
struct PresenceClaims<'a> {
    iss: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    whose: Whose<'a>,
    #[serde(flatten)]
    customer: &'a PresentCustomer,
}

/// Whose presence a token proves.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose<'a> {
    /// The customer of this session.
    Session(&'a str),
    /// The customer of this reference, whose session is about to start.
    Psu(&'a str),
}

/// What the customer's own request to the CRM carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PresentCustomer {
    /// Its address.
    #[serde(rename = "psu_ip")]
    pub ip: IpAddr,
    /// `User-Agent`.
    #[serde(rename = "psu_user_agent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `Accept`.
    #[serde(rename = "psu_accept", skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// `Accept-Encoding`.
    #[serde(rename = "psu_accept_encoding", skip_serializing_if = "Option::is_none")]
    pub accept_encoding: Option<String>,
    /// `Accept-Language`.
    #[serde(rename = "psu_accept_language", skip_serializing_if = "Option::is_none")]
    pub accept_language: Option<String>,
    /// The request's method.
    #[serde(rename = "psu_http_method", skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
}

/// Signs tokens for one hub.
pub struct TokenSigner {
    issuer: Issuer,
    hub: String,
}

impl TokenSigner {
    /// Signs with this issuer's key for the hub at that public address.
    pub fn new(issuer: Issuer, hub: impl Into<String>) -> Self {
        Self { issuer, hub: hub.into() }
    }

    /// The issuer that signs.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// A CRM token (RFC 9068 in spirit) with these rights.
    pub fn access(&self, scope: &str, now: Timestamp, seconds: i64) -> Result<String, IssuerError> {
        let iat = now.as_second();
        self.issuer.sign(&AccessClaims { iss: self.iss(), aud: &self.hub, iat, exp: iat + seconds, scope })
    }

    /// Proof that a customer is there.
    pub fn presence(
        &self,
        whose: Whose<'_>,
        customer: &PresentCustomer,
        now: Timestamp,
    ) -> Result<String, IssuerError> {
        let iat = now.as_second();
        let exp = iat + PRESENCE_SECONDS;
        self.issuer.sign(&PresenceClaims { iss: self.iss(), aud: &self.hub, iat, exp, whose, customer })
    }

    fn iss(&self) -> String {
        self.issuer.name().url(&self.hub)
    }
}

/// Every right that a CRM can have.
pub fn crm_scope() -> String {
    let names = Scope::ALL.into_iter().filter(|scope| *scope != Scope::JobsRun).map(Scope::name);
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crm_may_do_everything_but_run_jobs() {
        assert_eq!(crm_scope(), "sessions:write sessions:read accounts:read banks:read");
    }

    #[test]
    fn a_presence_token_names_one_session_or_one_customer() {
        let whose = |whose| serde_json::to_value(whose).unwrap();
        assert_eq!(whose(Whose::Session("s")), serde_json::json!({"session": "s"}));
        assert_eq!(whose(Whose::Psu("p")), serde_json::json!({"psu": "p"}));
    }
}
