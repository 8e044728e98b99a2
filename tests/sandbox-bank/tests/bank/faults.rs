//! Each fault, seen from the third party.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::certificates::{next_entry, refusal};
use crate::tpp::{World, offer, order, read};

/// The fault of the journal's last entry.
fn struck(world: &World) -> Option<String> {
    world.last_entry().fault
}

#[tokio::test]
async fn answers_late_but_works_at_once() {
    let world = World::new().await;
    world.arm("consents", json!({ "kind": "delay", "millis": 3_600_000 }), 1).await;
    let worked =
        async { while world.control(Method::GET, "/consents", Value::Null).await.body["consents"] == json!([]) {} };
    tokio::select! {
        answer = world.asking("redirect", &order(offer())).send() => panic!("{answer:?}"),
        () = worked => {}
    }
    assert_eq!((struck(&world).as_deref(), world.last_entry().status), (Some("delay"), None));
}

#[tokio::test]
async fn answers_in_the_end() {
    let world = World::new().await;
    world.arm("consents", json!({ "kind": "delay", "millis": 50 }), 1).await;
    let asked = Instant::now();
    world.consent("redirect", offer()).await;
    assert!(asked.elapsed() >= Duration::from_millis(50));
    assert_eq!((struck(&world).as_deref(), world.last_entry().status), (Some("delay"), Some(201)));
}

#[tokio::test]
async fn answers_with_any_status() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    world.arm("accounts", json!({ "kind": "status", "status": 503 }), 2).await;
    for status in [503, 503, 200] {
        assert_eq!(world.background(&access, "/accounts").await.status, status);
    }
    let journal = world.bank.journal();
    let statuses: Vec<_> = journal.iter().filter(|entry| entry.fault.is_some()).map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(503), Some(503)]);
}

#[tokio::test]
async fn does_not_count_reads_that_a_fault_replaced() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    world.arm("accounts", json!({ "kind": "status", "status": 500 }), 10).await;
    for _ in 0..10 {
        world.background(&access, "/accounts").await;
    }
    assert_eq!(world.background(&access, "/accounts").await.status, 200);
}

#[tokio::test]
async fn rotates_and_then_times_out() {
    let world = World::new().await;
    world.control(Method::POST, "/tokens", json!({ "rotation": "family" })).await;
    let token = world.access("oauth").await.refresh.unwrap();
    world.arm("token", json!({ "kind": "rotate_then_504" }), 1).await;
    assert_eq!(world.refresh(&token).await.status, 504);
    assert_eq!(world.refresh(&token).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn sends_callers_away_for_a_while() {
    let world = World::new().await;
    world.arm("any", json!({ "kind": "too_many_requests", "retry_after": 30 }), 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (429, &"30".parse().unwrap()));
    world.arm("any", json!({ "kind": "too_many_requests" }), 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!((answer.status.as_u16(), answer.headers.get("retry-after")), (429, None));
}

#[tokio::test]
async fn shows_a_maintenance_page() {
    let world = World::new().await;
    world.arm("accounts", json!({ "kind": "html_200" }), 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
}

#[tokio::test]
async fn leads_the_next_page_astray() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let account = world.accounts(&access).await[0].clone();
    let here = format!("/oauth/v1/accounts/{account}/transactions?bookingStatus=booked&dateFrom=2026-11-01");
    let plain = world.bank.api_url().replace("https", "http");
    for (to, start) in [
        ("self", here.clone()),
        ("other_host", "https://evil.example/".to_owned()),
        ("other_account", "/oauth/v1/accounts/00000000-0000-4000-8000-000000000000/transactions?".to_owned()),
        ("null_host", "https://null/".to_owned()),
        ("plain_http", plain),
    ] {
        world.arm("transactions", json!({ "kind": "wrong_next", "to": to }), 1).await;
        let page = world.attended(&access, &here).await;
        assert_eq!(page.status, 200);
        let next = page.body["transactions"]["_links"]["next"]["href"].as_str().unwrap();
        assert!(next.starts_with(&start), "{to}: {next}");
        assert!(page.body["transactions"]["booked"].is_array());
    }
}

#[tokio::test]
async fn refuses_the_certificate_also_of_open_connections() {
    let world = World::new().await;
    world.get("/redirect/v1/accounts").await;
    world.arm("any", json!({ "kind": "refuse_certificate" }), 1).await;
    let known = world.bank.journal().len();
    let text = refusal(&world, &world.tpp).await;
    assert!(text.contains("CertificateRevoked"), "{text}");
    let entry = next_entry(&world, known).await;
    assert_eq!((entry.fault.as_deref(), entry.path), (Some("refuse_certificate"), None));
    assert_eq!(world.get("/redirect/v1/accounts").await.status, 400);
}

#[tokio::test]
async fn sends_the_customer_to_a_wrong_place() {
    let world = World::new().await;
    for (mood, link) in [("oauth", "scaOAuth"), ("redirect", "scaRedirect")] {
        world.arm("consents", json!({ "kind": "bad_sca_link", "href": "https://evil.example/" }), 1).await;
        let created = world.consent(mood, offer()).await;
        assert_eq!(created.body["_links"][link]["href"], "https://evil.example/");
        assert!(created.body["_links"]["self"]["href"].as_str().unwrap().contains(mood));
    }
}

#[tokio::test]
async fn answers_with_any_body_of_any_size() {
    let world = World::new().await;
    let fault = json!({ "kind": "body", "status": 200, "content_type": "application/json", "body": "[" });
    world.arm("accounts", fault, 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &json!("[")));
    world.arm("accounts", json!({ "kind": "oversized", "bytes": 3_000_000 }), 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!(answer.body.to_string().len(), 3_000_000);
}

#[tokio::test]
async fn redirects_somewhere_else() {
    let world = World::new().await;
    world.arm("accounts", json!({ "kind": "redirect", "location": "http://169.254.169.254/" }), 1).await;
    let answer = world.get("/redirect/v1/accounts").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (302, "http://169.254.169.254/"));
}

#[tokio::test]
async fn hangs_up_after_the_work_is_done() {
    let world = World::new().await;
    world.arm("consents", json!({ "kind": "close" }), 1).await;
    let error = world.asking("redirect", &order(offer())).send().await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    assert_eq!((struck(&world).as_deref(), world.last_entry().status), (Some("close"), None));
    let consents = world.control(Method::GET, "/consents", Value::Null).await;
    assert_eq!(consents.body["consents"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/redirect/v1/accounts").await.status, 400, "the next connection works");
}

#[tokio::test]
async fn can_be_listed_and_taken_back() {
    let world = World::new().await;
    let order = json!({ "operation": "balances", "mood": "oauth", "fault": { "kind": "close" }, "times": null });
    let id = world.control(Method::POST, "/faults", order).await.body["id"].as_u64().unwrap();
    world.arm("any", json!({ "kind": "html_200" }), 1).await;
    let listed = world.control(Method::GET, "/faults", Value::Null).await.body;
    assert_eq!(
        listed["faults"][0],
        json!({ "id": id, "operation": "balances", "mood": "oauth", "fault": { "kind": "close" }, "times": null })
    );
    assert_eq!(world.control(Method::DELETE, &format!("/faults/{id}"), Value::Null).await.status, 204);
    assert_eq!(world.control(Method::DELETE, &format!("/faults/{id}"), Value::Null).await.status, 404);
    assert_eq!(world.control(Method::DELETE, "/faults", Value::Null).await.status, 204);
    let request = world.api(Method::GET, "/redirect/v1/accounts");
    assert_eq!(read(request.send().await.unwrap()).await.status, 400);
}
