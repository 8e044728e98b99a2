//! Doors for accounts with some rights.

use std::collections::BTreeSet;

use kms_stand_in::{KmsStandIn, Permission};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::client::{call, decrypt, encrypt, key};

#[tokio::test]
async fn an_account_gets_what_it_has_a_right_to_and_nothing_else() {
    let kms = KmsStandIn::start().await.unwrap();
    let right = ("tokens".to_owned(), Permission::Encrypt);
    let door = kms.door([right.clone()].into()).await.unwrap();
    let (status, sealed) = encrypt(&door.url(), "tokens").await;
    assert_eq!(status, StatusCode::OK);
    let (status, refused) = decrypt(&door.url(), "tokens", &sealed["ciphertext"]).await;
    assert_eq!((status, &refused["error"]["status"]), (StatusCode::FORBIDDEN, &json!("PERMISSION_DENIED")));
    assert_eq!(encrypt(&door.url(), "payloads").await.0, StatusCode::FORBIDDEN);
    assert_eq!(decrypt(&kms.url(), "tokens", &sealed["ciphertext"]).await.0, StatusCode::OK, "the same keys");
    assert_eq!(door.used(), [right].into());
    let refused = [("tokens".to_owned(), Permission::Decrypt), ("payloads".to_owned(), Permission::Encrypt)];
    assert_eq!(door.refused(), BTreeSet::from(refused));
}

#[tokio::test]
async fn what_tests_may_ask_no_account_may() {
    let kms = KmsStandIn::start().await.unwrap();
    let door = kms.door(BTreeSet::new()).await.unwrap();
    assert_eq!(call(&door.url(), Method::GET, "/control/calls", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call(&door.url(), Method::GET, &key("tokens"), None).await.0, StatusCode::FORBIDDEN);
}
