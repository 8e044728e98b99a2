//! Which moods want requests signed, and what happens to unsigned ones. How signatures are judged is
//! tested beside the code.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::{World, offer, order, read};

async fn policy(world: &World, signatures: Value) {
    let changed = world.control(Method::POST, "/policy", json!({ "signatures": signatures })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
}

async fn asked(world: &World, mood: &str, headers: &[(&str, &str)]) -> (u16, String, Option<String>) {
    let request = world.asking(mood, &order(offer()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = read(request.send().await.unwrap()).await;
    (answer.status.as_u16(), answer.code().to_owned(), world.last_entry().signature)
}

const WRONG: [(&str, &str); 2] = [("Signature", "keyId=\"1\""), ("TPP-Signature-Certificate", "AAAA")];

#[tokio::test]
async fn wants_signatures_in_two_moods_from_the_beginning() {
    let world = World::new().await;
    for mood in ["explicit", "token"] {
        let missing = (401, "SIGNATURE_MISSING".to_owned(), Some("missing".to_owned()));
        assert_eq!(asked(&world, mood, &[]).await, missing);
    }
    for mood in ["oauth", "redirect"] {
        assert_eq!(asked(&world, mood, &WRONG).await, (201, String::new(), Some("ignored".to_owned())));
    }
}

#[tokio::test]
async fn looks_at_signatures_as_the_policy_says() {
    let world = World::new().await;
    policy(&world, json!({ "redirect": "checked", "oauth": "required", "explicit": "ignored" })).await;
    let wrong = (401, "CERTIFICATE_INVALID".to_owned(), Some("refused:certificate malformed".to_owned()));
    assert_eq!(asked(&world, "redirect", &WRONG).await, wrong);
    assert_eq!(asked(&world, "oauth", &WRONG).await, wrong);
    assert_eq!(asked(&world, "redirect", &[]).await, (201, String::new(), Some("missing".to_owned())));
    assert_eq!(asked(&world, "oauth", &[]).await.1, "SIGNATURE_MISSING");
    assert_eq!(asked(&world, "explicit", &WRONG).await.0, 201);
}

#[tokio::test]
async fn leaves_token_endpoints_to_the_certificate() {
    let world = World::new().await;
    policy(&world, json!({ "oauth": "required" })).await;
    assert_eq!(world.token(&[]).await.body["error"], "invalid_request");
    assert_eq!(world.last_entry().signature.as_deref(), Some("missing"));
    world.get("/oauth/.well-known/oauth-authorization-server").await;
    assert_eq!((world.last_entry().status, world.last_entry().signature.as_deref()), (Some(200), Some("ignored")));
}

#[tokio::test]
async fn does_nothing_for_an_unsigned_request() {
    let world = World::new().await;
    asked(&world, "explicit", &[]).await;
    assert_eq!(world.control(Method::GET, "/consents", Value::Null).await.body["consents"], json!([]));
}
