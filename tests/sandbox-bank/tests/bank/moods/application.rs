//! Consents for applications, and OAuth 2 in a dialect.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use url::Url;

use crate::tpp::{Answer, CALLBACK, CLIENT, World, offer, order, parameter, read};

const TOKEN: &str = "application/token?role=DEDICATED_AISP";

async fn application_token(world: &World) -> String {
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT), ("scope", "AISP-app")];
    let answer = world.token_at(TOKEN, &form).await;
    assert_eq!((answer.status.as_u16(), &answer.body["scope"]), (200, &json!("AISP-app")));
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn consent(world: &World, application: &str) -> Answer {
    let request = world.asking("application", &order(offer())).bearer_auth(application);
    let created = read(request.send().await.unwrap()).await;
    assert_eq!(created.status, 201, "{created:?}");
    created
}

fn request(world: &World, created: &Answer, further: &[(&str, &str)]) -> String {
    let link = created.body["_links"]["scaOAuth"]["href"].as_str().unwrap();
    let endpoint = Url::parse(world.bank.web_url()).unwrap().join(link).unwrap();
    let scope = format!("AIS:{}", created.body["consentId"].as_str().unwrap());
    let parameters =
        [("responseType", "code"), ("clientId", CLIENT), ("scope", &scope), ("redirect_uri", CALLBACK), ("state", "1")];
    Url::parse_with_params(endpoint.as_str(), parameters.iter().chain(further)).unwrap().into()
}

fn data(world: &World, consent: &str) -> RequestBuilder {
    world.api(Method::GET, "/application/v1/accounts").header("Consent-ID", consent)
}

#[tokio::test]
async fn keeps_consents_for_applications() {
    let world = World::new().await;
    let token = application_token(&world).await;
    let created = consent(&world, &token).await;
    let path = format!("/application/v1/consents/{}", created.body["consentId"].as_str().unwrap());
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::GET, format!("{path}/status")),
        (Method::GET, format!("{path}/authorisations")),
        (Method::DELETE, path.clone()),
    ] {
        let refused = read(world.api(method.clone(), &path).send().await.unwrap()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"), "{path}");
        let let_in = world.api(method, &path).bearer_auth(&token).send().await.unwrap();
        assert!(let_in.status().is_success(), "{path}");
    }
    let refused = read(world.asking("application", &order(offer())).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"));
}

#[tokio::test]
async fn leads_to_data_in_its_dialect() {
    let world = World::new().await;
    let created = consent(&world, &application_token(&world).await).await;
    assert_eq!(created.body["_links"]["scaOAuth"]["href"], "/application/authorize");
    world.decide(json!({ "decision": "approve" })).await;
    let back = world.visit(&request(&world, &created, &[("bic", "SANDXXXX")])).await;
    let code = parameter(&back, "code").unwrap();
    let form =
        [("grant_type", "authorization_code"), ("client_id", CLIENT), ("code", &code), ("redirect_uri", CALLBACK)];
    let refused = world.token_at("application/token", &form).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (400, &json!("invalid_request")));
    let tokens = world.token_at(TOKEN, &form).await;
    let token = format!("Bearer {}", tokens.body["access_token"].as_str().unwrap());

    let consent = created.body["consentId"].as_str().unwrap();
    let refused = read(data(&world, consent).header("Authorization", &token).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_UNKNOWN"));
    let list = read(data(&world, consent).header("PSD2-AUTHORIZATION", &token).send().await.unwrap()).await;
    assert_eq!(list.body["accounts"].as_array().unwrap().len(), 2);
    assert!(world.last_entry().token_sha256.is_some());
}

#[tokio::test]
async fn wants_the_further_parameter() {
    let world = World::new().await;
    let created = consent(&world, &application_token(&world).await).await;
    let back = world.visit(&request(&world, &created, &[])).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn gives_applications_their_scope_only() {
    let world = World::new().await;
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT), ("scope", "AIS")];
    assert_eq!(world.token_at(TOKEN, &form).await.body["error"], "invalid_scope");
    assert_eq!(world.token_at("oauth/token", &form).await.body["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn wants_headers_about_the_customer_all_or_not_at_all() {
    let world = World::new().await;
    let token = application_token(&world).await;
    let named = world.asking("application", &order(offer())).bearer_auth(&token).header("PSU-ID", "anna-schmidt");
    let refused = read(named.send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));
    for (header, value) in [("PSU-IP-Address", "192.0.2.7"), ("PSU-User-Agent", "Browser")] {
        let refused = read(data(&world, "c1").header(header, value).send().await.unwrap()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"), "{header}");
    }
    let whole = data(&world, "c1").header("PSU-IP-Address", "192.0.2.7").header("PSU-User-Agent", "Browser");
    assert_eq!(read(whole.send().await.unwrap()).await.code(), "TOKEN_UNKNOWN");
}
