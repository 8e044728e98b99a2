//! Authorisation requests, codes and tokens.

use reqwest::Method;
use serde_json::json;

use crate::tpp::{Access, Answer, CALLBACK, CLIENT, VERIFIER, World, authorisation, offer, parameter, read};

/// An approved consent's code.
async fn code(world: &World) -> String {
    let created = world.consent("oauth", offer()).await;
    world.decide(json!({ "decision": "approve" })).await;
    parameter(&world.visit(&world.sca_address(&created).await).await, "code").unwrap()
}

async fn rotate(world: &World, rotation: &str) {
    let changed = world.control(Method::POST, "/tokens", json!({ "rotation": rotation })).await;
    assert_eq!(changed.body["rotation"], rotation);
}

fn refresh_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["refresh_token"].as_str().unwrap().to_owned()
}

fn is_invalid_grant(answer: &Answer) -> bool {
    answer.status == 400 && answer.body["error"] == "invalid_grant" && answer.headers["cache-control"] == "no-store"
}

async fn works(world: &World, access: &Access, token: &str) -> bool {
    let access = Access { token: Some(token.to_owned()), ..access.clone() };
    world.attended(&access, "/accounts").await.status == 200
}

#[tokio::test]
async fn sends_the_browser_nowhere_unless_client_and_address_are_right() {
    let world = World::new().await;
    let created = world.consent("oauth", offer()).await;
    let consent = created.body["consentId"].as_str().unwrap();
    let endpoint = format!("{}/oauth/authorize", world.bank.web_url());
    for change in [
        ("client_id", "PSDDE-FAKENCA-OTHER2"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", ""),
        ("scope", "AIS:unknown"),
        ("scope", ""),
    ] {
        let address = authorisation(&endpoint, consent, &[change]);
        let answer = read(world.plain.get(address).send().await.unwrap()).await;
        assert_eq!(answer.status, 400, "{change:?}");
        assert!(!answer.headers.contains_key("location"));
    }
}

#[tokio::test]
async fn tells_the_client_about_its_other_mistakes() {
    let world = World::new().await;
    let created = world.consent("oauth", offer()).await;
    let consent = created.body["consentId"].as_str().unwrap();
    let endpoint = format!("{}/oauth/authorize", world.bank.web_url());
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
    ] {
        let back = world.visit(&authorisation(&endpoint, consent, &[change])).await;
        assert!(back.starts_with(CALLBACK));
        assert_eq!(parameter(&back, "error").as_deref(), Some(error));
        assert_eq!(parameter(&back, "state").as_deref(), Some("xyz"));
        assert_eq!(parameter(&back, "iss"), Some(format!("{}/oauth", world.bank.api_url())));
    }
}

#[tokio::test]
async fn authorises_a_consent_only_once() {
    let world = World::new().await;
    let created = world.consent("oauth", offer()).await;
    world.decide(json!({ "decision": "approve", "times": 2 })).await;
    let address = world.sca_address(&created).await;
    world.visit(&address).await;
    assert_eq!(parameter(&world.visit(&address).await, "error").as_deref(), Some("invalid_scope"));
}

#[tokio::test]
async fn gives_tokens_for_a_code_with_its_verifier() {
    let world = World::new().await;
    let answer = world.redeem(&code(&world).await).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert!(answer.body["scope"].as_str().unwrap().starts_with("AIS:"));
    assert!(answer.body["refresh_token"].is_string());
}

#[tokio::test]
async fn ends_everything_when_a_code_comes_twice() {
    let world = World::new().await;
    let created = world.consent("oauth", offer()).await;
    world.decide(json!({ "decision": "approve" })).await;
    let code = parameter(&world.visit(&world.sca_address(&created).await).await, "code").unwrap();
    let first = world.redeem(&code).await;
    let consent = created.body["consentId"].as_str().unwrap().to_owned();
    let access = Access { mood: "oauth", consent, token: None, refresh: None };
    let token = first.body["access_token"].as_str().unwrap();
    assert!(works(&world, &access, token).await);
    assert!(is_invalid_grant(&world.redeem(&code).await));
    assert!(!works(&world, &access, token).await);
    assert!(is_invalid_grant(&world.refresh(&refresh_token(&first)).await));
}

#[tokio::test]
async fn refuses_a_code_that_is_late_or_comes_with_the_wrong_things() {
    let world = World::new().await;
    let code = code(&world).await;
    let proper = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let changed =
        |name: &str, value: &'static str| proper.map(|(key, old)| (key, if key == name { value } else { old }));
    for (name, value, error) in [
        ("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "invalid_grant"),
        ("redirect_uri", "https://tpp.example/callback", "invalid_grant"),
        ("code", "made-up", "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("client_id", "", "invalid_request"),
        ("grant_type", "password", "unsupported_grant_type"),
    ] {
        let answer = world.token(&changed(name, value)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["error"]), (400, &json!(error)), "{name}={value}");
    }
    let answer = world.token(&changed("client_id", "PSDDE-FAKENCA-OTHER2")).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]), (401, &json!("invalid_client")));
    world.advance(60).await;
    assert!(is_invalid_grant(&world.redeem(&code).await));
}

#[tokio::test]
async fn takes_forms_only_at_the_token_endpoint() {
    let world = World::new().await;
    let request = world.tpp.post(format!("{}/oauth/token", world.bank.api_url())).json(&json!({ "client_id": CLIENT }));
    let answer = read(request.send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]), (400, &json!("invalid_request")));
    let twice = [("client_id", CLIENT), ("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
    assert_eq!(world.token(&twice).await.body["error"], "invalid_request");
}

#[tokio::test]
async fn keeps_one_refresh_token_without_rotation() {
    let world = World::new().await;
    rotate(&world, "none").await;
    let access = world.access("oauth").await;
    let token = access.refresh.clone().unwrap();
    for _ in 0..3 {
        let answer = world.refresh(&token).await;
        assert_eq!((answer.status.as_u16(), answer.body.get("refresh_token")), (200, None));
        assert!(works(&world, &access, answer.body["access_token"].as_str().unwrap()).await);
    }
}

#[tokio::test]
async fn takes_the_old_token_again_in_grace_until_the_new_one_was_used() {
    let world = World::new().await;
    rotate(&world, "grace").await;
    let first = world.access("oauth").await.refresh.unwrap();
    refresh_token(&world.refresh(&first).await);
    let second = refresh_token(&world.refresh(&first).await);
    let third = refresh_token(&world.refresh(&second).await);
    assert!(is_invalid_grant(&world.refresh(&first).await));
    refresh_token(&world.refresh(&third).await);
}

#[tokio::test]
async fn ends_the_family_when_an_old_token_comes_again() {
    let world = World::new().await;
    rotate(&world, "family").await;
    let access = world.access("oauth").await;
    let first = access.refresh.clone().unwrap();
    let winner = world.refresh(&first).await;
    let second = refresh_token(&winner);
    assert!(is_invalid_grant(&world.refresh(&first).await));
    assert!(is_invalid_grant(&world.refresh(&second).await));
    assert!(!works(&world, &access, winner.body["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn ends_the_family_when_two_refresh_at_once() {
    let world = World::new().await;
    rotate(&world, "family").await;
    let token = world.access("oauth").await.refresh.unwrap();
    let (one, other) = tokio::join!(world.refresh(&token), world.refresh(&token));
    let winner = if one.status == 200 { one } else { other };
    assert!(is_invalid_grant(&world.refresh(&refresh_token(&winner)).await));
}

#[tokio::test]
async fn revokes_tokens_and_says_so_even_if_it_never_knew_them() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let revoke = async |token: &str| {
        let url = format!("{}/oauth/revoke", world.bank.api_url());
        read(world.tpp.post(url).form(&[("client_id", CLIENT), ("token", token)]).send().await.unwrap()).await.status
    };
    assert_eq!(revoke("made-up").await, 200);
    let token = access.token.clone().unwrap();
    assert_eq!(revoke(&token).await, 200);
    assert!(!works(&world, &access, &token).await);
    let refresh = access.refresh.clone().unwrap();
    let renewed = world.refresh(&refresh).await;
    assert_eq!(revoke(&refresh_token(&renewed)).await, 200);
    assert!(!works(&world, &access, renewed.body["access_token"].as_str().unwrap()).await);
    assert!(is_invalid_grant(&world.refresh(&refresh).await));
}
