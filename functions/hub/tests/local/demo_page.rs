//! The demo page's journey, with the bank deciding by its control port.

use reqwest::Method;
use serde_json::{Value, json};

use super::{browser::Browser, program::Hub};

async fn decide(hub: &Hub, decision: &Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let control = format!("{}/sca", hub.at("bank_control"));
    assert!(http.post(control).json(decision).send().await.unwrap().status().is_success());
}

async fn connect(hub: &Hub, browser: &mut Browser, bank: &str) -> Value {
    let journey = browser.call(Method::POST, "/demo/api/connections", Some(json!({"bank": bank}))).await;
    let page = browser.visit(journey["authorize_url"].as_str().unwrap()).await;
    assert_eq!(page.url().as_str(), hub.at("page"));
    browser.call(Method::GET, "/demo/api/overview", None).await
}

#[tokio::test]
async fn a_customer_connects_two_banks_finds_them_after_a_restart_and_disconnects() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let mut browser = Browser::open(hub.at("page")).await;
    for (count, bank) in [(1, "sandbox-oauth"), (2, "sandbox-redirect")] {
        decide(&hub, &json!({"decision": "approve", "customer": "anna-schmidt"})).await;
        let overview = connect(&hub, &mut browser, bank).await;
        assert_eq!(overview["notice"]["tone"], "success", "{overview}");
        assert_eq!(overview["connections"].as_array().unwrap().len(), count);
    }
    hub.stop();

    let hub = Hub::start(place.path());
    let mut browser = Browser::open(hub.at("page")).await;
    let overview = browser.call(Method::GET, "/demo/api/overview", None).await;
    for connection in overview["connections"].as_array().unwrap() {
        assert_eq!(connection["status"], "active", "{overview}");
        look_at(&mut browser, connection["session"].as_str().unwrap()).await;
    }
    let overview = browser.call(Method::GET, "/demo/api/overview", None).await;
    assert_eq!(overview["connections"], json!([]));
    hub.stop();
}

/// Everything that the page reads of a connection; then its end.
async fn look_at(browser: &mut Browser, session: &str) {
    let connection = format!("/demo/api/connections/{session}");
    let accounts = browser.call(Method::GET, &format!("{connection}/accounts"), None).await;
    let account = accounts["accounts"][0]["account_id"].as_str().unwrap();
    let balances = browser.call(Method::GET, &format!("{connection}/accounts/{account}/balances"), None).await;
    assert!(balances["balances"].as_array().unwrap().iter().any(|balance| balance["type"] == "CLBD"));
    let path = format!("{connection}/accounts/{account}/transactions?status=both");
    let first = browser.call(Method::GET, &path, None).await;
    assert!(!first["transactions"].as_array().unwrap().is_empty());
    let ended = browser.call(Method::DELETE, &connection, None).await;
    assert_eq!(ended["status"], "ended", "{ended}");
}

#[tokio::test]
async fn a_customer_who_refuses_is_told_so_and_nothing_stays() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let mut browser = Browser::open(hub.at("page")).await;
    decide(&hub, &json!({"decision": "refuse"})).await;
    let overview = connect(&hub, &mut browser, "sandbox-oauth").await;
    assert_eq!(overview["notice"]["code"], "sca_denied", "{overview}");
    assert_eq!(overview["connections"], json!([]));
    hub.stop();
}
