//! A tenant's document: one TOML file for each.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use url::Url;

use super::{address::is_private_enough, mistakes::Mistakes, read_folder, tenant_identity};
use crate::domain::{
    event::EventKind,
    fingerprint::Fingerprint,
    ids::TenantId,
    tenant::{Identity, Tenant, TenantRole, TokenAlgorithm, Webhook},
};

/// What stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantDocument {
    /// The hub's name of the tenant.
    pub id: String,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `sub` of its tokens, where the issuer speaks for others too.
    pub subject: Option<String>,
    /// The `email` of its tokens, which the issuer must have verified, where it speaks for others too.
    pub email: Option<String>,
    /// Where the issuer's public keys are.
    pub jwks_url: Url,
    /// The signature algorithms its tokens may use.
    pub algorithms: Vec<TokenAlgorithm>,
    /// The certificates that it shows to the load balancer: `sha256:` and the fingerprint in hexadecimal digits.
    #[serde(default)]
    pub client_certificates: Vec<String>,
    /// Where browsers may be sent back to, exactly.
    #[serde(default)]
    pub return_urls: Vec<Url>,
    /// `crm` (the default) or `scheduler`.
    #[serde(default)]
    pub role: TenantRole,
    /// Where the CRM is told of what happens to its sessions.
    pub webhook: Option<WebhookDocument>,
}

/// The table `[webhook]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookDocument {
    /// Where events are sent.
    pub url: Url,
    /// The `aud` of every event.
    pub audience: String,
    /// The kinds that the CRM wants; without it all but `refreshed`.
    pub events: Option<Vec<EventKind>>,
}

/// Reads every tenant of a folder.
pub fn read_tenants(folder: &Path) -> Result<Vec<Tenant>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let tenants = read_folder(folder, &mut mistakes, |path, text, mistakes| {
        let document =
            mistakes.take(path.display(), toml::from_str::<TenantDocument>(text).map_err(|error| told(&error)))?;
        document.check(path, mistakes)
    });
    tenant_identity::check_issuers(&tenants, &mut mistakes);
    mistakes.or(Some(tenants))
}

/// What is wrong with a TOML text, without the text itself.
pub(super) fn told(error: &toml::de::Error) -> String {
    error.message().to_owned()
}

impl TenantDocument {
    fn check(self, path: &Path, mistakes: &mut Mistakes) -> Option<Tenant> {
        let at = |field: &str| format!("{}: {field}", path.display());
        let id = mistakes.take(at("id"), TenantId::parse(self.id));
        if !is_private_enough(&self.jwks_url) {
            mistakes.add(at("jwks_url"), "must be https (http only on 127.0.0.1)");
        }
        if self.algorithms.is_empty() {
            mistakes.add(at("algorithms"), "empty");
        }
        for url in self.return_urls.iter().filter(|url| !is_private_enough(url) || url.fragment().is_some()) {
            let origin = url.origin().ascii_serialization();
            mistakes.add(at("return_urls"), format!("{origin}: must be https (http only on 127.0.0.1), no fragment"));
        }
        let webhook = self.webhook.map(|webhook| webhook.check(self.role, &at, mistakes));
        let identity = Identity { subject: self.subject, email: self.email };
        tenant_identity::check(&self.issuer, self.role, &identity, &at, mistakes);
        let client_certificates = fingerprints(&self.client_certificates, self.role, &at, mistakes);
        Some(Tenant {
            id: id?,
            issuer: self.issuer,
            identity,
            jwks_url: self.jwks_url,
            algorithms: self.algorithms,
            client_certificates,
            return_urls: self.return_urls,
            role: self.role,
            webhook,
        })
    }
}

/// What certificates are named by, each once.
fn fingerprints(
    texts: &[String],
    role: TenantRole,
    at: &impl Fn(&str) -> String,
    mistakes: &mut Mistakes,
) -> BTreeSet<Fingerprint> {
    if role == TenantRole::Scheduler && !texts.is_empty() {
        mistakes.add(at("client_certificates"), "a scheduler does not come through the load balancer");
    }
    let parsed = texts.iter().filter_map(|text| {
        let told = "not `sha256:` and 64 hexadecimal digits";
        mistakes.take(at("client_certificates"), Fingerprint::parse(text).ok_or(told))
    });
    parsed.collect()
}

impl WebhookDocument {
    fn check(self, role: TenantRole, at: &impl Fn(&str) -> String, mistakes: &mut Mistakes) -> Webhook {
        if role == TenantRole::Scheduler {
            mistakes.add(at("webhook"), "a scheduler has no sessions to be told of");
        }
        let is_anonymous = self.url.username().is_empty() && self.url.password().is_none();
        if !is_private_enough(&self.url) || self.url.fragment().is_some() || !is_anonymous {
            let wanted = "must be https (http only on 127.0.0.1), no fragment, no password";
            mistakes.add(at("webhook.url"), wanted);
        }
        if self.audience.is_empty() {
            mistakes.add(at("webhook.audience"), "empty");
        }
        if self.events.as_ref().is_some_and(Vec::is_empty) {
            mistakes.add(at("webhook.events"), "empty; leave the whole table out to be told nothing");
        }
        let events = self.events.unwrap_or_else(|| EventKind::USUAL.to_vec());
        Webhook { url: self.url, audience: self.audience, events: events.into_iter().collect() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn folder(documents: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, text) in documents.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.toml")), text).unwrap();
        }
        folder
    }

    pub const GOOD: &str = r#"
        id = "acme"
        issuer = "https://crm.example"
        jwks_url = "https://crm.example/jwks.json"
        algorithms = ["ES256"]
        return_urls = ["https://crm.example/back"]
    "#;

    #[test]
    fn reads_a_tenant() {
        let tenants = read_tenants(folder(&[GOOD]).path()).unwrap();
        assert_eq!(tenants[0].id.as_str(), "acme");
        assert_eq!(tenants[0].role, TenantRole::Crm);
    }

    #[test]
    fn tells_mistakes_of_every_file_together() {
        let wrong_url = GOOD.replace("https://crm.example/jwks.json", "http://crm.example/jwks.json");
        let wrong_word = GOOD.replace("ES256", "HS256").replace("https://crm.example\"", "https://other.example\"");
        let mistakes = read_tenants(folder(&[&wrong_url, &wrong_word]).path()).unwrap_err().to_string();
        assert!(mistakes.contains("0.toml: jwks_url: must be https"), "{mistakes}");
        assert!(mistakes.contains("1.toml"), "{mistakes}");
    }

    #[test]
    fn a_webhook_is_told_all_but_new_data_unless_it_chooses() {
        let plain =
            format!("{GOOD}\n[webhook]\nurl = \"https://crm.example/events\"\naudience = \"https://crm.example\"");
        let webhook = |text: &str| read_tenants(folder(&[text]).path()).unwrap()[0].webhook.clone().unwrap();
        assert_eq!(webhook(&plain).events, EventKind::USUAL.into());
        let all = format!("{plain}\nevents = [\"connected\", \"refreshed\"]");
        assert_eq!(webhook(&all).events, [EventKind::Connected, EventKind::Refreshed].into());
        assert_eq!(read_tenants(folder(&[GOOD]).path()).unwrap()[0].webhook, None);
    }

    #[test]
    fn mistakes_in_a_webhook_are_told_by_field() {
        let wrong =
            "role = \"scheduler\"\n[webhook]\nurl = \"http://me:secret@crm.example/\"\naudience = \"\"\nevents = []";
        let mistakes = read_tenants(folder(&[&format!("{GOOD}\n{wrong}")]).path()).unwrap_err().to_string();
        for field in
            ["webhook: a scheduler", "webhook.url: must be https", "webhook.audience: empty", "webhook.events: empty"]
        {
            assert!(mistakes.contains(&format!("0.toml: {field}")), "{field} in {mistakes}");
        }
        assert!(!mistakes.contains("secret"), "{mistakes}");
        let unknown = "[webhook]\nurl = \"https://crm.example/\"\naudience = \"x\"\nevents = [\"everything\"]";
        assert!(read_tenants(folder(&[&format!("{GOOD}\n{unknown}")]).path()).is_err());
    }

    #[test]
    fn certificates_are_named_by_their_fingerprints() {
        let with = |list: &str| read_tenants(folder(&[&format!("{GOOD}\nclient_certificates = [{list}]")]).path());
        let (one, two) = (format!("\"sha256:{}\"", "1f".repeat(32)), format!("\"sha256:{}\"", "2e".repeat(32)));
        assert_eq!(with(&format!("{one}, {two}")).unwrap()[0].client_certificates.len(), 2);
        let mistakes = with(&format!("{one}, \"sha1:1f\"")).unwrap_err().to_string();
        assert!(mistakes.contains("0.toml: client_certificates: not `sha256:`"), "{mistakes}");
        let scheduler = format!("{GOOD}\nrole = \"scheduler\"\nclient_certificates = [{one}]");
        let mistakes = read_tenants(folder(&[&scheduler]).path()).unwrap_err().to_string();
        assert!(mistakes.contains("client_certificates: a scheduler"), "{mistakes}");
    }

    #[test]
    fn a_misspelt_field_is_a_mistake() {
        let misspelt = format!("{GOOD}\nreturn_url = []");
        assert!(read_tenants(folder(&[&misspelt]).path()).is_err());
    }
}
