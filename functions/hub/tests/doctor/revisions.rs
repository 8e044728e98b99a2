//! The doctor as the smoke job of a deployment.

use axum::{Json, Router, routing::get};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use serde_json::json;

use super::{deployment::doctor, issuer::serve};

/// A revision that wants a token or not, and lacks something or not.
async fn revision(is_private: bool, missing: Option<&'static str>) -> String {
    let may =
        move |headers: &HeaderMap| !is_private || headers.get(AUTHORIZATION).is_some_and(|it| it == "Bearer token");
    let health = async move |headers: HeaderMap| if may(&headers) { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let ready = async move |headers: HeaderMap| match (may(&headers), missing) {
        (false, _) => (StatusCode::FORBIDDEN, Json(json!({}))),
        (true, None) => (StatusCode::OK, Json(json!({ "store": "ready", "keys": "ready" }))),
        (true, Some(missing)) => {
            let told = json!({ "store": "ready", "keys": "unavailable", "missing": ["keys", missing] });
            (StatusCode::SERVICE_UNAVAILABLE, Json(told))
        }
    };
    serve(Router::new().route("/health", get(health)).route("/ready", get(ready))).await
}

async fn metadata_server() -> String {
    let path = "/computeMetadata/v1/instance/service-accounts/default/identity";
    let host = serve(Router::new().route(path, get(async || "token"))).await;
    host.strip_prefix("http://").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_revisions_are_tried_without_any_other_setting() {
    let place = tempfile::tempdir().unwrap();
    let (private, public) = (revision(true, None).await, revision(false, None).await);
    let host = ("GCE_METADATA_HOST", metadata_server().await);
    let targets = format!("hub-callback={public} hub-account-proxy={private}");
    let said = doctor(vec![host.clone(), ("HUB_SMOKE_TARGETS", targets)], &[], place.path()).await;
    assert_eq!(said.status, 0, "{said:#?}");
    let expected = [
        "skip  settings  — no settings here: only revisions are tried",
        "ok    revision.callback  — up and ready",
        "ok    revision.account-proxy  — up and ready, and refuses a call without a token",
    ];
    assert_eq!(said.lines, expected);

    let lacking = revision(false, Some("keys.tokens")).await;
    let targets = format!("rewrap={lacking} account-proxy={public}");
    let said = doctor(vec![host, ("HUB_SMOKE_TARGETS", targets)], &[], place.path()).await;
    said.has_failed("revision.rewrap", "it is not ready: keys keys.tokens");
    said.has_failed("revision.account-proxy", "it answers 200 OK to a call without a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_not_there_fails() {
    let place = tempfile::tempdir().unwrap();
    let targets = ("HUB_SMOKE_TARGETS", "hub-callback=http://127.0.0.1:1".to_owned());
    doctor(vec![targets], &[], place.path()).await.has_failed("revision.callback", "it does not answer");
}
