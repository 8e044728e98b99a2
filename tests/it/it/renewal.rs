//! Renewing a consent: the session and the account ids stay, the old consent works until the new one is activated.

use http::StatusCode;
use serde_json::json;

use it::bench::{Bench, RETURN_URL, browser::Browser, crm::parameter};

async fn renew(bench: &Bench, session: &str) -> String {
    bench.decide("approve").await;
    let answer = bench.crm().post(&format!("/v1/sessions/{session}/renewal"), json!({"return_url": RETURN_URL})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
    assert_eq!(answer.text("session"), session);
    answer.text("authorize_url")
}

#[tokio::test]
async fn keeps_the_session_and_the_names_of_its_accounts() {
    for bank in ["oauth", "redirect"] {
        let bench = Bench::start().await;
        let session = bench.crm().connect(bank).await;
        let before = bench.crm().accounts(&session).await.body["accounts"].clone();
        let account = before[0]["account_id"].as_str().unwrap().to_owned();
        let raw = [("accept", "application/vnd.hub.raw+json")];
        let accounts = format!("/v1/sessions/{session}/accounts");
        let resource_before = bench.crm().get_with(&accounts, &raw).await.body["accounts"][0]["resourceId"].clone();

        let link = renew(&bench, &session).await;
        let back = Browser::new().travel(&link).await;
        let activated = bench.crm().activate(&session, &parameter(&back, "activation_code")).await;
        assert_eq!(activated.text("status"), "active");

        let balances = bench.crm().get(&format!("{accounts}/{account}/balances")).await;
        assert_eq!(balances.status, StatusCode::OK, "the account is found without listing: {:?}", balances.body);
        assert_eq!(bench.crm().accounts(&session).await.body["accounts"], before);
        let resource_after = bench.crm().get_with(&accounts, &raw).await.body["accounts"][0]["resourceId"].clone();
        assert_ne!(resource_before, resource_after, "the bank calls it something else");
    }
}

#[tokio::test]
async fn backing_out_of_a_renewal_harms_nothing() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.decide("refuse").await;
    let answer = bench.crm().post(&format!("/v1/sessions/{session}/renewal"), json!({"return_url": RETURN_URL})).await;
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.body["pending"]["status"], "awaiting_psu");
    let back = Browser::new().travel(&answer.text("authorize_url")).await;
    assert_eq!(parameter(&back, "error"), "sca_denied");
    let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((shown.text("status").as_str(), &shown.body["pending"]), ("active", &json!(null)));
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_later_journey_takes_the_place_of_an_earlier_one() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let (first, second) = (renew(&bench, &session).await, renew(&bench, &session).await);
    let back = Browser::new().travel(&second).await;
    assert_eq!(bench.crm().activate(&session, &parameter(&back, "activation_code")).await.status, StatusCode::OK);
    bench.decide("approve").await;
    let browser = Browser::new();
    let late = browser.open(browser.until_callback(&first).await.as_str()).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("callback_abandoned"));
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.body["pending"], json!(null));
}

#[tokio::test]
async fn the_old_consent_is_ended_at_the_bank() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let link = renew(&bench, &session).await;
    let back = Browser::new().travel(&link).await;
    bench.crm().activate(&session, &parameter(&back, "activation_code")).await;
    bench.run_upkeep().await;
    assert_eq!(bench.reached("revoke").len(), 1, "the old tokens");
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "the new consent is untouched");
}

#[tokio::test]
async fn a_renewal_goes_to_registered_places_only() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let answer = bench
        .crm()
        .post(&format!("/v1/sessions/{session}/renewal"), json!({"return_url": "https://evil.example"}))
        .await;
    assert_eq!(answer.problem(), (400, "return_url_unregistered"));
}
