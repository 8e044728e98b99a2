//! What consents ask for, what they grant, and how they end.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::{CALLBACK, World, offer, order, read, request_id};

#[tokio::test]
async fn refuses_requests_whose_headers_are_not_in_order() {
    let world = World::new().await;
    let id = request_id();
    for (headers, code) in [
        (vec![("PSU-IP-Address", "192.0.2.7"), ("TPP-Redirect-URI", CALLBACK)], "FORMAT_ERROR"),
        (vec![("X-Request-ID", "1"), ("PSU-IP-Address", "192.0.2.7"), ("TPP-Redirect-URI", CALLBACK)], "FORMAT_ERROR"),
        (vec![("X-Request-ID", &id), ("TPP-Redirect-URI", CALLBACK)], "FORMAT_ERROR"),
        (vec![("X-Request-ID", &id), ("PSU-IP-Address", "none"), ("TPP-Redirect-URI", CALLBACK)], "FORMAT_ERROR"),
        (vec![("X-Request-ID", &id), ("PSU-IP-Address", "192.0.2.7")], "FORMAT_ERROR"),
        (vec![("X-Request-ID", &id), ("PSU-IP-Address", "192.0.2.7"), ("TPP-Redirect-URI", "tpp")], "FORMAT_ERROR"),
    ] {
        let request = world.tpp.post(format!("{}/redirect/v1/consents", world.bank.api_url())).json(&order(offer()));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{headers:?}");
    }
}

#[tokio::test]
async fn wants_json_and_answers_json() {
    let world = World::new().await;
    let text = world
        .api(Method::POST, "/redirect/v1/consents")
        .header("PSU-IP-Address", "192.0.2.7")
        .header("TPP-Redirect-URI", CALLBACK)
        .body(order(offer()).to_string());
    assert_eq!(read(text.send().await.unwrap()).await.status, 415);
    let request = world.asking("redirect", &order(offer())).header("Accept", "application/xml");
    let answer = read(request.send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (406, "REQUESTED_FORMATS_INVALID"));
}

#[tokio::test]
async fn echoes_the_request_id_also_with_a_refusal() {
    let world = World::new().await;
    let id = request_id();
    for path in ["/redirect/v1/accounts", "/redirect/v1/nothing", "/nobody/v1/accounts"] {
        let request = world.tpp.get(world.bank.api_url().to_owned() + path).header("X-Request-ID", &id);
        let answer = read(request.send().await.unwrap()).await;
        assert!(answer.status.is_client_error());
        assert_eq!(answer.headers["x-request-id"], id.as_str());
    }
}

#[tokio::test]
async fn refuses_bodies_that_are_no_consent() {
    let world = World::new().await;
    let mut past = order(offer());
    past["validUntil"] = json!("2026-11-19");
    let mut combined = order(offer());
    combined["combinedServiceIndicator"] = json!(true);
    for (body, code) in [
        (json!([]), "FORMAT_ERROR"),
        (json!({ "access": offer() }), "FORMAT_ERROR"),
        (order(json!({})), "FORMAT_ERROR"),
        (past, "PERIOD_INVALID"),
        (combined, "SESSIONS_NOT_SUPPORTED"),
    ] {
        let answer = read(world.asking("oauth", &body).send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{body}");
    }
    let long = order(json!({ "accounts": [], "restrictedTo": ["x".repeat(70_000)] }));
    assert_eq!(read(world.asking("oauth", &long).send().await.unwrap()).await.status, 413);
}

#[tokio::test]
async fn tells_what_it_granted() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let consent = world.get(&format!("/redirect/v1/consents/{}", access.consent)).await.body;
    assert_eq!(consent["validUntil"], "2027-05-19");
    assert_eq!(consent["frequencyPerDay"], 4);
    assert_eq!(consent["lastActionDate"], "2026-11-20");
    assert_eq!(consent["access"]["balances"].as_array().unwrap().len(), 2);
    assert_eq!(consent["access"]["balances"][0]["iban"], world.iban(0, 0).await);
}

#[tokio::test]
async fn grants_each_kind_of_access_what_it_names() {
    let world = World::new().await;
    let own = json!([{ "iban": world.iban(0, 0).await }]);
    let foreign = json!([{ "iban": world.iban(0, 0).await }, { "iban": world.iban(1, 0).await }]);
    let approval = json!({ "decision": "approve", "customer": "anna-schmidt" });
    for (asked, accounts, balances, transactions) in [
        (json!({ "allPsd2": "allAccounts" }), 2, 200, 200),
        (json!({ "accounts": [], "balances": [] }), 2, 200, 401),
        (json!({ "balances": own, "transactions": own }), 1, 200, 200),
        (json!({ "transactions": foreign }), 1, 401, 200),
        (json!({ "allPsd2": "allAccounts", "restrictedTo": ["SVGS"] }), 1, 200, 200),
    ] {
        let access = world.access_with("redirect", asked.clone(), approval.clone()).await;
        let ids = world.accounts(&access).await;
        assert_eq!(ids.len(), accounts, "{asked}");
        let path = format!("/accounts/{}/balances", ids[0]);
        assert_eq!(world.attended(&access, &path).await.status, balances, "{asked}");
        let path = format!("/accounts/{}/transactions?bookingStatus=booked&dateFrom=2026-11-01", ids[0]);
        assert_eq!(world.attended(&access, &path).await.status, transactions, "{asked}");
    }
}

#[tokio::test]
async fn shows_a_mere_list_of_accounts_without_a_way_to_their_data() {
    let world = World::new().await;
    let approval = json!({ "decision": "approve", "customer": "jonas-weber" });
    let asked = json!({ "availableAccountsWithBalance": "allAccountsWithOwnerName" });
    let access = world.access_with("redirect", asked, approval).await;
    let list = world.attended(&access, "/accounts?withBalance=true").await.body;
    let accounts = list["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 3);
    for account in accounts {
        assert_eq!(account["ownerName"], "Jonas Weber");
        assert_eq!(account["balances"].as_array().unwrap().len(), 3);
        assert_eq!((&account["resourceId"], &account["_links"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn rejects_a_consent_for_accounts_of_somebody_else() {
    let world = World::new().await;
    let created = world.consent("redirect", json!({ "balances": [{ "iban": world.iban(1, 0).await }] })).await;
    world.decide(json!({ "decision": "approve", "customer": "anna-schmidt" })).await;
    world.visit(&world.sca_address(&created).await).await;
    let status = world.get(created.body["_links"]["status"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body["consentStatus"], "rejected");
}

#[tokio::test]
async fn gives_accounts_a_new_id_in_each_consent_and_ends_the_older_one() {
    let world = World::new().await;
    for mood in ["oauth", "redirect"] {
        let older = world.access(mood).await;
        let before = world.accounts(&older).await;
        let newer = world.access(mood).await;
        assert!(world.accounts(&newer).await.iter().all(|id| !before.contains(id)));
        let refused = world.attended(&older, "/accounts").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_EXPIRED"));
        let status = world.get(&format!("/{mood}/v1/consents/{}/status", older.consent)).await;
        assert_eq!(status.body["consentStatus"], "expired");
    }
}

#[tokio::test]
async fn keeps_several_consents_once_that_is_allowed() {
    let world = World::new().await;
    world.control(Method::POST, "/policy", json!({ "several_consents": true })).await;
    let older = world.access("redirect").await;
    let created = world.consent("redirect", offer()).await;
    assert_eq!(created.headers["aspsp-multiple-consent-support"], "true");
    world.access("redirect").await;
    assert_eq!(world.accounts(&older).await.len(), 2);
}

#[tokio::test]
async fn ends_consents_from_either_side() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let path = format!("/redirect/v1/consents/{}", access.consent);
    for _ in 0..2 {
        assert_eq!(read(world.api(Method::DELETE, &path).send().await.unwrap()).await.status, 204);
    }
    assert_eq!(world.get(&path).await.body["consentStatus"], "terminatedByTpp");
    let refused = world.attended(&access, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_INVALID"));

    let access = world.access("oauth").await;
    world.control(Method::POST, &format!("/consents/{}/revoke", access.consent), Value::Null).await;
    let status = world.get(&format!("/oauth/v1/consents/{}/status", access.consent)).await;
    assert_eq!(status.body["consentStatus"], "revokedByPsu");
    assert_eq!(world.refresh(&access.refresh.unwrap()).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn expires_after_180_days() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    world.advance(180 * 86_400).await;
    assert_eq!(world.attended(&access, "/accounts").await.status, 200);
    world.advance(86_400).await;
    let refused = world.attended(&access, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_EXPIRED"));
}

#[tokio::test]
async fn keeps_moods_apart() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let answer = world.get(&format!("/oauth/v1/consents/{}", access.consent)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (403, "CONSENT_UNKNOWN"));
    assert_eq!(world.get("/redirect/.well-known/oauth-authorization-server").await.status, 404);
}

#[tokio::test]
async fn answers_wrong_methods_and_paths_in_its_own_form() {
    let world = World::new().await;
    let answer = read(world.api(Method::PUT, "/oauth/v1/consents").send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (405, "SERVICE_INVALID"));
    let answer = world.get("/oauth/v1/standing-orders").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (404, "RESOURCE_UNKNOWN"));
}
