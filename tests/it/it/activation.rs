//! A finished authentication gives nobody data until the CRM redeems the code that came back with the browser.

use http::StatusCode;
use serde_json::json;

use it::bench::{Bench, browser::Browser, crm::parameter};

#[tokio::test]
async fn nothing_can_be_read_before_activation() {
    let bench = Bench::start().await;
    let (session, back) = bench.crm().journey("oauth", &Browser::new()).await;
    let before = bench.bank.journal().len();
    let answer = bench.crm().accounts(&session).await;
    assert_eq!(answer.problem(), (409, "session_not_active"));
    assert_eq!(bench.bank.journal().len(), before, "the bank was not asked");
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.text("status"), "awaiting_activation");

    let activated = bench.crm().activate(&session, &parameter(&back, "activation_code")).await;
    assert_eq!(activated.text("status"), "active");
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
}

#[tokio::test]
async fn takes_the_right_code_only_and_changes_nothing_otherwise() {
    let bench = Bench::start().await;
    let (session, back) = bench.crm().journey("oauth", &Browser::new()).await;
    let code = parameter(&back, "activation_code");
    let before = bench.store_as_text().await;
    for wrong in ["", "x", &code[1..], &format!("{code}A"), &code.to_lowercase()] {
        assert_eq!(bench.crm().activate(&session, wrong).await.problem(), (403, "activation_invalid"), "{wrong}");
    }
    assert_eq!(bench.other_crm().activate(&session, &code).await.problem(), (404, "not_found"));
    assert_eq!(bench.store_as_text().await, before);
    assert_eq!(bench.crm().activate(&session, &code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn redeeming_again_after_a_lost_answer_is_harmless() {
    let bench = Bench::start().await;
    let (session, back) = bench.crm().journey("oauth", &Browser::new()).await;
    let code = parameter(&back, "activation_code");
    let first = bench.crm().activate(&session, &code).await;
    let before = bench.store_as_text().await;
    let second = bench.crm().activate(&session, &code).await;
    assert_eq!((first.status, first.body), (second.status, second.body));
    assert_eq!(bench.store_as_text().await, before);
}

#[tokio::test]
async fn a_code_that_nobody_redeems_ends_the_consent() {
    let bench = Bench::start().await;
    let (session, back) = bench.crm().journey("oauth", &Browser::new()).await;
    bench.advance(601);
    assert_eq!(
        bench.crm().activate(&session, &parameter(&back, "activation_code")).await.problem(),
        (410, "activation_expired")
    );
    bench.run_upkeep().await;
    let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((shown.text("status").as_str(), shown.text("reason").as_str()), ("renewal_required", "not_activated"));
    let consents = bench.control("GET", "/consents", json!(null)).await;
    assert!(consents.to_string().contains("terminatedByTpp"), "{consents}");
    assert_eq!(bench.reached("revoke").len(), 1);
    assert_eq!(
        bench.crm().activate(&session, &parameter(&back, "activation_code")).await.problem(),
        (403, "activation_invalid")
    );
}
