//! No consents: the customer's token alone opens the data.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::tpp::{Answer, CALLBACK, CLIENT, World, parameter, read};

const SCOPE: &str = "payment-accounts:balances:view payment-accounts:transactions:view";

/// A world in which nobody looks at signatures.
async fn world() -> World {
    let world = World::new().await;
    world.control(Method::POST, "/policy", json!({ "signatures": { "token": "ignored" } })).await;
    world
}

async fn application_token(world: &World) -> String {
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT)];
    let answer = world.token_at("token/token", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body["refresh_token"].is_null());
    answer.body["access_token"].as_str().unwrap().to_owned()
}

fn asking(world: &World, redirect_uri: &str, scope: &str) -> RequestBuilder {
    world
        .api(Method::GET, "/token/oauth/authorization-server-url")
        .query(&[("redirect_uri", redirect_uri), ("scope", scope)])
}

/// Where the customer goes, or why there is no such place.
async fn address(world: &World) -> Answer {
    read(asking(world, CALLBACK, SCOPE).bearer_auth(application_token(world).await).send().await.unwrap()).await
}

fn request(endpoint: &str) -> String {
    let parameters = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", SCOPE),
        ("redirect_uri", CALLBACK),
        ("state", "xyz"),
    ];
    Url::parse_with_params(endpoint, parameters).unwrap().into()
}

async fn tokens(world: &World, script: Value) -> Answer {
    let location = address(world).await.body["location"].as_str().unwrap().to_owned();
    world.decide(script).await;
    let back = world.visit(&request(&location)).await;
    let code = parameter(&back, "code").unwrap();
    let form =
        [("grant_type", "authorization_code"), ("client_id", CLIENT), ("code", &code), ("redirect_uri", CALLBACK)];
    world.token_at("token/token", &form).await
}

fn data(world: &World, token: &str, path: &str) -> RequestBuilder {
    world.api(Method::GET, &format!("/token/v1{path}")).header("PSU-IP-Address", "192.0.2.7").bearer_auth(token)
}

#[tokio::test]
async fn leads_from_an_application_token_to_data() {
    let world = world().await;
    let iban = world.iban(0, 1).await;
    let script = json!({ "decision": "approve", "customer": "anna-schmidt", "accounts": [iban] });
    let tokens = tokens(&world, script).await;
    assert_eq!((&tokens.body["scope"], tokens.body["refresh_token"].is_string()), (&json!(SCOPE), true));
    let token = tokens.body["access_token"].as_str().unwrap();
    let list = read(data(&world, token, "/accounts").send().await.unwrap()).await;
    let accounts = list.body["accounts"].as_array().unwrap();
    assert_eq!((accounts.len(), &accounts[0]["iban"]), (1, &json!(iban)));
    let id = accounts[0]["resourceId"].as_str().unwrap();
    assert_eq!(data(&world, token, &format!("/accounts/{id}/balances")).send().await.unwrap().status(), 200);

    let refused = read(data(&world, token, "/accounts").header("Consent-ID", "c1").send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));
}

#[tokio::test]
async fn keeps_one_customers_tokens_apart_and_ends_them_with_the_access() {
    let world = world().await;
    let script = json!({ "decision": "approve" });
    let (first, second) = (tokens(&world, script.clone()).await, tokens(&world, script).await);
    let token = |answer: &Answer| answer.body["access_token"].as_str().unwrap().to_owned();
    for one in [&first, &second] {
        assert_eq!(data(&world, &token(one), "/accounts").send().await.unwrap().status(), 200);
    }
    let consents = world.control(Method::GET, "/consents", Value::Null).await.body;
    for consent in consents["consents"].as_array().unwrap() {
        let path = format!("/consents/{}/revoke", consent["id"].as_str().unwrap());
        assert_eq!(world.control(Method::POST, &path, Value::Null).await.status, 200);
    }
    let refused = read(data(&world, &token(&first), "/accounts").send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_INVALID"));
    let refresh = second.body["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh)];
    assert_eq!(world.token_at("token/token", &form).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn has_no_consents() {
    let world = world().await;
    let refused = read(world.asking("token", &json!({})).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (405, "SERVICE_INVALID"));
    assert_eq!(world.get("/token/v1/consents/c1/status").await.status, 404);
}

#[tokio::test]
async fn tells_only_applications_where_customers_go() {
    let world = world().await;
    let refused = read(asking(&world, CALLBACK, SCOPE).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"));
    let tokens = tokens(&world, json!({ "decision": "approve" })).await;
    let customers = tokens.body["access_token"].as_str().unwrap();
    let refused = read(asking(&world, CALLBACK, SCOPE).bearer_auth(customers).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_INVALID"));
    let application = application_token(&world).await;
    for (uri, scope) in [(CALLBACK, "everything"), ("tpp", SCOPE), ("javascript:alert(1)", SCOPE)] {
        let refused = read(asking(&world, uri, scope).bearer_auth(&application).send().await.unwrap()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));
    }
    let refused = read(data(&world, &application, "/accounts").send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_INVALID"));
}

#[tokio::test]
async fn sends_customers_back_to_announced_addresses_only() {
    let world = world().await;
    let endpoint = format!("{}/token/authorize", world.bank.web_url());
    assert_eq!(world.plain.get(request(&endpoint)).send().await.unwrap().status(), 400);
    assert_eq!(address(&world).await.body["location"], endpoint);
    assert_eq!(world.plain.get(request(&endpoint)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn names_the_calls_in_the_journal() {
    let world = world().await;
    address(&world).await;
    let named: Vec<_> = world.bank.journal().iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(named, ["application_token", "authorization_url"]);
}
