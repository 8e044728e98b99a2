//! The panel that shows what goes on under the hood.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::{super::fake_hub::FakeHub, Browser, code_of};

/// A browser with the connection `s1` at the bank `b`.
async fn connected(hub: &FakeHub) -> Browser {
    let browser = Browser::open(hub).await;
    browser.connect(hub).await;
    hub.seen();
    browser
}

#[tokio::test]
async fn health_and_quota_are_the_hubs_own() {
    let hub = FakeHub::start().await;
    let browser = connected(&hub).await;
    let health = json!([{"operation": "balances", "state": "open", "retry_at": "2026-11-21T10:00:00Z"}]);
    let quota = json!({"kinds": [{"kind": "balances", "limit": 4, "used": 1, "left": 3}]});
    hub.answers("GET /v1/banks/b", 200, json!({"id": "b", "health": health}));
    hub.answers("GET /v1/sessions/s1/accounts/a1/quota", 200, quota.clone());
    let told: Value = browser.get("/demo/api/connections/s1/accounts/a1/live").await.json().await.unwrap();
    assert_eq!(told, json!({"health": health, "quota": quota}));
    let scopes = hub.seen().into_iter().map(|call| hub.claims(call.bearer())["scope"].clone());
    assert_eq!(scopes.collect::<Vec<_>>(), ["banks:read", "accounts:read"]);
}

#[tokio::test]
async fn a_read_without_the_customer_proves_nobody_there_and_takes_the_last_good_answer() {
    let hub = FakeHub::start().await;
    let browser = connected(&hub).await;
    hub.answers(
        "GET /v1/sessions/s1/accounts/a1/balances",
        200,
        json!({"balances": [], "stale": {"code": "circuit_open"}}),
    );
    let path = "/demo/api/connections/s1/accounts/a1/live";
    let told: Value = browser.send(Method::POST, path, None).await.json().await.unwrap();
    assert_eq!(told["stale"]["code"], "circuit_open");
    let [call] = hub.seen().try_into().ok().unwrap();
    assert_eq!((call.header("prefer"), call.header("psu-presence")), (Some("stale-ok"), None));
}

#[tokio::test]
async fn another_customers_connection_is_not_looked_at() {
    let hub = FakeHub::start().await;
    let browser = connected(&hub).await;
    let path = "/demo/api/connections/s2/accounts/a1/live";
    for method in [Method::GET, Method::POST] {
        assert_eq!(browser.send(method, path, None).await.status(), StatusCode::NOT_FOUND);
    }
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn trouble_is_made_and_mended_at_the_control_port() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    hub.answers("POST /control/faults", 201, json!({"id": 1}));
    hub.answers("DELETE /control/faults", 200, Value::Null);
    for (trouble, fault) in [
        ("fails", json!({"kind": "status", "status": 500})),
        ("limits", json!({"kind": "too_many_requests", "retry_after": 30})),
    ] {
        let wanted = json!({"bank": "sandbox-oauth", "trouble": trouble});
        let armed = browser.send(Method::POST, "/demo/api/trouble", Some(wanted)).await;
        assert_eq!(armed.status(), StatusCode::OK);
        let [before, arm] = hub.seen().try_into().ok().unwrap();
        assert_eq!(before.call, "DELETE /control/faults", "only one thing goes wrong at a time");
        assert_eq!(arm.json(), json!({"operation": "balances", "mood": "oauth", "fault": fault}));
    }
    assert_eq!(browser.send(Method::DELETE, "/demo/api/trouble", None).await.status(), StatusCode::OK);
    assert_eq!(hub.seen().len(), 1);
    let elsewhere = json!({"bank": "my-bank", "trouble": "fails"});
    let refused = browser.send(Method::POST, "/demo/api/trouble", Some(elsewhere)).await;
    assert_eq!(code_of(refused).await, (StatusCode::BAD_REQUEST, "demo_sandbox_refused".to_owned()));
    assert!(hub.seen().is_empty());
}
