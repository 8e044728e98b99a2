//! Authorisations that are started and confirmed by calls of their own.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::{Access, Answer, CALLBACK, World, offer, parameter, read};

/// A world in which nobody looks at signatures.
async fn world() -> World {
    let world = World::new().await;
    world.control(Method::POST, "/policy", json!({ "signatures": { "explicit": "ignored" } })).await;
    world
}

/// Starts an authorisation where an answer says.
async fn started(world: &World, created: &Answer) -> Answer {
    let link = created.body["_links"]["startAuthorisation"]["href"].as_str().unwrap();
    let answer = read(world.api(Method::POST, link).send().await.unwrap()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

fn link<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.body["_links"][name]["href"].as_str().unwrap()
}

async fn confirm(world: &World, started: &Answer, body: Value) -> Answer {
    read(world.api(Method::PUT, link(started, "confirmation")).json(&body).send().await.unwrap()).await
}

async fn sca_status(world: &World, started: &Answer) -> Value {
    world.get(link(started, "scaStatus")).await.body["scaStatus"].clone()
}

async fn consent_status(world: &World, created: &Answer) -> Value {
    world.get(link(created, "status")).await.body["consentStatus"].clone()
}

/// A consent that the customer has approved, its authorisation, and the code.
async fn approved(world: &World) -> (Answer, Answer, String) {
    let created = world.consent("explicit", offer()).await;
    let started = started(world, &created).await;
    world.decide(json!({ "decision": "approve" })).await;
    let back = world.visit(link(&started, "scaRedirect")).await;
    assert!(back.starts_with(&format!("{CALLBACK}&confirmationCode=")), "{back}");
    (created, started, parameter(&back, "confirmationCode").unwrap())
}

#[tokio::test]
async fn starts_nothing_by_itself() {
    let world = world().await;
    let created = world.consent("explicit", offer()).await;
    let links: Vec<_> = created.body["_links"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(links, ["self", "startAuthorisation", "status"]);
    let list = world.get(link(&created, "startAuthorisation")).await;
    assert_eq!(list.body, json!({ "authorisationIds": [] }));
    let started = started(&world, &created).await;
    assert_eq!(started.headers["aspsp-sca-approach"], "REDIRECT");
    assert_eq!(sca_status(&world, &started).await, "received");
    let list = world.get(link(&created, "startAuthorisation")).await;
    assert_eq!(list.body["authorisationIds"], json!([started.body["authorisationId"]]));
}

#[tokio::test]
async fn makes_the_consent_valid_with_the_right_code_only() {
    let world = world().await;
    let (created, started, code) = approved(&world).await;
    assert_eq!(sca_status(&world, &started).await, "unconfirmed");
    assert_eq!(consent_status(&world, &created).await, "received");
    let refused = confirm(&world, &started, json!({ "code": code })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));

    let confirmed = confirm(&world, &started, json!({ "confirmationCode": code })).await;
    assert_eq!((confirmed.status.as_u16(), &confirmed.body["scaStatus"]), (200, &json!("finalised")));
    assert_eq!(sca_status(&world, &started).await, "finalised");
    assert_eq!(consent_status(&world, &created).await, "valid");
    let consent = created.body["consentId"].as_str().unwrap().to_owned();
    let access = Access { mood: "explicit", consent, token: None, refresh: None };
    assert_eq!(world.accounts(&access).await.len(), 2);
    let again = confirm(&world, &started, json!({ "confirmationCode": code })).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "STATUS_INVALID"));
}

#[tokio::test]
async fn ends_the_consent_over_a_wrong_code() {
    let world = world().await;
    let (created, started, _) = approved(&world).await;
    let refused = confirm(&world, &started, json!({ "confirmationCode": "guess" })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "SCA_INVALID"));
    assert_eq!(sca_status(&world, &started).await, "failed");
    assert_eq!(consent_status(&world, &created).await, "rejected");
}

#[tokio::test]
async fn closes_the_page_once_the_customer_has_decided() {
    let world = world().await;
    let (_, started, _) = approved(&world).await;
    assert_eq!(world.plain.get(link(&started, "scaRedirect")).send().await.unwrap().status(), 410);
}

#[tokio::test]
async fn names_the_calls_in_the_journal() {
    let world = world().await;
    let (created, started, code) = approved(&world).await;
    confirm(&world, &started, json!({ "confirmationCode": code })).await;
    world.get(link(&created, "startAuthorisation")).await;
    sca_status(&world, &started).await;
    let named: Vec<_> = world.bank.journal().iter().map(|entry| entry.operation.as_str()).collect();
    let expected =
        ["consents", "start_authorisation", "confirm_authorisation", "authorisations", "authorisation_status"];
    assert_eq!(named, expected);
}

#[tokio::test]
async fn starts_a_further_attempt_in_other_moods_too() {
    let world = World::new().await;
    let created = world.consent("redirect", offer()).await;
    let path = format!("/redirect/v1/consents/{}/authorisations", created.body["consentId"].as_str().unwrap());
    let request = world.api(Method::POST, &path).header("TPP-Redirect-URI", "https://tpp.example/second");
    let started = read(request.send().await.unwrap()).await;
    assert_eq!((started.status.as_u16(), &started.body["_links"]["confirmation"]), (201, &Value::Null));
    world.decide(json!({ "decision": "approve" })).await;
    assert_eq!(world.visit(link(&started, "scaRedirect")).await, "https://tpp.example/second");
    let late = read(world.api(Method::POST, &path).send().await.unwrap()).await;
    assert_eq!((late.status.as_u16(), late.code()), (409, "STATUS_INVALID"));
    let status = link(&started, "scaStatus");
    let refused = read(world.api(Method::PUT, status).json(&json!({})).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (405, "SERVICE_INVALID"));
}
