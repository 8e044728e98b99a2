//! Headers of banks that the CRM must not see, and headers of the CRM's that banks must not see (`docs/bad-input.md`).

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::json;

use it::bench::Bench;

#[tokio::test]
async fn nothing_of_a_bank_s_headers_reaches_the_crm() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/balances");
    let plain = bench.crm().get(&path).await;
    let names = |answer: &it::bench::crm::Answer| -> BTreeSet<_> {
        answer.headers.keys().map(|name| name.as_str().to_owned()).collect()
    };
    let headers = json!({
        "set-cookie": "canary=1", "server": "canary", "x-powered-by": "canary", "via": "1.1 canary",
        "x-internal-hop": "canary", "location": "https://canary.example/", "aspsp-sca-approach": "canary",
        "x-request-limit": "canary", "etag": "canary", "access-control-allow-origin": "*",
    });
    let body = "{\"balances\":[]}";
    let fault =
        json!({"kind": "body", "status": 200, "content_type": "application/json", "body": body, "headers": headers});
    for (accept, body_is) in [("application/json", "model"), ("application/vnd.hub.raw+json", "the bank's own")] {
        bench.fault("balances", fault.clone(), 1).await;
        let presence = bench.crm().presence(&session);
        let answer = bench.crm().get_with(&path, &[("psu-presence", &presence), ("accept", accept)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{body_is}: {:?}", answer.body);
        assert_eq!(names(&answer), names(&plain), "{body_is}");
        assert!(!format!("{:?}", answer.headers).contains("canary"), "{body_is}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn no_header_of_the_crm_s_reaches_a_bank() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("redirect").await;
    let path = format!("/v1/sessions/{session}/accounts");
    assert_eq!(bench.crm().get(&path).await.status, StatusCode::OK);
    let forged = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=203.0.113.9"),
        ("psu-ip-address", "203.0.113.9"),
        ("psu-user-agent", "canary"),
        ("psu-id", "canary"),
        ("consent-id", "canary"),
        ("tpp-signature-certificate", "canary"),
        ("signature", "canary"),
        ("digest", "canary"),
        ("x-request-id", "99999999-2222-4333-8444-555555555555"),
        ("cookie", "canary=1"),
        ("x-own", "canary"),
        ("connection", "x-own"),
        ("te", "trailers"),
    ];
    assert_eq!(bench.crm().get_with(&path, &forged).await.status, StatusCode::OK);
    let reads = bench.reached("accounts");
    let (plain, with_forged) = (&reads[0], &reads[1]);
    assert_eq!(with_forged.headers, plain.headers);
    assert_eq!(with_forged.consent_id, plain.consent_id);
    assert_ne!(with_forged.request_id.as_deref(), Some("99999999-2222-4333-8444-555555555555"));
    assert!(!with_forged.psu_present);
}
