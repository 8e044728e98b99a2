//! What ends by itself is seen to.

use http::{Method, StatusCode};
use serde_json::json;

use it::bench::{Bench, crm::Crm};

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
