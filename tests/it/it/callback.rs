//! What comes back from a bank, right and wrong. A refused callback changes nothing and calls nobody.

use http::{Method, StatusCode};
use serde_json::json;
use url::Url;

use it::bench::{
    Bench, RETURN_URL,
    browser::{Browser, Seen},
    crm::parameter,
};

/// A session whose PSU is on the way back, in this browser.
struct Returning {
    bench: Bench,
    browser: Browser,
    session: String,
    callback: Url,
}

impl Returning {
    async fn at(bank: &str) -> Self {
        let bench = Bench::start().await;
        bench.decide("approve").await;
        let browser = Browser::new();
        let started = bench.crm().start(bank).await;
        let callback = browser.until_callback(&started.text("authorize_url")).await;
        Self { session: started.text("session"), bench, browser, callback }
    }

    /// The callback with one parameter changed, or taken away.
    fn with(&self, name: &str, value: Option<&str>) -> Url {
        let mut url = self.callback.clone();
        let kept: Vec<_> = self.callback.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }

    async fn status(&self) -> String {
        self.bench.crm().get(&format!("/v1/sessions/{}", self.session)).await.text("status")
    }

    /// The callback is refused so, nothing changes, and the token endpoint is not called.
    async fn refuses(&self, url: &str, status: u16, code: &str) -> Seen {
        let before = self.bench.store_as_text().await;
        let seen = self.browser.open(url).await;
        assert_eq!(seen.status.as_u16(), status, "{url}: {}", seen.body);
        assert!(seen.body.contains(code), "{url}: {}", seen.body);
        assert_eq!(self.bench.store_as_text().await, before, "{url}");
        assert!(self.bench.reached("token").is_empty(), "{url}");
        seen
    }

    /// The good callback still works.
    async fn still_works(&self) {
        let back = self.browser.open(self.callback.as_str()).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
        assert!(back.location().as_str().starts_with(RETURN_URL));
    }
}

#[tokio::test]
async fn refuses_a_state_that_was_never_issued() {
    let returning = Returning::at("oauth").await;
    let unknown = returning.with("state", Some(&"x".repeat(43)));
    returning.refuses(unknown.as_str(), 400, "callback_invalid").await;
    returning.refuses(returning.with("state", None).as_str(), 400, "callback_invalid").await;
    returning.still_works().await;
}

#[tokio::test]
async fn refuses_another_browser_and_leaves_the_flow_to_its_owner() {
    let returning = Returning::at("oauth").await;
    let before = returning.bench.store_as_text().await;
    let thief = Browser::new().open(returning.callback.as_str()).await;
    assert_eq!(thief.status, StatusCode::BAD_REQUEST);
    assert!(thief.body.contains("browser_mismatch"), "{}", thief.body);
    assert_eq!(returning.bench.store_as_text().await, before);
    assert!(returning.bench.reached("token").is_empty());
    returning.still_works().await;
}

#[tokio::test]
async fn refuses_an_answer_that_comes_too_late() {
    let returning = Returning::at("oauth").await;
    returning.bench.advance(3600);
    returning.refuses(returning.callback.as_str(), 400, "callback_expired").await;
}

#[tokio::test]
async fn takes_an_answer_once() {
    let returning = Returning::at("oauth").await;
    returning.still_works().await;
    let before = returning.bench.store_as_text().await;
    let again = returning.browser.open(returning.callback.as_str()).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("callback_replayed"), "{}", again.body);
    assert_eq!(returning.bench.store_as_text().await, before);
    assert_eq!(returning.bench.reached("token").len(), 1);
}

#[tokio::test]
async fn of_many_at_once_one_redeems() {
    let returning = Returning::at("oauth").await;
    let all = (0..12).map(|_| returning.browser.open(returning.callback.as_str()));
    let statuses: Vec<_> = futures::future::join_all(all).await.iter().map(|seen| seen.status).collect();
    let finished = statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
    let refused = statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count();
    assert_eq!((finished, refused), (1, 11), "{statuses:?}");
    assert_eq!(returning.bench.reached("token").len(), 1);
}

#[tokio::test]
async fn refuses_an_answer_of_another_bank() {
    let returning = Returning::at("oauth").await;
    let other = returning.with("iss", Some("https://other.example"));
    returning.refuses(other.as_str(), 400, "issuer_mismatch").await;
    returning.refuses(returning.with("iss", None).as_str(), 400, "issuer_mismatch").await;
    let elsewhere = returning.callback.as_str().replace("/callback/oauth", "/callback/redirect");
    returning.refuses(&elsewhere, 400, "issuer_mismatch").await;
    returning.still_works().await;
}

#[tokio::test]
async fn a_refusal_at_the_bank_is_told_to_the_crm() {
    for bank in ["oauth", "redirect"] {
        let bench = Bench::start().await;
        bench.decide("refuse").await;
        let started = bench.crm().start(bank).await;
        let back = Browser::new().travel(&started.text("authorize_url")).await;
        let expected =
            if bank == "oauth" { ("sca_denied", "sca_denied") } else { ("consent_rejected", "consent_rejected") };
        assert_eq!(parameter(&back, "error"), expected.0, "{bank}");
        let shown = bench.crm().get(&format!("/v1/sessions/{}", started.text("session"))).await;
        assert_eq!((shown.text("status").as_str(), shown.text("reason").as_str()), ("renewal_required", expected.1));
        assert!(bench.reached("token").is_empty());
    }
}

#[tokio::test]
async fn refuses_error_and_code_together_and_errors_of_unknown_states() {
    let returning = Returning::at("oauth").await;
    returning.refuses(returning.with("error", Some("access_denied")).as_str(), 400, "callback_invalid").await;
    let unknown = format!("{}/callback/oauth?error=access_denied&state=unknown", returning.bench.url);
    returning.refuses(&unknown, 400, "callback_invalid").await;
    returning.still_works().await;
}

#[tokio::test]
async fn never_reflects_what_came() {
    let returning = Returning::at("oauth").await;
    let canary = "<script>canary</script>";
    let url = format!("{}/callback/oauth?error=x&state=s&error_description={canary}", returning.bench.url);
    let seen = returning.refuses(&url, 400, "callback_invalid").await;
    assert!(!seen.body.contains("canary"));
    assert!(!format!("{:?}", seen.headers).contains("canary"));
}

#[tokio::test]
async fn refuses_what_no_bank_sends() {
    let returning = Returning::at("oauth").await;
    let callback = returning.callback.as_str();
    let bare = format!("{}/callback/oauth?error=empty", returning.bench.url);
    let bad = [
        format!("{callback}&code=again"),
        format!("{callback}&state=again"),
        format!("{callback}&iss=again"),
        returning.with("code", None).to_string(),
        returning.with("code", Some("")).to_string(),
        returning.with("code", Some("a\u{0}b")).to_string(),
        returning.with("code", Some(&"c".repeat(10_000))).to_string(),
        format!("{callback}&x=%zz"),
        format!("{callback}&x=%"),
        returning.callback.as_str().replace("state=", "state=%ff%fe"),
        bare,
    ];
    for url in bad {
        returning.refuses(&url, 400, "callback_invalid").await;
    }
    let unknown_bank = callback.replace("/callback/oauth", "/callback/NOWHERE");
    returning.refuses(&unknown_bank, 400, "callback_invalid").await;
    returning.still_works().await;
}

#[tokio::test]
async fn other_methods_consume_nothing() {
    let returning = Returning::at("oauth").await;
    let path = format!("{}?{}", returning.callback.path(), returning.callback.query().unwrap());
    let before = returning.bench.store_as_text().await;
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
        let answer = returning.bench.crm().bare(method.clone(), &path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    let no_form = returning.bench.crm().bare(Method::POST, &path, &[]).await;
    assert_eq!(no_form.problem(), (400, "callback_invalid"));
    assert_eq!(returning.bench.store_as_text().await, before);
    returning.still_works().await;
}

#[tokio::test]
async fn leaves_no_trace_of_the_code_behind() {
    let returning = Returning::at("oauth").await;
    let back = returning.browser.open(returning.callback.as_str()).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(back.headers["referrer-policy"], "no-referrer");
    assert_eq!(back.headers["cache-control"], "no-store");
    assert!(!back.location().as_str().contains(&parameter(&returning.callback, "code")));
}

#[tokio::test]
async fn does_not_send_the_browser_where_the_bank_has_no_pages() {
    for href in ["https://evil.example/", "http://127.0.0.1.evil.example/", "javascript:alert(1)", "//evil.example/x"] {
        let bench = Bench::start().await;
        bench.fault("consents", json!({"kind": "bad_sca_link", "href": href}), 1).await;
        let before = bench.store_as_text().await;
        let body = json!({"bank": "redirect", "psu": "customer-4711", "return_url": RETURN_URL});
        let answer = bench.crm().post("/v1/sessions", body).await;
        assert_eq!(answer.problem(), (502, "bank_link_rejected"), "{href}");
        assert_eq!(bench.store_as_text().await, before);
    }
}

#[tokio::test]
async fn an_answer_after_the_end_connects_nothing() {
    let returning = Returning::at("oauth").await;
    let path = format!("/v1/sessions/{}", returning.session);
    assert_eq!(returning.bench.crm().delete(&path).await.status, StatusCode::OK);
    let late = returning.browser.open(returning.callback.as_str()).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("callback_abandoned"), "{}", late.body);
    assert!(returning.bench.reached("token").is_empty(), "the code is never redeemed");
    assert_eq!(returning.status().await, "ended");
    let deleted = returning
        .bench
        .reached("consent")
        .into_iter()
        .filter(|entry| entry.method.as_deref() == Some("DELETE"))
        .count();
    assert_eq!(deleted, 1, "what the PSU authorised is ended at the bank");
}

#[tokio::test]
async fn two_journeys_in_one_browser_do_not_disturb_each_other() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let browser = Browser::new();
    let mut callbacks = Vec::new();
    for _ in 0..2 {
        bench.decide("approve").await;
        let started = bench.crm().start("oauth").await;
        callbacks.push((started.text("session"), browser.until_callback(&started.text("authorize_url")).await));
    }
    for (session, callback) in callbacks.into_iter().rev() {
        let back = browser.open(callback.as_str()).await.location();
        assert_eq!(parameter(&back, "session"), session);
        let answer = bench.crm().activate(&session, &parameter(&back, "activation_code")).await;
        assert_eq!(answer.text("status"), "active");
    }
}

#[tokio::test]
async fn a_programme_gets_a_problem_where_a_person_gets_a_page() {
    let bench = Bench::start().await;
    let answer =
        bench.crm().bare(Method::GET, "/callback/oauth?state=unknown&code=x", &[("accept", "application/json")]).await;
    assert_eq!(answer.problem(), (400, "callback_invalid"));
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["next_action"], "restart");
    assert_eq!(answer.body["request_id"].as_str().unwrap(), answer.headers["x-request-id"].to_str().unwrap());
}

#[tokio::test]
async fn a_code_that_the_bank_does_not_take_ends_the_journey_cleanly() {
    for fault in [json!({"kind": "status", "status": 500}), json!({"kind": "html_200"}), json!({"kind": "close"})] {
        let returning = Returning::at("oauth").await;
        returning.bench.fault("token", fault.clone(), 1).await;
        let back = returning.browser.open(returning.callback.as_str()).await;
        assert_eq!(parameter(&back.location(), "error"), "sca_failed", "{fault}");
        assert_eq!(returning.status().await, "renewal_required");
        assert_eq!(returning.bench.reached("token").len(), 1, "a code is never sent twice");
    }
}

#[tokio::test]
async fn a_form_and_a_fragment_are_answers_too() {
    let bench = Bench::start().await;
    bench.decide("approve").await;
    let started = bench.crm().start("oauth").await;
    let browser = Browser::new();
    let callback = browser.until_callback(&started.text("authorize_url")).await;
    let (address, query) = callback.as_str().split_once('?').unwrap();
    // A bank that answers in the fragment: the server sees no query, and the page brings it back as one.
    let relay = browser.open(address).await;
    assert_eq!(relay.status, StatusCode::OK);
    let policy = relay.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(relay.body.contains("location.hash"), "{}", relay.body);
    assert_eq!(browser.open(&format!("{address}?error=empty")).await.status, StatusCode::BAD_REQUEST);
    // A bank that answers by a form: the browser is sent to the same address by GET, with its cookie.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form =
        |body: String| http.post(address).header("content-type", "application/x-www-form-urlencoded").body(body).send();
    let sent_on = form(query.to_owned()).await.unwrap();
    assert_eq!(sent_on.status(), StatusCode::SEE_OTHER);
    let onward = callback.join(sent_on.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(onward, callback);
    assert!(browser.land(&onward).await.as_str().contains("activation_code"));
    for bad in [String::new(), "state=a#b".to_owned(), "state=a\r\nSet-Cookie: x".to_owned(), "a".repeat(9_000)] {
        assert_eq!(form(bad).await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
}
