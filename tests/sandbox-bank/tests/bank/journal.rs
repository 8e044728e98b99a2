//! The journal tells what reached the bank, and no secrets.

use reqwest::Method;
use sandbox_bank::{Mood, Operation};
use serde_json::{Value, json};

use crate::tpp::{CALLBACK, World, offer, parameter, read, request_id};

#[tokio::test]
async fn tells_each_request_with_who_what_and_how_it_ended() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let account = world.accounts(&access).await[0].clone();
    let path = format!("/accounts/{account}/transactions?bookingStatus=booked&dateFrom=2026-11-01");
    world.background(&access, &path).await;
    let entry = world.last_entry();
    assert_eq!((entry.mood, entry.operation), (Some(Mood::OAuth), Operation::Transactions));
    assert_eq!(entry.method.as_deref(), Some("GET"));
    assert_eq!(entry.path, Some(format!("/oauth/v1/accounts/{account}/transactions")));
    assert_eq!(entry.query["dateFrom"], "2026-11-01");
    assert_eq!((entry.consent_id.as_ref(), entry.account_id.as_ref()), (Some(&access.consent), Some(&account)));
    assert_eq!((entry.psu_present, entry.status), (false, Some(200)));
    assert!(entry.headers.contains(&"consent-id".to_owned()) && entry.headers.is_sorted());
    assert!(entry.request_id.is_some());
    assert_eq!(entry.certificate_sha256.map(|sha| sha.len()), Some(64));
}

#[tokio::test]
async fn recognises_the_same_token_without_knowing_it() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let token = access.refresh.unwrap();
    world.refresh(&token).await;
    world.refresh(&token).await;
    let journal = world.bank.journal();
    let refreshes: Vec<_> =
        journal.iter().filter(|entry| entry.grant_type.as_deref() == Some("refresh_token")).collect();
    assert_eq!(refreshes.len(), 2);
    assert!(refreshes[0].token_sha256.is_some());
    assert_eq!(refreshes[0].token_sha256, refreshes[1].token_sha256);
}

#[tokio::test]
async fn contains_no_token_code_or_account_number() {
    let world = World::new().await;
    let created = world.consent("oauth", json!({ "balances": [{ "iban": world.iban(0, 0).await }] })).await;
    world.decide(json!({ "decision": "approve" })).await;
    let code = parameter(&world.visit(&world.sca_address(&created).await).await, "code").unwrap();
    let tokens = world.redeem(&code).await.body;
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let iban = world.iban(0, 0).await;
    world.refresh(refresh).await;
    // A careless client puts them where they do not belong.
    for path in [
        format!("/oauth/v1/accounts/{iban}/balances?iban={iban}&access_token={access}"),
        format!("/oauth/v1/accounts/{access}?page={refresh}&dateFrom={iban}"),
        format!("/oauth/v1/consents/{code}/status"),
    ] {
        let request = world.api(Method::GET, &path).header("Consent-ID", &iban).bearer_auth(access);
        assert!(read(request.send().await.unwrap()).await.status.is_client_error());
    }
    world.token(&[("grant_type", refresh), ("code", &code)]).await;
    let told = world.control(Method::GET, "/journal", Value::Null).await.body.to_string();
    for secret in [access, refresh, &code, &iban] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn can_be_read_from_a_number_on_and_emptied() {
    let world = World::new().await;
    world.get("/redirect/v1/accounts").await;
    let first = world.last_entry().seq;
    world.get("/nobody").await;
    let since = world.control(Method::GET, &format!("/journal?since={first}"), Value::Null).await.body;
    let entries = since["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["operation"], &entries[0]["status"]), (&json!("unknown"), &json!(404)));
    assert_eq!(entries[0]["mood"], Value::Null);

    assert_eq!(world.control(Method::DELETE, "/journal", Value::Null).await.status, 204);
    assert!(world.bank.journal().is_empty());
    world.get("/nobody").await;
    assert!(world.last_entry().seq > first);
}

#[tokio::test]
async fn names_the_operation_of_every_path() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let account = world.accounts(&access).await[0].clone();
    let consent = format!("/redirect/v1/consents/{}", access.consent);
    for (path, operation) in [
        (consent.clone(), "consent"),
        (format!("{consent}/status"), "consent_status"),
        (format!("{consent}/authorisations"), "authorisations"),
        ("/redirect/v1/accounts".to_owned(), "accounts"),
        (format!("/redirect/v1/accounts/{account}"), "account"),
        (format!("/redirect/v1/accounts/{account}/balances"), "balances"),
    ] {
        world.attended(&access, &path).await;
        assert!(world.last_entry().operation == operation, "{path}");
    }
    world.get("/oauth/.well-known/oauth-authorization-server").await;
    assert!(world.last_entry().operation == "metadata");
    world.consent("redirect", offer()).await;
    assert!(world.last_entry().operation == "consents");
    world.token(&[]).await;
    assert!(world.last_entry().operation == "token");
}

#[tokio::test]
async fn notes_who_was_there() {
    let world = World::new().await;
    let request = world.asking("redirect", &crate::tpp::order(offer())).header("PSU-User-Agent", "Browser");
    assert_eq!(read(request.send().await.unwrap()).await.status, 201);
    let entry = world.last_entry();
    assert!(entry.psu_present);
    assert!(entry.headers.contains(&"psu-user-agent".to_owned()));
    let told = serde_json::to_string(&entry).unwrap();
    assert!(!told.contains("192.0.2.7") && !told.contains(CALLBACK) && !told.contains("Browser"));
    assert_ne!(entry.request_id, Some(request_id()));
}
