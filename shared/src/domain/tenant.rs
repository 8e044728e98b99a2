//! A tenant: one TPP's CRM and what was agreed with it.

use std::collections::BTreeSet;

use url::Url;

use super::{event::EventKind, fingerprint::Fingerprint, ids::TenantId};

/// One tenant, as its document tells.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The hub's name of it.
    pub id: TenantId,
    /// The issuer of its tokens, compared as text.
    pub issuer: String,
    /// Whom of the issuer's its tokens must be of. No token fits two tenants.
    pub identity: Identity,
    /// Where the issuer's keys are.
    pub jwks_url: Url,
    /// Signature algorithms its tokens may use; of one key family.
    pub algorithms: Vec<TokenAlgorithm>,
    /// The certificates that it shows to the load balancer, one of which every call must come with; none if it need not.
    pub client_certificates: BTreeSet<Fingerprint>,
    /// Where browsers may be sent back to, exactly.
    pub return_urls: Vec<Url>,
    /// Whether this is a CRM or the scheduler.
    pub role: TenantRole,
    /// Where it wants to be told of what happens, if anywhere.
    pub webhook: Option<Webhook>,
}

/// Whom of an issuer's a tenant is: what is said here must be so. An empty one is whoever the issuer speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The `sub` of its tokens, compared as text.
    pub subject: Option<String>,
    /// The `email` of its tokens, compared as text, which the issuer must have verified.
    pub email: Option<String>,
}

/// Whom a token is of, as its issuer tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speaker<'a> {
    /// The claim `sub`.
    pub subject: Option<&'a str>,
    /// The claim `email`, if `email_verified` is true.
    pub verified_email: Option<&'a str>,
}

impl Identity {
    /// Whether anything is said at all.
    pub const fn is_pinned(&self) -> bool {
        self.subject.is_some() || self.email.is_some()
    }

    /// Whether everything that is said is so.
    pub fn is_of(&self, speaker: Speaker<'_>) -> bool {
        let is_so =
            |wanted: &Option<String>, told: Option<&str>| wanted.as_deref().is_none_or(|wanted| told == Some(wanted));
        is_so(&self.subject, speaker.subject) && is_so(&self.email, speaker.verified_email)
    }

    /// Whether no token can be of both.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        differ(&self.subject, &other.subject) || differ(&self.email, &other.email)
    }
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
    /// Whether its tokens run jobs without saying so: those of Cloud Scheduler and Cloud Tasks carry no scope, and are of
    /// one account that the document names.
    pub fn runs_jobs_by_identity(&self) -> bool {
        self.role == TenantRole::Scheduler && self.identity.is_pinned()
    }

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
            identity: Identity::default(),
            jwks_url: "https://crm.example/jwks".parse().unwrap(),
            algorithms: vec![TokenAlgorithm::Es256],
            client_certificates: BTreeSet::new(),
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

    /// Every identity and every speaker of two subjects and two addresses.
    fn all<T>(of: impl Fn(Option<&'static str>, Option<&'static str>) -> T) -> Vec<T> {
        let values = [None, Some("1"), Some("2")];
        values.iter().flat_map(|subject| values.iter().map(|email| of(*subject, *email))).collect()
    }

    #[test]
    fn two_identities_are_apart_if_nobody_is_both() {
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let identities = all(|subject, email| Identity { subject: owned(subject), email: owned(email) });
        let speakers = all(|subject, verified_email| Speaker { subject, verified_email });
        for (a, b) in identities.iter().flat_map(|a| identities.iter().map(move |b| (a, b))) {
            let somebody_is_both = speakers.iter().any(|speaker| a.is_of(*speaker) && b.is_of(*speaker));
            assert_eq!(a.is_apart_from(b), !somebody_is_both, "{a:?} {b:?}");
        }
    }

    #[test]
    fn everything_that_is_said_of_a_tenant_must_be_so() {
        let both = Identity { subject: Some("117".to_owned()), email: Some("jobs@x.example".to_owned()) };
        let speaker = |subject, verified_email| Speaker { subject, verified_email };
        assert!(both.is_of(speaker(Some("117"), Some("jobs@x.example"))));
        for (subject, email) in [
            (None, None),
            (Some("117"), None),
            (None, Some("jobs@x.example")),
            (Some("118"), Some("jobs@x.example")),
            (Some("117"), Some("Jobs@x.example")),
            (Some("jobs@x.example"), Some("117")),
        ] {
            assert!(!both.is_of(speaker(subject, email)), "{subject:?} {email:?}");
        }
        assert!(Identity::default().is_of(Speaker::default()) && !Identity::default().is_pinned());
    }
}
