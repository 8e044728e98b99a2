//! The demo CRM's server over HTTP, with a scripted hub behind it.

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

const ASK: &str = "/demo/api/connections/s1/approval";

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
        (Method::POST, ASK),
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
