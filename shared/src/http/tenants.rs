//! Whose a token is: found by its issuer and, where one issuer speaks for several tenants, by whom it speaks of.
//!
//! This is read before the signature is judged, because it says whose keys to judge it by. The signature is over the same
//! text, so nothing that is read here can be another's once it holds.

use std::{collections::BTreeMap, sync::Arc};

use jsonwebtoken::dangerous;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::tenant::{Speaker, Tenant};

/// The tenants, by issuer.
pub(super) struct Tenants(BTreeMap<String, Vec<Arc<Tenant>>>);

/// The claims that say whose a token is (RFC 7519 §4.1, OpenID Connect Core §5.1). What is of another type than it must
/// be says nothing; a claim that stands twice makes the token none.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    email: Value,
    #[serde(default)]
    email_verified: Value,
}

impl Tenants {
    pub(super) fn new(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        let mut by_issuer: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for tenant in tenants {
            by_issuer.entry(tenant.issuer.clone()).or_default().push(Arc::new(tenant));
        }
        Self(by_issuer)
    }

    /// The one tenant that the token says it is of.
    pub(super) fn claimed_by(&self, token: &str) -> Option<&Arc<Tenant>> {
        let claimed: Claimed = dangerous::insecure_decode_claims(token).ok()?;
        let speaker = claimed.speaker();
        let mut fitting = self.0.get(&claimed.iss)?.iter().filter(|tenant| tenant.identity.is_of(speaker));
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

impl Claimed {
    fn speaker(&self) -> Speaker<'_> {
        let is_verified = self.email_verified == Value::Bool(true);
        Speaker { subject: self.sub.as_str(), verified_email: self.email.as_str().filter(|_| is_verified) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        domain::{
            ids::TenantId,
            scope::Scope,
            tenant::{Identity, Tenant, TenantRole},
        },
        testing::fuzz::{
            NOW,
            issuer::{gate_of, sign, tenant},
        },
    };

    const ACCOUNT: &str = "hub-scheduler@acme-hub.iam.gserviceaccount.com";

    fn one(id: &str, role: TenantRole, subject: Option<&str>, email: Option<&str>) -> Tenant {
        let identity = Identity { subject: subject.map(str::to_owned), email: email.map(str::to_owned) };
        Tenant { id: TenantId::parse(id).unwrap(), role, identity, ..tenant() }
    }

    /// Whom a token with these claims is taken to be of, and whether it may run jobs and read sessions.
    async fn judged(tenants: Vec<Tenant>, further: serde_json::Value) -> Option<(String, bool, bool)> {
        let mut claims = json!({
            "iss": tenant().issuer, "aud": "https://hub.example", "exp": NOW.as_second() + 300, "iat": NOW.as_second(),
        });
        claims.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let bearer = gate_of(tenants).judge(&sign("JWT", claims.to_string().as_bytes())).await.ok()?;
        Some((bearer.tenant.id.to_string(), bearer.may(Scope::JobsRun), bearer.may(Scope::SessionsRead)))
    }

    #[tokio::test]
    async fn an_account_that_is_named_runs_jobs_without_a_scope() {
        let scheduler = || vec![one("jobs", TenantRole::Scheduler, Some("117"), Some(ACCOUNT))];
        let good = json!({"sub": "117", "email": ACCOUNT, "email_verified": true, "azp": "117"});
        assert_eq!(judged(scheduler(), good.clone()).await, Some(("jobs".to_owned(), true, false)));
        for (what, member, value) in [
            ("another subject", "sub", json!("118")),
            ("a subject that is a number", "sub", json!(117)),
            ("no subject", "sub", json!(null)),
            ("another address", "email", json!("hub-scheduler@evil.iam.gserviceaccount.com")),
            ("an address in other letters", "email", json!(ACCOUNT.to_uppercase())),
            ("several addresses", "email", json!([ACCOUNT])),
            ("an address that is not verified", "email_verified", json!(false)),
            ("verified as text", "email_verified", json!("true")),
            ("not known whether verified", "email_verified", json!(null)),
        ] {
            let mut claims = good.clone();
            claims[member] = value;
            assert_eq!(judged(scheduler(), claims).await, None, "{what}");
        }
        let mut greedy = good;
        greedy["scope"] = json!("sessions:read jobs:run");
        assert_eq!(judged(scheduler(), greedy).await, Some(("jobs".to_owned(), true, false)));
    }

    #[tokio::test]
    async fn whoever_is_not_named_needs_the_scope() {
        let unnamed = || vec![one("jobs", TenantRole::Scheduler, None, None)];
        assert_eq!(judged(unnamed(), json!({"sub": "117"})).await, Some(("jobs".to_owned(), false, false)));
        let scope = json!({"scope": "jobs:run"});
        assert_eq!(judged(unnamed(), scope.clone()).await, Some(("jobs".to_owned(), true, false)));
        let crm = || vec![one("acme", TenantRole::Crm, Some("117"), None)];
        let mut both = json!({"sub": "117"});
        assert_eq!(judged(crm(), both.clone()).await, Some(("acme".to_owned(), false, false)));
        both["scope"] = json!("jobs:run sessions:read");
        assert_eq!(judged(crm(), both).await, Some(("acme".to_owned(), false, true)));
    }

    #[tokio::test]
    async fn tenants_of_one_issuer_are_told_apart_by_whom_it_speaks_of() {
        let tenants = || {
            vec![
                one("jobs", TenantRole::Scheduler, Some("117"), Some(ACCOUNT)),
                one("tasks", TenantRole::Scheduler, Some("118"), None),
                one("acme", TenantRole::Crm, Some("119"), None),
            ]
        };
        let is_of = async |subject: &str| {
            let claims = json!({"sub": subject, "email": ACCOUNT, "email_verified": true, "scope": "sessions:read"});
            judged(tenants(), claims).await.map(|(tenant, ..)| tenant)
        };
        for (subject, tenant) in [("117", "jobs"), ("118", "tasks"), ("119", "acme")] {
            assert_eq!(is_of(subject).await.as_deref(), Some(tenant));
        }
        assert_eq!(is_of("120").await, None);
    }

    #[tokio::test]
    async fn a_claim_that_stands_twice_is_of_nobody() {
        let gate = gate_of(vec![one("jobs", TenantRole::Scheduler, Some("117"), None)]);
        let claims = |subjects: &str| {
            let (issuer, exp) = (tenant().issuer, NOW.as_second() + 300);
            format!(r#"{{"iss":"{issuer}","aud":"https://hub.example","exp":{exp},{subjects}}}"#)
        };
        for (subjects, is_taken) in [(r#""sub":"117""#, true), (r#""sub":"118","sub":"117""#, false)] {
            assert_eq!(gate.judge(&sign("JWT", claims(subjects).as_bytes())).await.is_ok(), is_taken, "{subjects}");
        }
    }
}
