//! The whole way from consent to data, in both moods.

use reqwest::Method;
use serde_json::json;

use crate::tpp::{CALLBACK, CLIENT, NOK, World, offer, parameter, read};

#[tokio::test]
async fn leads_from_consent_to_data_in_both_moods() {
    let world = World::new().await;
    for mood in ["oauth", "redirect"] {
        let access = world.access(mood).await;
        let status = world.get(&format!("/{mood}/v1/consents/{}/status", access.consent)).await;
        assert_eq!(status.body, json!({ "consentStatus": "valid" }));

        let accounts = world.accounts(&access).await;
        assert_eq!(accounts.len(), 2);
        let balances = world.attended(&access, &format!("/accounts/{}/balances", accounts[0])).await;
        assert_eq!(balances.status, 200);
        assert_eq!(balances.body["balances"].as_array().unwrap().len(), 3);
        let path = format!("/accounts/{}/transactions?bookingStatus=both&dateFrom=2026-10-01", accounts[0]);
        let transactions = world.attended(&access, &path).await;
        assert_eq!(transactions.status, 200);
        assert!(!transactions.body["transactions"]["booked"].as_array().unwrap().is_empty());
        assert!(!transactions.body["transactions"]["pending"].as_array().unwrap().is_empty());
    }
    world.bank.stop().await;
}

#[tokio::test]
async fn announces_a_redirect_and_where_everything_is() {
    let world = World::new().await;
    let created = world.consent("redirect", offer()).await;
    let id = created.body["consentId"].as_str().unwrap();
    assert_eq!(created.body["consentStatus"], "received");
    assert_eq!(created.headers["aspsp-sca-approach"], "REDIRECT");
    assert_eq!(created.headers["aspsp-multiple-consent-support"], "false");
    assert_eq!(created.location(), format!("/redirect/v1/consents/{id}"));

    let list = world.get(&format!("/redirect/v1/consents/{id}/authorisations")).await;
    let authorisation = list.body["authorisationIds"][0].as_str().unwrap();
    let link = format!("{}/redirect/sca/{id}/{authorisation}", world.bank.web_url());
    assert_eq!(created.body["_links"]["scaRedirect"]["href"], link);
    let status = world.get(created.body["_links"]["scaStatus"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body, json!({ "scaStatus": "received" }));
    let other = world.get(&format!("/redirect/v1/consents/{id}/authorisations/{id}")).await;
    assert_eq!((other.status.as_u16(), other.code()), (404, "RESOURCE_UNKNOWN"));
}

#[tokio::test]
async fn describes_its_authorisation_server() {
    let world = World::new().await;
    let api = world.bank.api_url();
    let created = world.consent("oauth", offer()).await;
    let link = created.body["_links"]["scaOAuth"]["href"].as_str().unwrap();
    assert_eq!(link, format!("{api}/oauth/.well-known/oauth-authorization-server"));
    let metadata = world.get(link).await.body;
    assert_eq!(metadata["issuer"], format!("{api}/oauth"));
    assert_eq!(metadata["authorization_endpoint"], format!("{}/oauth/authorize", world.bank.web_url()));
    assert_eq!(metadata["token_endpoint"], format!("{api}/oauth/token"));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn returns_from_an_approval_with_code_state_and_issuer() {
    let world = World::new().await;
    let created = world.consent("oauth", offer()).await;
    world.decide(json!({ "decision": "approve", "customer": "anna-schmidt" })).await;
    let back = world.visit(&world.sca_address(&created).await).await;
    assert!(back.starts_with(&format!("{CALLBACK}&code=")), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz"));
    assert_eq!(parameter(&back, "iss"), Some(format!("{}/oauth", world.bank.api_url())));
}

#[tokio::test]
async fn returns_from_a_refusal_with_the_error_or_to_the_other_address() {
    let world = World::new().await;
    world.decide(json!({ "decision": "refuse", "times": 2 })).await;
    let created = world.consent("oauth", offer()).await;
    let back = world.visit(&world.sca_address(&created).await).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("xyz"));
    assert!(parameter(&back, "iss").is_some() && parameter(&back, "code").is_none());

    let created = world.consent("redirect", offer()).await;
    assert_eq!(world.visit(&world.sca_address(&created).await).await, NOK);
    let status = world.get(created.body["_links"]["status"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body, json!({ "consentStatus": "rejected" }));
}

#[tokio::test]
async fn returns_to_the_only_address_if_there_is_no_other() {
    let world = World::new().await;
    world.decide(json!({ "decision": "refuse" })).await;
    let request = world
        .api(Method::POST, "/redirect/v1/consents")
        .header("PSU-IP-Address", "192.0.2.7")
        .header("TPP-Redirect-URI", CALLBACK)
        .json(&crate::tpp::order(offer()));
    let created = read(request.send().await.unwrap()).await;
    assert_eq!(world.visit(&world.sca_address(&created).await).await, CALLBACK);
}

#[tokio::test]
async fn knows_the_client_by_its_certificate() {
    let world = World::new().await;
    world.access("oauth").await;
    assert_eq!(world.last_entry().organisation.as_deref(), Some(CLIENT));
}
