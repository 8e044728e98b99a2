//! OAuth 2 as a step before the consent.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::tpp::{Access, Answer, CALLBACK, CLIENT, VERIFIER, World, authorisation, offer, order, parameter, read};

/// The tokens of a customer who has logged in.
async fn logged_in(world: &World, customer: &str) -> Answer {
    world.decide(json!({ "decision": "approve", "customer": customer })).await;
    let endpoint = format!("{}/prestep/authorize", world.bank.web_url());
    let back = world.visit(&authorisation(&endpoint, "", &[("scope", "AIS")])).await;
    redeemed(world, &parameter(&back, "code").unwrap()).await
}

async fn redeemed(world: &World, code: &str) -> Answer {
    let parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world.token_at("prestep/token", &parameters).await
}

fn token(answer: &Answer) -> String {
    answer.body["access_token"].as_str().unwrap().to_owned()
}

fn asking(world: &World, token: &str) -> RequestBuilder {
    world.asking("prestep", &order(offer())).bearer_auth(token)
}

/// Asks with a token for a consent that the customer then decides about.
async fn consented(world: &World, token: &str, script: Value) -> Access {
    let created = read(asking(world, token).send().await.unwrap()).await;
    assert_eq!(created.status, 201, "{created:?}");
    world.decide(script).await;
    world.visit(created.body["_links"]["scaRedirect"]["href"].as_str().unwrap()).await;
    let consent = created.body["consentId"].as_str().unwrap().to_owned();
    Access { mood: "prestep", consent, token: Some(token.to_owned()), refresh: None }
}

#[tokio::test]
async fn makes_no_consent_without_the_customers_token() {
    let world = World::new().await;
    let refused = read(world.asking("prestep", &order(offer())).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"));
    let other = world.access("oauth").await.token.unwrap();
    let refused = read(asking(&world, &other).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_INVALID"));
}

#[tokio::test]
async fn leads_from_login_over_consent_to_data() {
    let world = World::new().await;
    let login = logged_in(&world, "jonas-weber").await;
    assert_eq!((&login.body["scope"], login.body["refresh_token"].is_string()), (&json!("AIS"), true));
    let access = consented(&world, &token(&login), json!({ "decision": "approve", "customer": "jonas-weber" })).await;
    assert_eq!(world.accounts(&access).await.len(), 3);

    let bare = Access { token: None, ..access.clone() };
    let refused = world.attended(&bare, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"));

    let refresh = login.body["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh)];
    let fresh = world.token_at("prestep/token", &form).await;
    let access = Access { token: Some(token(&fresh)), ..access };
    assert_eq!(world.attended(&access, "/accounts").await.status, 200);
}

#[tokio::test]
async fn lets_nobody_but_the_customer_who_logged_in_give_or_use_the_consent() {
    let world = World::new().await;
    let anna = token(&logged_in(&world, "anna-schmidt").await);
    let jonas = token(&logged_in(&world, "jonas-weber").await);
    let access = consented(&world, &anna, json!({ "decision": "approve", "customer": "jonas-weber" })).await;
    let status = world.get(&format!("/prestep/v1/consents/{}/status", access.consent)).await;
    assert_eq!(status.body["consentStatus"], "rejected");

    let access = consented(&world, &anna, json!({ "decision": "approve", "customer": "anna-schmidt" })).await;
    let refused = world.attended(&Access { token: Some(jonas), ..access }, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_INVALID"));
}

#[tokio::test]
async fn tells_the_third_party_when_the_customer_will_not_log_in() {
    let world = World::new().await;
    world.decide(json!({ "decision": "refuse" })).await;
    let endpoint = format!("{}/prestep/authorize", world.bank.web_url());
    let back = world.visit(&authorisation(&endpoint, "", &[("scope", "AIS")])).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "iss"), Some(format!("{}/prestep", world.bank.api_url())));
}

#[tokio::test]
async fn shows_a_page_for_the_login_alone() {
    let world = World::new().await;
    let endpoint = format!("{}/prestep/authorize", world.bank.web_url());
    let page = world.plain.get(authorisation(&endpoint, "", &[("scope", "AIS")])).send().await.unwrap();
    let html = page.text().await.unwrap();
    let visit = html.split("name=\"visit\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let submit = async |path: &str, further: &[(&str, &str)]| {
        let form: Vec<_> = [("visit", visit.as_str())].iter().chain(further).copied().collect();
        read(world.plain.post(world.bank.web_url().to_owned() + path).form(&form).send().await.unwrap()).await
    };
    let page = submit("/sca/login", &[("customer", "anna-schmidt"), ("password", "sandbox")]).await;
    assert!(page.body.as_str().unwrap().contains("id=\"approve\""), "{page:?}");
    let back = submit("/sca/decision", &[("decision", "approve")]).await;
    assert_eq!(redeemed(&world, &parameter(back.location(), "code").unwrap()).await.status, 200);
}
