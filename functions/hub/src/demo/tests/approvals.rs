//! Banks that want the customer's name, and customers who approve away from the browser.

use reqwest::Method;
use serde_json::{Value, json};

use super::{super::fake_hub::FakeHub, Browser};

const ASK: &str = "/demo/api/connections/s1/approval";

/// What the hub answers where the customer approves in the bank's app.
fn started_elsewhere() -> Value {
    json!({
        "session": "s1", "status": "awaiting_psu",
        "decoupled": {"activation_code": "c", "psu_message": "Open your app", "ask_again_at": "2026-11-21T11:00:02Z"},
    })
}

/// Begins a journey that ends in the bank's app.
async fn connect_elsewhere(hub: &FakeHub, browser: &Browser) {
    hub.answers("POST /v1/sessions", 201, started_elsewhere());
    let wanted = json!({"bank": "sandbox-decoupled", "name_at_bank": "anna-schmidt"});
    let answer = browser.send(Method::POST, "/demo/api/connections", Some(wanted)).await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"approval": "s1"}), "the code stays with the server");
}

fn pending(status: &str) -> Value {
    json!({
        "session": "s1", "status": status, "bank": "sandbox-decoupled",
        "pending": {"status": status, "ask_again_at": "2026-11-21T11:00:05Z"},
    })
}

#[tokio::test]
async fn a_bank_that_wants_the_customers_name_is_told_it_at_the_start_and_at_a_renewal() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    connect_elsewhere(&hub, &browser).await;
    hub.answers("POST /v1/sessions/s1/renewal", 201, started_elsewhere());
    let renewal = Some(json!({"name_at_bank": "anna-schmidt"}));
    browser.send(Method::POST, "/demo/api/connections/s1/renewal", renewal).await;
    let calls = hub.seen();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call.json()["psu_at_bank"], json!({"id": "anna-schmidt"}), "{}", call.call);
    }
}

#[tokio::test]
async fn the_names_to_choose_from_are_the_sandboxs_customers_and_only_read_where_a_bank_asks() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    let customers =
        json!({"customers": [{"id": "anna-schmidt", "name": "Anna Schmidt", "accounts": [{"iban": "DE"}]}]});
    hub.answers("GET /control/customers", 200, customers);
    assert_eq!(browser.overview(&hub).await["names_at_bank"], json!([]));
    hub.answers("GET /v1/banks", 200, json!({"banks": [{"id": "b", "name": "B", "psu_id": "required"}]}));
    let overview: Value = browser.get("/demo/api/overview").await.json().await.unwrap();
    assert_eq!(overview["names_at_bank"], json!([{"id": "anna-schmidt", "name": "Anna Schmidt"}]));
    hub.answers("GET /control/customers", 500, json!({"error": "no"}));
    let overview: Value = browser.get("/demo/api/overview").await.json().await.unwrap();
    assert_eq!((&overview["names_at_bank"], &overview["banks"][0]["id"]), (&json!([]), &json!("b")));
}

#[tokio::test]
async fn an_approval_elsewhere_is_waited_for_and_redeemed_once() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    connect_elsewhere(&hub, &browser).await;
    hub.answers("GET /v1/sessions/s1", 200, pending("awaiting_psu"));
    let shown = browser.overview(&hub).await["connections"][0].take();
    let url = "http://bank/decoupled/approvals";
    assert_eq!(shown["approval"], json!({"psu_message": "Open your app", "url": url}));
    let waiting: Value = browser.send(Method::POST, ASK, None).await.json().await.unwrap();
    assert_eq!(waiting, json!({"status": "waiting", "ask_again_at": "2026-11-21T11:00:05Z"}));

    hub.answers("GET /v1/sessions/s1", 200, pending("awaiting_activation"));
    hub.answers("POST /v1/sessions/s1/activation", 200, json!({"session": "s1", "status": "active"}));
    hub.seen();
    for _ in 0..2 {
        let over: Value = browser.send(Method::POST, ASK, None).await.json().await.unwrap();
        assert_eq!(over, json!({"status": "over"}));
    }
    let calls = hub.seen();
    let redeemed: Vec<_> = calls.iter().filter(|seen| seen.call.ends_with("/activation")).collect();
    let [redeemed] = redeemed.as_slice() else { panic!("{}", redeemed.len()) };
    assert_eq!(redeemed.json(), json!({"activation_code": "c"}));
    let overview = browser.overview(&hub).await;
    assert_eq!(overview["notice"]["tone"], "success");
    assert_eq!(overview["connections"][0].get("approval"), None);
}

#[tokio::test]
async fn another_browser_of_the_customer_does_not_redeem_an_approval() {
    let hub = FakeHub::start().await;
    connect_elsewhere(&hub, &Browser::open(&hub).await).await;
    hub.answers("GET /v1/sessions/s1", 200, pending("awaiting_activation"));
    hub.seen();
    let another = Browser::open(&hub).await;
    let over: Value = another.send(Method::POST, ASK, None).await.json().await.unwrap();
    assert_eq!(over, json!({"status": "over"}));
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_elsewhere_is_told_whoever_notices_it_first() {
    let refused = json!({"session": "s1", "status": "renewal_required", "reason": "consent_rejected", "pending": null});
    for asks in [true, false] {
        let hub = FakeHub::start().await;
        let browser = Browser::open(&hub).await;
        connect_elsewhere(&hub, &browser).await;
        hub.answers("GET /v1/sessions/s1", 200, refused.clone());
        hub.answers("DELETE /v1/sessions/s1", 200, json!({"session": "s1", "status": "ended"}));
        if asks {
            browser.send(Method::POST, ASK, None).await;
        }
        let overview = browser.overview(&hub).await;
        assert_eq!(overview["notice"]["code"], "consent_rejected", "{asks}");
        assert_eq!(overview["connections"], json!([]), "{asks}");
    }
}
