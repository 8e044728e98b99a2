//! Banks that fail, in every way the sandbox bank knows: each has its code, and nothing is shown of what the bank said.

use http::StatusCode;
use serde_json::{Value, json};

use it::bench::{Bench, browser::Browser};

#[tokio::test]
async fn every_failure_has_its_code() {
    let bench = Bench::with_limits(concat!(
        "[limits]\nconnect_millis = 1000\ntotal_millis = 1500\nbody_bytes = 200000\n",
        "[circuit]\nfailures = 1000\n[operations.every]\nrepeated = false",
    ))
    .await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/balances");
    let canary = "canary-DE89370400440532013000";
    let body = |content_type: &str, body: &str| json!({"kind": "body", "status": 200, "content_type": content_type, "body": body});
    let cases = [
        (json!({"kind": "status", "status": 500}), (502, "bank_unavailable")),
        (json!({"kind": "status", "status": 503}), (502, "bank_unavailable")),
        (json!({"kind": "status", "status": 400}), (502, "bank_rejected_request")),
        (json!({"kind": "too_many_requests", "retry_after": 30}), (429, "bank_rate_limited")),
        (json!({"kind": "too_many_requests"}), (429, "bank_rate_limited")),
        (json!({"kind": "html_200"}), (502, "bank_response_invalid")),
        (json!({"kind": "redirect", "location": "https://evil.example/"}), (502, "bank_redirect_rejected")),
        (json!({"kind": "redirect", "location": "http://169.254.169.254/"}), (502, "bank_redirect_rejected")),
        (json!({"kind": "oversized", "bytes": 300_000}), (502, "bank_response_too_large")),
        (json!({"kind": "delay", "millis": 4000}), (504, "bank_timeout")),
        (json!({"kind": "close"}), (502, "bank_unreachable")),
        (body("application/json", canary), (502, "bank_response_invalid")),
        (body("application/json", "{\"balances\":[],\"balances\":[]}"), (502, "bank_response_invalid")),
        (
            body(
                "application/json",
                "{\"balances\":[{\"balanceAmount\":{\"amount\":1.5,\"currency\":\"EUR\"},\"balanceType\":\"expected\"}]}",
            ),
            (502, "bank_response_invalid"),
        ),
        (
            body(
                "application/json",
                "{\"balances\":[{\"balanceAmount\":{\"amount\":\"1e400\",\"currency\":\"EUR\"},\"balanceType\":\"expected\"}]}",
            ),
            (502, "bank_response_invalid"),
        ),
        (
            body("application/json", "{\"account\":{\"iban\":\"DE89370400440532013000\"},\"balances\":[]}"),
            (502, "bank_response_invalid"),
        ),
    ];
    for (fault, expected) in cases {
        bench.fault("balances", fault.clone(), 1).await;
        let presence = bench.crm().presence(&session);
        let answer = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
        assert_eq!(answer.problem(), expected, "{fault}");
        assert!(!answer.body.to_string().contains("canary"), "{fault}");
        assert!(answer.body["request_id"].is_string() && answer.body["next_action"].is_string());
    }
    let presence = bench.crm().presence(&session);
    assert_eq!(
        bench.crm().get_with(&path, &[("psu-presence", &presence)]).await.status,
        StatusCode::OK,
        "none of them lasts"
    );
}

#[tokio::test]
async fn a_banks_limit_is_told_with_its_time() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.fault("accounts", json!({"kind": "too_many_requests", "retry_after": 30}), 1).await;
    let answer = bench.crm().accounts(&session).await;
    assert_eq!(answer.problem(), (429, "bank_rate_limited"));
    assert_eq!((answer.text("limited_by").as_str(), answer.text("next_action").as_str()), ("bank", "wait"));
    assert_eq!(answer.headers["retry-after"], "30");
    let retry_at: jiff::Timestamp = answer.text("retry_at").parse().unwrap();
    assert_eq!(retry_at, bench.now() + jiff::SignedDuration::from_secs(30));
}

#[tokio::test]
async fn the_banks_own_four_a_day_is_told_as_the_banks() {
    // As far as the hub knows there are more.
    let bench = Bench::with_limits("[background]\nreads_per_day = 9").await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/balances");
    for _ in 0..4 {
        assert_eq!(bench.crm().get(&path).await.status, StatusCode::OK);
    }
    assert_eq!(bench.crm().get(&path).await.problem(), (429, "bank_rate_limited"));
    let presence = bench.crm().presence(&session);
    assert_eq!(
        bench.crm().get_with(&path, &[("psu-presence", &presence)]).await.status,
        StatusCode::OK,
        "attended calls do not count"
    );
}

#[tokio::test]
async fn paging_links_that_lead_elsewhere_are_not_followed() {
    for to in ["self", "other_host", "other_account", "null_host", "plain_http"] {
        let bench = Bench::start().await;
        let session = bench.crm().connect("oauth").await;
        let account = bench.crm().first_account(&session).await;
        bench.fault("transactions", json!({"kind": "wrong_next", "to": to}), 1).await;
        let from = "2000-01-01";
        let path = format!("/v1/sessions/{session}/accounts/{account}/transactions?from={from}");
        assert_eq!(bench.crm().get(&path).await.problem(), (502, "bank_link_rejected"), "{to}");
        assert_eq!(bench.reached("transactions").len(), 1, "{to}");
    }
}

#[tokio::test]
async fn a_refused_certificate_is_named_as_such() {
    let bench = Bench::start().await;
    bench.fault("any", json!({"kind": "refuse_certificate"}), 1).await;
    let body = json!({"bank": "oauth", "psu": "customer-4711", "return_url": it::bench::RETURN_URL});
    let answer = bench.crm().post("/v1/sessions", body).await;
    assert_eq!(answer.problem(), (502, "bank_rejected_client_certificate"));
    assert_eq!(answer.text("next_action"), "fix_configuration");
}

#[tokio::test]
async fn a_consent_that_the_psu_ended_at_the_bank_is_lost_and_says_so() {
    for bank in ["oauth", "redirect"] {
        let bench = Bench::start().await;
        let session = bench.crm().connect(bank).await;
        let consents = bench.control("GET", "/consents", Value::Null).await;
        let consent = first_consent_id(&consents);
        bench.control("POST", &format!("/consents/{consent}/revoke"), json!({})).await;
        let answer = bench.crm().accounts(&session).await;
        assert_eq!(answer.problem(), (409, "consent_lost"), "{bank}: {:?}", answer.body);
        assert_eq!(answer.text("next_action"), "renew_consent");
        let before = bench.bank.journal().len();
        assert_eq!(bench.crm().accounts(&session).await.problem(), (409, "consent_lost"));
        assert_eq!(bench.bank.journal().len(), before, "it is written down: the bank is not asked again");
    }
}

fn first_consent_id(consents: &Value) -> String {
    let list = consents.as_array().or_else(|| consents["consents"].as_array()).unwrap();
    list[0]["id"].as_str().or_else(|| list[0]["consent_id"].as_str()).unwrap_or_else(|| panic!("{consents}")).to_owned()
}

#[tokio::test]
async fn a_consent_ends_on_its_day_without_asking_the_bank() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("redirect").await;
    bench.advance(181 * 86_400);
    let before = bench.bank.journal().len();
    let answer = bench.crm().accounts(&session).await;
    assert_eq!(answer.problem(), (409, "consent_lost"));
    assert_eq!(answer.text("reason"), "consent_expired");
    assert_eq!(bench.bank.journal().len(), before);
}

#[tokio::test]
async fn without_keys_nothing_reaches_the_bank() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let (second, back) = bench.crm().journey("oauth", &Browser::new()).await;
    let code = it::bench::crm::parameter(&back, "activation_code");
    bench.crm().activate(&second, &code).await;
    bench.cut_keys_off(true).await;
    let before = bench.bank.journal().len();
    let answer = bench.crm().accounts(&second).await;
    assert_eq!(answer.problem(), (503, "keys_unavailable"), "{session}");
    assert_eq!(bench.bank.journal().len(), before);
    // An instance believes a good answer of the key service for a moment.
    let missing = json!({"store": "ready", "keys": "unavailable"});
    let ready = bench.comes_to("/ready", |answer| answer.body == missing).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    bench.cut_keys_off(false).await;
    assert_eq!(bench.crm().accounts(&second).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sealed_values_that_were_tampered_with_do_not_open() {
    use ciborium::Value as Cbor;
    use shared::ports::documents::{Collection, Document, Key, Write};

    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let (one, two) = (bench.crm().connect("oauth").await, bench.crm().connect("oauth").await);
    let key = |session: &str| Key::new(Collection::Sessions, session);
    let stored = |session: String| {
        let documents = std::sync::Arc::clone(bench.documents());
        async move { documents.read(&key(&session)).await.unwrap().unwrap().document }
    };
    let (first, second) = (stored(one.clone()).await, stored(two.clone()).await);
    let access = |document: &Document| document.field("access").unwrap().clone();
    let swapped = match first.as_value().clone() {
        Cbor::Map(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = if name.as_text() == Some("access") { access(&second) } else { value };
                (name, value)
            })
            .collect(),
        other => panic!("{other:?}"),
    };
    let document = Document::from_value(Cbor::Map(swapped)).unwrap();
    bench.documents().commit(&[Write::Put(key(&one), document)]).await.unwrap();
    let before = bench.bank.journal().len();
    assert_eq!(bench.crm().accounts(&one).await.problem(), (500, "integrity"));
    assert_eq!(bench.bank.journal().len(), before);
    assert_eq!(bench.crm().accounts(&two).await.status, StatusCode::OK);
}
