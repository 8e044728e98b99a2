//! A tenant: one TPP's CRM and what was agreed with it.

use std::collections::BTreeSet;

use url::Url;

use super::{event::EventKind, ids::TenantId};

/// One tenant, as its document tells.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The hub's name of it.
    pub id: TenantId,
    /// The issuer of its tokens, compared as text. No two tenants share one.
    pub issuer: String,
    /// Where the issuer's keys are.
    pub jwks_url: Url,
    /// Signature algorithms its tokens may use; of one key family.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Where browsers may be sent back to, exactly.
    pub return_urls: Vec<Url>,
    /// Whether this is a CRM or the scheduler.
    pub role: TenantRole,
    /// Where it wants to be told of what happens, if anywhere.
    pub webhook: Option<Webhook>,
}

/// Where a CRM is told of what happens to its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where events are sent.
    pub url: Url,
    /// Whom they are for: the `aud` of every event.
    pub audience: String,
    /// The kinds that it wants.
    pub events: BTreeSet<EventKind>,
}

/// What a token issuer is to the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantRole {
    /// A CRM: may do what its token's scopes say, except run jobs.
    #[default]
    Crm,
    /// The scheduler: may run jobs and nothing else.
    Scheduler,
}

/// Signature algorithms that the hub accepts from a CRM (RFC 8725 §3.1: an allow-list, no symmetric ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum TokenAlgorithm {
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PSS.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PKCS1-v1_5, what Google signs service accounts' tokens with.
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Tenant {
    /// The registered return URL that equals this text in every character; `None` if there is none.
    pub fn registered_return_url(&self, text: &str) -> Option<Url> {
        self.return_urls.iter().find(|url| url.as_str() == text).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_urls_match_exactly_or_not_at_all() {
        let tenant = Tenant {
            id: TenantId::parse("acme").unwrap(),
            issuer: "https://crm.example".to_owned(),
            jwks_url: "https://crm.example/jwks".parse().unwrap(),
            algorithms: vec![TokenAlgorithm::Es256],
            return_urls: vec!["https://crm.example/back".parse().unwrap()],
            role: TenantRole::Crm,
            webhook: None,
        };
        assert!(tenant.registered_return_url("https://crm.example/back").is_some());
        for bad in [
            "https://crm.example/back/",
            "https://crm.example/back?x=1",
            "https://crm.example/BACK",
            "https://evil.example/back",
            "//evil.example/back",
            "javascript:alert(1)",
            "https://crm.example@evil.example/back",
            "https://crm.example\\@evil.example/back",
            "HTTPS://crm.example/back",
            "",
        ] {
            assert!(tenant.registered_return_url(bad).is_none(), "{bad}");
        }
    }
}
