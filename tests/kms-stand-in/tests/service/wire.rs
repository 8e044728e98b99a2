//! The interface of Cloud KMS.

use base64::{Engine, engine::general_purpose::STANDARD};
use kms_stand_in::{KmsStandIn, VersionState};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::client::{RING, call, crc, decrypt, encrypt, key};

#[tokio::test]
async fn encrypts_and_decrypts_with_checksums() {
    let kms = KmsStandIn::start().await.unwrap();
    let (status, sealed) = encrypt(&kms.url(), "tokens").await;
    assert_eq!(
        (status, &sealed["name"]),
        (StatusCode::OK, &json!(format!("{RING}/cryptoKeys/tokens/cryptoKeyVersions/1")))
    );
    let ciphertext = STANDARD.decode(sealed["ciphertext"].as_str().unwrap()).unwrap();
    assert_eq!(sealed["ciphertextCrc32c"], crc(&ciphertext));
    assert_eq!(sealed["verifiedPlaintextCrc32c"], true);
    assert_eq!(sealed["verifiedAdditionalAuthenticatedDataCrc32c"], false, "none was sent");
    let (status, opened) = decrypt(&kms.url(), "tokens", &sealed["ciphertext"]).await;
    assert_eq!((status, &opened["plaintext"]), (StatusCode::OK, &json!(STANDARD.encode("text"))));
    assert_eq!((&opened["plaintextCrc32c"], &opened["usedPrimary"]), (&json!(crc(b"text")), &json!(true)));
    let (status, refused) = decrypt(&kms.url(), "payloads", &sealed["ciphertext"]).await;
    assert_eq!((status, &refused["error"]["status"]), (StatusCode::BAD_REQUEST, &json!("INVALID_ARGUMENT")));
}

#[tokio::test]
async fn refuses_wrong_checksums_and_too_much() {
    let kms = KmsStandIn::start().await.unwrap();
    for body in [
        json!({ "plaintext": "AAAA", "plaintextCrc32c": "1" }),
        json!({ "plaintext": "AAAA", "additionalAuthenticatedDataCrc32c": "1" }),
        json!({ "plaintext": "not base64" }),
        json!({ "plaintext": STANDARD.encode(vec![0; 64 * 1024 + 1]) }),
    ] {
        let (status, answer) = call(&kms.url(), Method::POST, &key("tokens:encrypt"), Some(body)).await;
        assert_eq!((status, &answer["error"]["status"]), (StatusCode::BAD_REQUEST, &json!("INVALID_ARGUMENT")));
    }
    let (status, sealed) = encrypt(&kms.url(), "tokens").await;
    assert_eq!(status, StatusCode::OK);
    let body = json!({ "ciphertext": sealed["ciphertext"], "ciphertextCrc32c": "1" });
    let (status, _) = call(&kms.url(), Method::POST, &key("tokens:decrypt"), Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn says_why_a_version_cannot_be_used() {
    let kms = KmsStandIn::start().await.unwrap();
    let (_, sealed) = encrypt(&kms.url(), "tokens").await;
    kms.set_state("tokens", 1, VersionState::Disabled).unwrap();
    for (status, answer) in
        [encrypt(&kms.url(), "tokens").await, decrypt(&kms.url(), "tokens", &sealed["ciphertext"]).await]
    {
        assert_eq!((status, &answer["error"]["status"]), (StatusCode::BAD_REQUEST, &json!("FAILED_PRECONDITION")));
    }
    for path in ["other", "other/cryptoKeyVersions/1/publicKey", "signing/cryptoKeyVersions/9/publicKey"] {
        let (status, answer) = call(&kms.url(), Method::GET, &key(path), None).await;
        assert_eq!((status, &answer["error"]["status"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")), "{path}");
    }
    let (status, _) = encrypt(&kms.url(), "signing").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a key that signs does not encrypt");
}

#[tokio::test]
async fn describes_keys_and_versions_page_by_page() {
    let kms = KmsStandIn::start().await.unwrap();
    for _ in 0..4 {
        kms.rotate("signing").unwrap();
    }
    kms.set_state("signing", 2, VersionState::Disabled).unwrap();
    let list = async |query: &str| {
        call(&kms.url(), Method::GET, &key(&format!("signing/cryptoKeyVersions?{query}")), None).await.1
    };
    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let page = list(&format!("filter=state%3DENABLED&pageSize=2&pageToken={token}")).await;
        let versions = page["cryptoKeyVersions"].as_array().unwrap();
        assert!(versions.iter().all(|version| version["state"] == "ENABLED"));
        names.extend(
            versions.iter().map(|version| version["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()),
        );
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["1", "3", "4", "5"]);
    let numbers = list("$alt=json;enum-encoding=int").await;
    let second = &numbers["cryptoKeyVersions"][1];
    assert_eq!((&second["state"], &second["algorithm"]), (&json!(2), &json!(12)));
    let (_, described) = call(&kms.url(), Method::GET, &key("tokens"), None).await;
    assert_eq!((&described["purpose"], &described["primary"]["state"]), (&json!("ENCRYPT_DECRYPT"), &json!("ENABLED")));
}
