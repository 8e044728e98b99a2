//! Faults, versions and counters, in Rust and over HTTP.

use kms_stand_in::{Calls, Fault, KmsStandIn, VersionState};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{RING, call, decrypt, encrypt};

async fn control(kms: &KmsStandIn, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    call(&kms.url(), method, &format!("/control/{path}"), body).await
}

#[tokio::test]
async fn plays_faults_and_counts_calls() {
    let kms = KmsStandIn::start().await.unwrap();
    let fault = json!({ "kind": "status", "status": 503, "times": 2 });
    assert_eq!(control(&kms, Method::POST, "faults", Some(fault)).await.0, StatusCode::NO_CONTENT);
    let statuses =
        [encrypt(&kms.url(), "flow").await.0, encrypt(&kms.url(), "flow").await.0, encrypt(&kms.url(), "flow").await.0];
    assert_eq!(statuses.map(|status| status.as_u16()), [503, 503, 200]);
    assert_eq!(kms.calls(), Calls { encrypt: 3, ..Calls::default() });
    assert_eq!(control(&kms, Method::GET, "calls", None).await.1["encrypt"], 3);
    assert_eq!(control(&kms, Method::DELETE, "calls", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(kms.calls().total(), 0);
    kms.fault(Fault::WrongKeyName);
    let name = encrypt(&kms.url(), "flow").await.1["name"].as_str().unwrap().to_owned();
    assert_eq!(name, format!("{RING}/cryptoKeys/another/cryptoKeyVersions/1"));
    assert_eq!(control(&kms, Method::DELETE, "faults", None).await.0, StatusCode::NO_CONTENT);
    assert_ne!(encrypt(&kms.url(), "flow").await.1["name"], name);
    let (status, _) = control(&kms, Method::POST, "faults", Some(json!({ "kind": "other" }))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn rotates_disables_and_destroys() {
    let kms = KmsStandIn::start().await.unwrap();
    let (_, old) = encrypt(&kms.url(), "flow").await;
    let (status, made) = control(&kms, Method::POST, "keys/flow/versions", None).await;
    assert_eq!((status, made), (StatusCode::CREATED, json!({ "version": 2 })));
    assert!(encrypt(&kms.url(), "flow").await.1["name"].as_str().unwrap().ends_with("/2"));
    assert_eq!(decrypt(&kms.url(), "flow", &old["ciphertext"]).await.1["usedPrimary"], false);
    for (state, status) in [("DISABLED", 400), ("ENABLED", 200), ("DESTROYED", 400)] {
        let body = json!({ "state": state });
        assert_eq!(control(&kms, Method::PUT, "keys/flow/versions/1", Some(body)).await.0, StatusCode::NO_CONTENT);
        assert_eq!(decrypt(&kms.url(), "flow", &old["ciphertext"]).await.0.as_u16(), status, "{state}");
    }
    let (status, _) = control(&kms, Method::PUT, "keys/flow/versions/1", Some(json!({ "state": "ENABLED" }))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(kms.set_state("flow", 9, VersionState::Enabled).is_err());
    let rsa = json!({ "algorithm": "RSA_SIGN_PSS_2048_SHA256" });
    assert_eq!(control(&kms, Method::POST, "keys/flow/versions", Some(rsa.clone())).await.0, StatusCode::CONFLICT);
    assert_eq!(control(&kms, Method::POST, "keys/signing/versions", Some(rsa)).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn refuses_connections_while_it_is_stopped() {
    let kms = KmsStandIn::start().await.unwrap();
    let url = kms.url();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async || client.get(format!("{url}/control/calls")).send().await;
    get().await.unwrap();
    kms.stop().await;
    assert!(get().await.unwrap_err().is_connect());
    kms.stop().await;
    kms.resume().await.unwrap();
    kms.resume().await.unwrap();
    get().await.unwrap();
    kms.fault(Fault::HangUp);
    let path = crate::client::key("tokens");
    assert!(client.get(format!("{url}{path}")).send().await.is_err());
    kms.heal();
    assert!(client.get(format!("{url}{path}")).send().await.is_ok());
}
