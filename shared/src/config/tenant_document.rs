//! A tenant's document: one TOML file per issuer of tokens.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use url::Url;

use super::{address::is_private_enough, mistakes::Mistakes, read_folder};
use crate::domain::{
    ids::TenantId,
    tenant::{Tenant, TenantRole, TokenAlgorithm},
};

/// What stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantDocument {
    /// The hub's name of the tenant.
    pub id: String,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where the issuer's public keys are.
    pub jwks_url: Url,
    /// The signature algorithms its tokens may use.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Where browsers may be sent back to, exactly.
    #[serde(default)]
    pub return_urls: Vec<Url>,
    /// `crm` (the default) or `scheduler`.
    #[serde(default)]
    pub role: TenantRole,
}

/// Reads every tenant of a folder.
pub fn read_tenants(folder: &Path) -> Result<Vec<Tenant>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let tenants = read_folder(folder, &mut mistakes, |path, text, mistakes| {
        let document =
            mistakes.take(path.display(), toml::from_str::<TenantDocument>(text).map_err(|error| told(&error)))?;
        document.check(path, mistakes)
    });
    check_issuers(&tenants, &mut mistakes);
    mistakes.or(Some(tenants))
}

/// What is wrong with a TOML text, without the text itself.
pub(super) fn told(error: &toml::de::Error) -> String {
    error.message().to_owned()
}

/// One issuer speaks for one tenant only: otherwise a token would not say whose it is.
fn check_issuers(tenants: &[Tenant], mistakes: &mut Mistakes) {
    let mut owners: BTreeMap<&str, &TenantId> = BTreeMap::new();
    for tenant in tenants {
        if let Some(other) = owners.insert(&tenant.issuer, &tenant.id) {
            mistakes.add(format!("tenant {}", tenant.id), format!("shares its issuer with tenant {other}"));
        }
    }
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
        Some(Tenant {
            id: id?,
            issuer: self.issuer,
            jwks_url: self.jwks_url,
            algorithms: self.algorithms,
            return_urls: self.return_urls,
            role: self.role,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(documents: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, text) in documents.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.toml")), text).unwrap();
        }
        folder
    }

    const GOOD: &str = r#"
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
    fn no_two_tenants_share_an_issuer() {
        let other = GOOD.replace("\"acme\"", "\"other\"");
        let mistakes = read_tenants(folder(&[GOOD, &other]).path()).unwrap_err().to_string();
        assert_eq!(mistakes, "tenant other: shares its issuer with tenant acme");
    }

    #[test]
    fn a_misspelt_field_is_a_mistake() {
        let misspelt = format!("{GOOD}\nreturn_url = []");
        assert!(read_tenants(folder(&[&misspelt]).path()).is_err());
    }
}
