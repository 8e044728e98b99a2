//! Plain HTTP calls.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub const RING: &str = "projects/local-hub/locations/europe-west3/keyRings/hub";

/// Status and body of an answer; a body that is no JSON is null.
pub async fn call(base: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method, format!("{base}{path}"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// The path of a key.
pub fn key(rest: &str) -> String {
    format!("/v1/{RING}/cryptoKeys/{rest}")
}

pub async fn encrypt(base: &str, key_name: &str) -> (StatusCode, Value) {
    let body = json!({ "plaintext": STANDARD.encode("text"), "plaintextCrc32c": crc(b"text") });
    call(base, Method::POST, &key(&format!("{key_name}:encrypt")), Some(body)).await
}

pub async fn decrypt(base: &str, key_name: &str, ciphertext: &Value) -> (StatusCode, Value) {
    call(base, Method::POST, &key(&format!("{key_name}:decrypt")), Some(json!({ "ciphertext": ciphertext }))).await
}

pub fn crc(data: &[u8]) -> String {
    crc32c::crc32c(data).to_string()
}
