//! The control port.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::World;

#[tokio::test]
async fn answers_a_mistake_with_one_sentence() {
    let world = World::new().await;
    for (path, body) in [
        ("/sca", json!({ "decision": "perhaps" })),
        ("/sca", json!({ "decision": "approve", "customer": "nobody" })),
        ("/sca", json!({ "decision": "approve", "customer": "anna-schmidt", "accounts": ["DE89370400440532013000"] })),
        ("/sca", json!({ "decision": "refuse", "customer": "nobody" })),
        ("/sca", json!({ "decision": "approve", "times": 0 })),
        ("/sca", json!({ "decision": "approve", "speed": 1 })),
        ("/faults", json!({ "operation": "balances", "fault": { "kind": "earthquake" } })),
        ("/faults", json!({ "operation": "dancing", "fault": { "kind": "close" } })),
        ("/faults", json!({ "operation": "token", "fault": { "kind": "refuse_certificate" } })),
        ("/faults", json!({ "fault": { "kind": "close" } })),
        ("/clock", json!({ "advance_seconds": "1" })),
        ("/clock", json!({ "advance_seconds": i64::MAX })),
        ("/tokens", json!({ "rotation": "round" })),
        ("/policy", json!({})),
    ] {
        let answer = world.control(Method::POST, path, body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        let sentence = answer.body["error"].as_str().unwrap();
        assert!(!sentence.is_empty() && !sentence.contains('\n'), "{sentence}");
    }
    assert_eq!(world.control(Method::GET, "/journal?since=x", Value::Null).await.status, 400);
    assert_eq!(world.control(Method::GET, "/nothing", Value::Null).await.status, 404);
    assert_eq!(world.control(Method::POST, "/consents/none/revoke", Value::Null).await.status, 404);
}

#[tokio::test]
async fn lists_customers_with_their_accounts() {
    let world = World::new().await;
    let customers = world.control(Method::GET, "/customers", Value::Null).await.body;
    assert_eq!(customers["customers"][0]["id"], "anna-schmidt");
    assert_eq!(customers["customers"][1]["accounts"][2]["currency"], "USD");
    assert_eq!(customers["customers"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn moves_the_clock() {
    let world = World::new().await;
    world.advance(3600).await;
    let clock = world.control(Method::GET, "/clock", Value::Null).await.body;
    assert_eq!(clock["now"], "2026-11-20T13:00:00Z");
    world.get("/redirect/v1/accounts").await;
    assert_eq!(world.last_entry().at.to_string(), "2026-11-20T13:00:00Z");
}

#[tokio::test]
async fn changes_only_the_token_rules_it_names() {
    let world = World::new().await;
    let changed = world.control(Method::POST, "/tokens", json!({ "access_seconds": 7 })).await;
    let expected =
        json!({ "rotation": "grace", "access_seconds": 7, "refresh_seconds": 15_552_000, "code_seconds": 60 });
    assert_eq!(changed.body, expected);
    assert_eq!(world.control(Method::GET, "/tokens", Value::Null).await.body, expected);
}

#[tokio::test]
async fn lists_consents_as_the_customer_sees_them() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let consents = world.control(Method::GET, "/consents", Value::Null).await.body;
    let consent = &consents["consents"][0];
    assert_eq!(consent["id"], access.consent);
    assert_eq!((&consent["mood"], &consent["customer"]), (&json!("redirect"), &json!("anna-schmidt")));
    assert_eq!((&consent["status"], &consent["valid_until"]), (&json!("valid"), &json!("2027-05-19")));
}
