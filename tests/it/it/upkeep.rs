//! What ends by itself is seen to.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use it::bench::{Bench, crm::Crm, issuer};

#[tokio::test]
async fn a_journey_that_nobody_finished_says_so() {
    let bench = Bench::start().await;
    let session = bench.crm().start("oauth").await.text("session");
    bench.advance(3600);
    let path = format!("/v1/sessions/{session}");
    let before = bench.crm().get(&path).await;
    assert_eq!((before.text("status").as_str(), before.text("reason").as_str()), ("renewal_required", "sca_expired"));
    assert_eq!(bench.run_upkeep().await, json!({"due": 1, "failed": 0}));
    assert_eq!(bench.crm().get(&path).await.body, before.body, "writing it down changes nothing for the CRM");
    assert_eq!(bench.run_upkeep().await, json!({"due": 0, "failed": 0}));
}

#[tokio::test]
async fn the_jobs_are_the_schedulers_alone() {
    let bench = Bench::start().await;
    let path = "/v1/jobs/expiry-watch";
    assert_eq!(bench.crm().bare(Method::POST, path, &[]).await.problem(), (401, "unauthenticated"));
    let crm = bench.crm().with_scopes("jobs:run sessions:write");
    assert_eq!(
        crm.post(path, json!(null)).await.problem(),
        (403, "scope_missing"),
        "a CRM may not, whatever its scopes"
    );
    let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run sessions:read sessions:write");
    assert_eq!(scheduler.post(path, json!(null)).await.status, StatusCode::OK);
    assert_eq!(scheduler.post("/v1/jobs/anything", json!(null)).await.problem(), (404, "not_found"));
    assert_eq!(scheduler.get("/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA").await.problem(), (403, "scope_missing"));
}

/// Cloud Scheduler's tokens name an account and no scope; its issuer signs for everybody else too.
#[tokio::test]
async fn an_account_that_is_named_runs_jobs_and_nobody_else_of_its_issuer_does() {
    const PIN: &str = "subject = \"117\"\nemail = \"jobs@acme.example\"\n";
    let bench = Bench::with_tenants(&[("scheduler", PIN.to_owned())]).await;
    let scheduler = Crm::of(&bench, "scheduler");
    let call = async |changes: &[(&str, Value)]| {
        let mut claims = scheduler.claims();
        claims.as_object_mut().unwrap().remove("scope");
        let own = [("sub", json!("117")), ("email", json!("jobs@acme.example")), ("email_verified", json!(true))];
        for (name, value) in own.iter().chain(changes) {
            claims[*name] = value.clone();
        }
        let header = format!("Bearer {}", scheduler.sign(&issuer::header(), &claims));
        scheduler.bare(Method::POST, "/v1/jobs/expiry-watch", &[("authorization", &header)]).await
    };
    let mut refused = std::collections::BTreeSet::new();
    for change in [
        ("sub", json!("118")),
        ("sub", Value::Null),
        ("email", json!("jobs@evil.example")),
        ("email_verified", json!(false)),
        ("email_verified", json!("true")),
        ("aud", json!("https://other.example")),
    ] {
        let mut answer = call(std::slice::from_ref(&change)).await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{change:?}");
        answer.body["request_id"] = Value::Null;
        refused.insert(answer.body.to_string());
    }
    assert_eq!(refused.len(), 1, "nothing tells what was wrong");
    assert_eq!(call(&[]).await.status, StatusCode::OK);
}

/// Cloud Run hands a token that it has judged itself over without its signature.
#[tokio::test]
async fn a_token_without_its_signature_is_nobody_s_whoever_took_it_off() {
    let bench = Bench::start().await;
    let token = Crm::of(&bench, "scheduler").with_scopes("jobs:run").token();
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    let good = format!("Bearer {token}");
    for signature in ["SIGNATURE_REMOVED_BY_GOOGLE", ""] {
        let removed = format!("Bearer {unsigned}.{signature}");
        let call =
            async |headers: &[(&str, &str)]| bench.crm().bare(Method::POST, "/v1/jobs/expiry-watch", headers).await;
        assert_eq!(call(&[("authorization", &removed)]).await.problem(), (401, "unauthenticated"));
        // What Cloud Run judges by another header is not looked at, and what it leaves alone is.
        assert_eq!(call(&[("x-serverless-authorization", &good)]).await.problem(), (401, "unauthenticated"));
        let both = [("x-serverless-authorization", removed.as_str()), ("authorization", good.as_str())];
        assert_eq!(call(&both).await.status, StatusCode::OK);
    }
}
