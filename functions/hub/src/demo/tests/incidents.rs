//! The panel of incidents.

use http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::{super::fake_hub::FakeHub, Browser, code_of};

#[tokio::test]
async fn incidents_are_listed_played_and_ended_at_the_control_port() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    let all = json!({"incidents": [{"name": "html_500", "what": "w", "source": "s", "on": false}]});
    hub.answers("GET /control/incidents", 200, all.clone());
    assert_eq!(browser.get("/demo/api/incidents").await.json::<Value>().await.unwrap(), all);
    hub.answers("POST /control/incidents", 201, Value::Null);
    hub.answers("DELETE /control/incidents", 200, Value::Null);
    hub.seen();
    let wanted = json!({"name": "html_500", "bank": "sandbox-token"});
    let played = browser.send(Method::POST, "/demo/api/incidents", Some(wanted)).await;
    assert_eq!(played.status(), StatusCode::OK);
    assert_eq!(browser.send(Method::DELETE, "/demo/api/incidents", None).await.status(), StatusCode::OK);
    let [play, end] = hub.seen().try_into().ok().unwrap();
    assert_eq!(
        (play.call.as_str(), play.json()),
        ("POST /control/incidents", json!({"name": "html_500", "mood": "token"}))
    );
    assert_eq!(play.header("authorization"), None, "the control port gets no token");
    assert_eq!(end.call, "DELETE /control/incidents");
}

#[tokio::test]
async fn an_incident_that_cannot_be_played_is_told_in_the_banks_words() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    hub.answers("POST /control/incidents", 400, json!({"error": "there is no incident \"x\""}));
    for (bank, told) in [("sandbox-oauth", 1), ("my-bank", 0)] {
        hub.seen();
        let wanted = json!({"name": "x", "bank": bank});
        let refused = browser.send(Method::POST, "/demo/api/incidents", Some(wanted)).await;
        assert_eq!(code_of(refused).await, (StatusCode::BAD_REQUEST, "demo_sandbox_refused".to_owned()));
        assert_eq!(hub.seen().len(), told, "{bank}");
    }
}

#[tokio::test]
async fn other_websites_and_strangers_play_no_incidents() {
    let hub = FakeHub::start().await;
    let mut browser = Browser::open(&hub).await;
    let wanted = json!({"name": "html_500", "bank": "sandbox-oauth"});
    for method in [Method::POST, Method::DELETE] {
        let request = browser.http.request(method, format!("{}/demo/api/incidents", hub.origin));
        let request = request.header("cookie", &browser.cookie).header("origin", "http://evil.example").json(&wanted);
        assert_eq!(code_of(request.send().await.unwrap()).await.1, "demo_foreign_request");
    }
    browser.cookie = "demo_crm=made-up".to_owned();
    for (method, body) in [(Method::GET, None), (Method::POST, Some(wanted)), (Method::DELETE, None)] {
        let refused = code_of(browser.send(method, "/demo/api/incidents", body).await).await;
        assert_eq!(refused.1, "demo_signed_out");
    }
    assert!(hub.seen().is_empty());
}
