//! Every way in which a Berlin Group bank lets a PSU authenticate, from the CRM's call to the accounts, at the sandbox
//! bank's moods.

use http::StatusCode;
use it::bench::{
    Bench, RETURN_URL,
    browser::Browser,
    crm::{Crm, parameter},
};
use serde_json::{Value, json};

/// What reached the bank, by operation.
fn operations(bench: &Bench) -> Vec<String> {
    bench.bank.journal().iter().map(|entry| word(&json!(entry)["operation"])).collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn count(bench: &Bench, operation: &str) -> usize {
    operations(bench).iter().filter(|name| *name == operation).count()
}

/// How often a consent was asked for.
fn asked(bench: &Bench) -> usize {
    count(bench, "consents")
}

/// How often a token of the application was asked for.
fn application_tokens(bench: &Bench) -> usize {
    count(bench, "application_token")
}

/// The accounts of a session, with the PSU there.
async fn reads_accounts(crm: &Crm<'_>, session: &str) {
    let presence = crm.presence(session);
    let path = format!("/v1/sessions/{session}/accounts");
    let answer = crm.get_with(&path, &[("psu-presence", &presence)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert!(!answer.body["accounts"].as_array().unwrap().is_empty());
    let account = answer.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let balances = crm.get_with(&format!("{path}/{account}/balances"), &[("psu-presence", &presence)]).await;
    assert_eq!(balances.status, StatusCode::OK, "{:?}", balances.body);
}

#[tokio::test]
async fn a_bank_may_want_a_token_before_a_consent() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    bench.decide("approve").await;
    bench.decide("approve").await;
    let started = crm.start("prestep").await;
    let session = started.text("session");
    assert_eq!(asked(&bench), 0, "no consent before the PSU has logged in");
    let browser = Browser::new();
    let back = browser.travel_twice(&started.text("authorize_url")).await;
    let answer = crm.activate(&session, &parameter(&back, "activation_code")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    reads_accounts(&crm, &session).await;
    assert_eq!((count(&bench, "token"), asked(&bench)), (1, 1));
    let ended = crm.delete(&format!("/v1/sessions/{session}")).await;
    assert_eq!(ended.body["steps"]["tokens_revoked"], "done", "{:?}", ended.body);
    assert_eq!(ended.body["steps"]["consent_revoked"], "done");
}

#[tokio::test]
async fn the_second_visit_is_bound_to_the_browser_of_the_first() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    bench.decide("approve").await;
    bench.decide("approve").await;
    let started = crm.start("prestep").await;
    let browser = Browser::new();
    let bank_again = browser.land(&browser.until_callback(&started.text("authorize_url")).await).await;
    let callback = browser.open(bank_again.as_str()).await.location();
    let stranger = Browser::new().open(callback.as_str()).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    let own = browser.land(&callback).await;
    assert!(own.as_str().contains("activation_code"), "{own}");
    let replayed = browser.open(callback.as_str()).await;
    assert_eq!(replayed.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_consent_that_cannot_be_asked_for_after_the_first_visit_leaves_no_token() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    bench.decide("approve").await;
    let started = crm.start("prestep").await;
    bench.fault("consents", json!({"kind": "status", "status": 503}), 1).await;
    let back = Browser::new().travel(&started.text("authorize_url")).await;
    assert_eq!(parameter(&back, "error"), "sca_failed");
    assert_eq!(count(&bench, "revoke"), 1);
    let shown = crm.get(&format!("/v1/sessions/{}", started.text("session"))).await;
    assert_eq!((&shown.body["status"], &shown.body["reason"]), (&json!("renewal_required"), &json!("sca_failed")));
}

#[tokio::test]
async fn what_the_first_visit_brought_is_ended_if_the_second_never_comes() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    for how in ["late", "refused", "ended"] {
        let before = count(&bench, "revoke");
        bench.decide("approve").await;
        let started = crm.start("prestep").await;
        let session = started.text("session");
        let browser = Browser::new();
        let bank_again = browser.land(&browser.until_callback(&started.text("authorize_url")).await).await;
        match how {
            "late" => bench.advance(11 * 60),
            "refused" => {
                bench.decide("refuse").await;
                let callback = browser.open(bank_again.as_str()).await.location();
                assert_eq!(parameter(&browser.land(&callback).await, "error"), "consent_rejected");
            }
            _ => {
                let ended = crm.delete(&format!("/v1/sessions/{session}")).await;
                assert_eq!(ended.body["steps"]["tokens_revoked"], "done", "{:?}", ended.body);
            }
        }
        // The first run gives the journey up, the second ends what it brought.
        bench.run_upkeep().await;
        bench.run_upkeep().await;
        assert_eq!(count(&bench, "revoke") - before, 1, "{how}");
    }
}

#[tokio::test]
async fn an_authorisation_may_be_started_and_confirmed_by_calls_and_every_call_be_sealed() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let session = crm.connect("explicit").await;
    reads_accounts(&crm, &session).await;
    let seen = operations(&bench);
    let way = ["consents", "start_authorisation", "confirm_authorisation", "consent_status", "consent"];
    let places: Vec<_> = way.iter().map(|name| seen.iter().position(|seen| seen == name).unwrap()).collect();
    assert!(places.is_sorted(), "{seen:?}");
    for entry in bench.bank.journal() {
        assert_eq!(json!(entry)["signature"], "verified", "{entry:?}");
    }
}

#[tokio::test]
async fn a_confirmation_that_the_bank_refuses_ends_the_journey() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    bench.decide("approve").await;
    let started = crm.start("explicit").await;
    let browser = Browser::new();
    let mut callback = browser.until_callback(&started.text("authorize_url")).await;
    let pairs: Vec<_> = callback
        .query_pairs()
        .map(|(name, value)| {
            (name.to_string(), if name == "confirmationCode" { "wrong".into() } else { value.to_string() })
        })
        .collect();
    callback.query_pairs_mut().clear().extend_pairs(pairs);
    let back = browser.land(&callback).await;
    assert_eq!(parameter(&back, "error"), "sca_failed");
    let shown = crm.get(&format!("/v1/sessions/{}", started.text("session"))).await;
    assert_eq!((&shown.body["status"], &shown.body["reason"]), (&json!("renewal_required"), &json!("sca_failed")));
}

#[tokio::test]
async fn a_token_may_be_the_consent() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let session = crm.connect("token").await;
    reads_accounts(&crm, &session).await;
    let seen = operations(&bench);
    assert!(!seen.iter().any(|name| name.contains("consent")), "{seen:?}");
    assert_eq!((application_tokens(&bench), count(&bench, "authorization_url")), (1, 1));
    let shown = crm.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((&shown.body["status"], &shown.body["consent"]["status"]), (&json!("active"), &json!("valid")));
    bench.advance(360);
    reads_accounts(&crm, &session).await;
    assert_eq!(count(&bench, "token"), 2);
    let ended = crm.delete(&format!("/v1/sessions/{session}")).await;
    let steps = (&ended.body["steps"]["consent_revoked"], &ended.body["steps"]["tokens_revoked"]);
    assert_eq!(steps, (&json!("not_needed"), &json!("done")), "{:?}", ended.body);
}

#[tokio::test]
async fn a_dialect_of_oauth_is_data() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let session = crm.connect("application").await;
    reads_accounts(&crm, &session).await;
    assert!(application_tokens(&bench) <= bench.function_urls().len(), "each process keeps the application's token");
    // The bank wants all it asks for about the PSU's request, or nothing.
    let mut claims = crm.presence_claims(&session);
    claims.as_object_mut().unwrap().remove("psu_user_agent");
    let presence = crm.sign(&it::bench::issuer::header(), &claims);
    let before = bench.bank.journal().len();
    let path = format!("/v1/sessions/{session}/accounts");
    let refused = crm.get_with(&path, &[("psu-presence", &presence)]).await;
    assert_eq!(refused.problem(), (400, "presence_incomplete"));
    assert_eq!(bench.bank.journal().len(), before, "nothing was sent");
}

#[tokio::test]
async fn a_lost_application_token_is_asked_for_anew() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    crm.connect("application").await;
    bench.fault("consents", json!({"kind": "status", "status": 401}), 1).await;
    crm.connect("application").await;
    assert!(application_tokens(&bench) >= 2);
    assert_eq!(asked(&bench), 3);
}

async fn decoupled(crm: &Crm<'_>) -> (String, String) {
    let body = json!({
        "bank": "decoupled", "psu": "customer-4711", "return_url": RETURN_URL, "psu_at_bank": {"id": "jonas-weber"},
    });
    let started = crm.post("/v1/sessions", body).await;
    assert_eq!(started.status, StatusCode::CREATED, "{:?}", started.body);
    assert_eq!((&started.body["status"], &started.body["authorize_url"]), (&json!("awaiting_psu"), &json!(null)));
    assert!(started.body["decoupled"]["psu_message"].as_str().unwrap().contains("app"));
    (started.text("session"), word(&started.body["decoupled"]["activation_code"]))
}

#[tokio::test]
async fn the_psu_may_authenticate_on_another_device() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let (session, code) = decoupled(&crm).await;
    let path = format!("/v1/sessions/{session}");
    let early = crm.activate(&session, &code).await;
    assert_eq!(early.problem(), (409, "consent_pending"));
    assert!(early.body["retry_at"].is_string());
    for _ in 0..5 {
        assert_eq!(crm.get(&path).await.body["status"], "awaiting_psu");
    }
    assert_eq!(count(&bench, "consent_status"), 0, "the bank is not asked before its time");
    bench.advance(2);
    for _ in 0..5 {
        assert_eq!(crm.get(&path).await.body["status"], "awaiting_psu");
    }
    assert_eq!(count(&bench, "consent_status"), 1, "and once within a pause");
    assert_eq!(count(&bench, "consent"), 0, "nor asked for terms that nobody has agreed to");
    bench.advance(3);
    bench.fault("authorisation_status", json!({"kind": "status", "status": 503}), 2).await;
    assert_eq!(crm.get(&path).await.body["status"], "awaiting_psu", "a bank in trouble hides no session");
    bench.decide("approve").await;
    bench.advance(3);
    assert_eq!(crm.get(&path).await.body["status"], "awaiting_activation");
    assert_eq!(crm.accounts(&session).await.problem(), (409, "session_not_active"));
    assert_eq!(crm.activate(&session, &code).await.status, StatusCode::OK);
    reads_accounts(&crm, &session).await;
}

#[tokio::test]
async fn a_refusal_on_another_device_ends_the_journey_and_so_does_silence() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let (session, _) = decoupled(&crm).await;
    bench.decide("refuse").await;
    bench.advance(2);
    let shown = crm.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!(
        (&shown.body["status"], &shown.body["reason"]),
        (&json!("renewal_required"), &json!("consent_rejected"))
    );
    let (session, code) = decoupled(&crm).await;
    bench.advance(660);
    let shown = crm.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((&shown.body["status"], &shown.body["reason"]), (&json!("renewal_required"), &json!("sca_expired")));
    assert_eq!(crm.activate(&session, &code).await.problem(), (410, "activation_expired"));
}

#[tokio::test]
async fn a_bank_is_told_the_psu_s_name_if_and_only_if_it_wants_it() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let body =
        |bank: &str, names: Value| json!({"bank": bank, "psu": "c-1", "return_url": RETURN_URL, "psu_at_bank": names});
    for (bank, names) in [
        ("decoupled", json!({})),
        ("application", json!({"id": "anna"})),
        ("oauth", json!({"id": "anna", "id_type": "UNKNOWN"})),
    ] {
        let refused = crm.post("/v1/sessions", body(bank, names)).await;
        assert_eq!(refused.problem(), (400, "psu_id_rejected"), "{bank}");
    }
    let refused = crm.post("/v1/sessions", body("oauth", json!({"id": "a\r\nb"}))).await;
    assert_eq!(refused.problem(), (400, "request_invalid"));
    assert!(bench.bank.journal().is_empty());
}

#[tokio::test]
async fn embedded_authentication_is_refused_with_its_own_code() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let body = json!({
        "consentStatus": "received", "consentId": "c-1",
        "_links": {"startAuthorisationWithPsuAuthentication": {"href": "/redirect/v1/consents/c-1/authorisations"}},
    });
    let fault = json!({"kind": "body", "status": 201, "content_type": "application/json", "body": body.to_string()});
    bench.fault("consents", fault, 1).await;
    let wanted = json!({"bank": "redirect", "psu": "c-1", "return_url": RETURN_URL});
    assert_eq!(crm.post("/v1/sessions", wanted).await.problem(), (502, "embedded_refused"));
}

#[tokio::test]
async fn a_consent_is_of_the_kind_that_the_crm_asks_for() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let customers = bench.control("GET", "/customers", Value::Null).await;
    let iban = customers["customers"][0]["accounts"][0]["iban"].as_str().unwrap().to_owned();
    let start = async |consent: Value| {
        let body = json!({"bank": "redirect", "psu": "c-1", "return_url": RETURN_URL, "consent": consent});
        crm.post("/v1/sessions", body).await
    };
    bench.decide("approve").await;
    let started = start(json!({"kind": "dedicated", "accounts": [{"iban": iban, "currency": "EUR"}]})).await;
    assert_eq!(started.status, StatusCode::CREATED, "{:?}", started.body);
    let back = Browser::new().travel(&started.text("authorize_url")).await;
    let session = started.text("session");
    assert_eq!(crm.activate(&session, &parameter(&back, "activation_code")).await.status, StatusCode::OK);
    let accounts = crm.accounts(&session).await;
    assert_eq!(accounts.body["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(accounts.body["accounts"][0]["identification"][0]["value"], json!(iban));
    for (consent, problem) in [
        (json!({"kind": "account_list"}), (400, "consent_kind_unsupported")),
        (json!({"kind": "dedicated"}), (400, "request_invalid")),
        (json!({"kind": "all_accounts", "accounts": [{"iban": iban}]}), (400, "request_invalid")),
        (json!({"kind": "dedicated", "accounts": [{"iban": "DE00"}]}), (400, "request_invalid")),
        (json!({"kind": "everything"}), (400, "request_invalid")),
    ] {
        assert_eq!(start(consent.clone()).await.problem(), problem, "{consent}");
    }
}

#[tokio::test]
async fn a_newer_consent_retires_the_older_session_unless_the_bank_allows_several() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let first = crm.connect("oauth").await;
    let second = crm.connect("oauth").await;
    let shown = crm.get(&format!("/v1/sessions/{first}")).await;
    assert_eq!(
        (&shown.body["status"], &shown.body["reason"]),
        (&json!("renewal_required"), &json!("consent_replaced"))
    );
    assert_eq!(crm.accounts(&first).await.problem(), (409, "consent_lost"));
    reads_accounts(&crm, &second).await;
    bench.run_upkeep().await;
    assert_eq!(count(&bench, "revoke"), 1, "the older session's tokens are ended too");

    bench.allow_several_consents().await;
    let third = crm.connect("oauth").await;
    reads_accounts(&crm, &second).await;
    reads_accounts(&crm, &third).await;
}

#[tokio::test]
async fn a_renewal_at_a_bank_with_one_consent_touches_no_other_session_s_of_other_psus() {
    let bench = Bench::start().await;
    let crm = Crm::of(&bench, "acme");
    let first = crm.connect("redirect").await;
    bench.decide("approve").await;
    let body = json!({"bank": "redirect", "psu": "somebody-else", "return_url": RETURN_URL});
    let other = crm.post("/v1/sessions", body).await;
    let back = Browser::new().travel(&other.text("authorize_url")).await;
    crm.activate(&other.text("session"), &parameter(&back, "activation_code")).await;
    assert_eq!(crm.get(&format!("/v1/sessions/{first}")).await.body["status"], "active");
}

#[tokio::test]
async fn announced_maintenance_spares_the_bank_and_tells_when_to_come_back() {
    let windows = "[[maintenance]]\nfrom = \"00:00\"\nminutes = 1440\n";
    let bench = Bench::with_limits(windows).await;
    let crm = Crm::of(&bench, "acme");
    let session = crm.connect("redirect").await;
    let before = bench.bank.journal().len();
    let background = crm.accounts(&session).await;
    assert_eq!(background.problem(), (503, "bank_maintenance"));
    assert!(background.body["retry_at"].is_string() && background.headers.contains_key("retry-after"));
    assert_eq!(bench.bank.journal().len(), before, "nothing is asked while nobody is there");
    reads_accounts(&crm, &session).await;
    let presence = crm.presence(&session);
    let path = format!("/v1/sessions/{session}/accounts");
    for fault in [json!({"kind": "status", "status": 503}), json!({"kind": "html_200"}), json!({"kind": "close"})] {
        bench.fault("accounts", fault.clone(), 2).await;
        let attended = crm.get_with(&path, &[("psu-presence", &presence)]).await;
        assert_eq!(attended.problem(), (503, "bank_maintenance"), "{fault}");
        bench.control("DELETE", "/faults", Value::Null).await;
    }
}
