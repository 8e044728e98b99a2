//! The demo CRM's server over HTTP, with a scripted hub behind it.

mod approvals;
mod incidents;
mod live;

use http::StatusCode;
use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::{Value, json};

use super::fake_hub::FakeHub;

/// A browser: one cookie, one origin, no following of redirects.
struct Browser {
    http: Client,
    origin: String,
    cookie: String,
}

impl Browser {
    /// Opens the page.
    async fn open(hub: &FakeHub) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).user_agent("Test/1").build().unwrap();
        let page = http.get(&hub.origin).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let set = page.headers()["set-cookie"].to_str().unwrap();
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        Self { http, origin: hub.origin.clone(), cookie }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        let request = request.header("cookie", &self.cookie).header("origin", &self.origin);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    async fn overview(&self, hub: &FakeHub) -> Value {
        hub.answers("GET /v1/banks", 200, json!({"banks": [{"id": "b", "name": "B"}]}));
        self.get("/demo/api/overview").await.json().await.unwrap()
    }

    /// Begins a journey; the hub calls the session `s1`.
    async fn connect(&self, hub: &FakeHub) -> Response {
        let started = json!({"session": "s1", "status": "awaiting_psu", "authorize_url": "http://hub/authorize/t"});
        hub.answers("POST /v1/sessions", 201, started);
        self.send(Method::POST, "/demo/api/connections", Some(json!({"bank": "b"}))).await
    }
}

async fn code_of(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn connecting_sends_the_browser_to_the_hub_with_proof_that_the_customer_is_there() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    let answer: Value = browser.connect(&hub).await.json().await.unwrap();
    assert_eq!(answer, json!({"authorize_url": "http://hub/authorize/t"}));

    let [call] = hub.seen().try_into().ok().unwrap();
    assert_eq!(call.call, "POST /v1/sessions");
    let return_url = format!("{}/demo/return", hub.origin);
    assert_eq!(call.json(), json!({"bank": "b", "psu": "customer-4711", "return_url": return_url}));
    assert_eq!(hub.claims(call.bearer())["scope"], "sessions:write");
    let presence = hub.claims(call.header("psu-presence").unwrap());
    assert_eq!((&presence["psu"], presence.get("session")), (&json!("customer-4711"), None));
    assert_eq!(presence["psu_ip"], "127.0.0.1");
    assert_eq!(presence["psu_user_agent"], "Test/1");
    assert!(presence["exp"].as_i64().unwrap() - presence["iat"].as_i64().unwrap() <= 300);
}

#[tokio::test]
async fn the_browser_that_set_out_redeems_the_code_once() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.seen();
    hub.answers("POST /v1/sessions/s1/activation", 200, json!({"session": "s1", "status": "active"}));

    let back = browser.get("/demo/return?session=s1&activation_code=c").await;
    assert_eq!((back.status(), &back.headers()["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let [call] = hub.seen().try_into().ok().unwrap();
    assert_eq!(call.json(), json!({"activation_code": "c"}));

    assert_eq!(browser.get("/demo/return?session=s1&activation_code=c").await.status(), StatusCode::FORBIDDEN);
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn another_browser_connects_nothing() {
    let hub = FakeHub::start().await;
    Browser::open(&hub).await.connect(&hub).await;
    hub.seen();
    let sent_a_link = Browser::open(&hub).await;
    let back = sent_a_link.get("/demo/return?session=s1&activation_code=c").await;
    assert_eq!(back.status(), StatusCode::FORBIDDEN);
    assert!(back.text().await.unwrap().contains("Nothing was connected"));
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_at_the_bank_is_told_once_with_its_code() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.answers("DELETE /v1/sessions/s1", 200, json!({"session": "s1", "status": "ended"}));
    browser.get("/demo/return?session=s1&error=sca_denied").await;
    let overview = browser.overview(&hub).await;
    assert_eq!(overview["notice"]["tone"], "failure");
    assert_eq!(overview["notice"]["code"], "sca_denied");
    assert_eq!(overview["connections"], json!([]));
    assert_eq!(browser.overview(&hub).await["notice"], Value::Null);
}

#[tokio::test]
async fn a_code_that_the_hub_refuses_is_told_with_the_hubs_words() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    let problem = json!({"title": "Too late", "code": "activation_expired", "next_action": "restart"});
    hub.answers("POST /v1/sessions/s1/activation", 410, problem);
    browser.get("/demo/return?session=s1&activation_code=c").await;
    let notice = browser.overview(&hub).await["notice"].take();
    assert_eq!(
        notice,
        json!({"tone": "failure", "title": "Too late", "code": "activation_expired", "next_action": "restart", "session": null})
    );
}

#[tokio::test]
async fn a_journey_that_never_ended_is_given_up_when_another_begins() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.seen();
    hub.answers("DELETE /v1/sessions/s1", 200, json!({"session": "s1", "status": "ended"}));
    browser.connect(&hub).await;
    let calls: Vec<_> = hub.seen().into_iter().map(|seen| seen.call).collect();
    assert_eq!(calls, ["DELETE /v1/sessions/s1", "POST /v1/sessions"]);
}

#[tokio::test]
async fn a_renewal_that_fails_leaves_the_connection() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.answers("POST /v1/sessions/s1/activation", 200, json!({"session": "s1", "status": "active"}));
    browser.get("/demo/return?session=s1&activation_code=c").await;
    hub.answers(
        "POST /v1/sessions/s1/renewal",
        201,
        json!({"session": "s1", "authorize_url": "http://hub/authorize/t"}),
    );
    browser.send(Method::POST, "/demo/api/connections/s1/renewal", None).await;
    hub.seen();
    browser.get("/demo/return?session=s1&error=sca_denied").await;
    assert!(hub.seen().is_empty());
    hub.answers("GET /v1/sessions/s1", 200, json!({"session": "s1", "status": "renewal_required"}));
    assert_eq!(browser.overview(&hub).await["connections"][0]["status"], "renewal_required");
}

#[tokio::test]
async fn a_connection_that_never_came_about_does_not_ask_for_a_renewal() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.answers("GET /v1/sessions/s1", 200, json!({"session": "s1", "status": "renewal_required"}));
    hub.answers("DELETE /v1/sessions/s1", 200, json!({"session": "s1", "status": "ended"}));
    assert_eq!(browser.overview(&hub).await["connections"], json!([]));
}

#[tokio::test]
async fn reads_are_attended_and_pass_on_what_the_hub_says() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.seen();
    let page = json!({"transactions": [], "next_cursor": null});
    hub.answers("GET /v1/sessions/s1/accounts/a%2F1/transactions?from=2026-01-01&cursor=x%26y", 200, page.clone());
    let path = "/demo/api/connections/s1/accounts/a%2F1/transactions?from=2026-01-01&cursor=x%26y";
    assert_eq!(browser.get(path).await.json::<Value>().await.unwrap(), page);
    let [call] = hub.seen().try_into().ok().unwrap();
    assert_eq!(hub.claims(call.bearer())["scope"], "accounts:read");
    assert_eq!(hub.claims(call.header("psu-presence").unwrap())["session"], "s1");

    let problem = json!({"title": "Busy", "code": "circuit_open", "next_action": "wait"});
    hub.answers("GET /v1/sessions/s1/accounts", 503, problem);
    let refused = browser.get("/demo/api/connections/s1/accounts").await;
    assert_eq!(code_of(refused).await, (StatusCode::SERVICE_UNAVAILABLE, "circuit_open".to_owned()));
}

#[tokio::test]
async fn one_customer_cannot_use_anothers_connection() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    browser.send(Method::POST, "/demo/api/customer", Some(json!({"customer": "customer-4712"}))).await;
    hub.seen();
    for (method, path) in [
        (Method::GET, "/demo/api/connections/s1/accounts"),
        (Method::GET, "/demo/api/connections/s1/accounts/a/balances"),
        (Method::GET, "/demo/api/connections/s1/accounts/a/transactions"),
        (Method::POST, "/demo/api/connections/s1/renewal"),
        (Method::POST, "/demo/api/connections/s1/approval"),
        (Method::DELETE, "/demo/api/connections/s1"),
    ] {
        let refused = code_of(browser.send(method, path, None).await).await;
        assert_eq!(refused, (StatusCode::NOT_FOUND, "demo_not_found".to_owned()), "{path}");
    }
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_cannot_be_asked_is_kept() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    let problem = json!({"title": "No store", "code": "store_unavailable"});
    hub.answers("GET /v1/sessions/s1", 503, problem.clone());
    let shown = browser.overview(&hub).await["connections"].take();
    assert_eq!(shown, json!([{"session": "s1", "bank": "b", "status": "unknown", "problem": problem}]));

    hub.answers("GET /v1/sessions/s1", 404, json!({"code": "not_found"}));
    assert_eq!(browser.overview(&hub).await["connections"], json!([]));
    hub.answers("GET /v1/sessions/s1", 200, json!({"session": "s1", "status": "active"}));
    assert_eq!(browser.overview(&hub).await["connections"], json!([]));
}

#[tokio::test]
async fn disconnecting_tells_what_was_done_and_forgets_only_what_has_ended() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    browser.connect(&hub).await;
    hub.answers("GET /v1/sessions/s1", 200, json!({"session": "s1", "status": "ending"}));
    for (status, left) in [("ending", 1), ("ended", 0)] {
        let done = json!({"session": "s1", "status": status, "steps": {"unusable": "done"}});
        hub.answers("DELETE /v1/sessions/s1", 200, done.clone());
        let answer = browser.send(Method::DELETE, "/demo/api/connections/s1", None).await;
        assert_eq!(answer.json::<Value>().await.unwrap(), done);
        assert_eq!(browser.overview(&hub).await["connections"].as_array().unwrap().len(), left);
    }
}

#[tokio::test]
async fn other_websites_and_other_names_of_this_machine_are_kept_out() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    let connect = browser.http.post(format!("{}/demo/api/connections", hub.origin)).header("cookie", &browser.cookie);
    let elsewhere = connect.header("origin", "http://evil.example").json(&json!({"bank": "b"}));
    assert_eq!(code_of(elsewhere.send().await.unwrap()).await.1, "demo_foreign_request");

    let rebound = browser.http.get(format!("{}/demo/api/overview", hub.origin)).header("cookie", &browser.cookie);
    let rebound = rebound.header("host", "evil.example").send().await.unwrap();
    assert_eq!(code_of(rebound).await.1, "demo_foreign_request");

    let nickname = browser.http.get(&hub.origin).header("host", "localhost:8080").send().await.unwrap();
    assert_eq!(nickname.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(nickname.headers()["location"].to_str().unwrap(), format!("{}/", hub.origin));
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn a_browser_that_is_not_signed_in_gets_nothing() {
    let hub = FakeHub::start().await;
    let mut browser = Browser::open(&hub).await;
    browser.cookie = "demo_crm=made-up".to_owned();
    let refused = code_of(browser.get("/demo/api/overview").await).await;
    assert_eq!(refused, (StatusCode::UNAUTHORIZED, "demo_signed_out".to_owned()));
    assert!(hub.seen().is_empty());
}

#[tokio::test]
async fn what_is_answered_stays_with_the_browser() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    for path in ["/demo/api/overview", "/demo/return?session=s1&activation_code=c"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer", "{path}");
        assert!(["no-store", "no-cache"].contains(&answer.headers()["cache-control"].to_str().unwrap()), "{path}");
    }
}

#[tokio::test]
async fn the_page_allows_nothing_from_elsewhere() {
    let hub = FakeHub::start().await;
    let browser = Browser::open(&hub).await;
    for path in ["/", "/demo/assets/app.js", "/demo/return?session=s1&error=x"] {
        let answer = browser.get(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"));
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(browser.get("/demo/assets/..%2Fmod.rs").await.status(), StatusCode::NOT_FOUND);
}
