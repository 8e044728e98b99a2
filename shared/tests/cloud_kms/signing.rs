//! The hub's signatures: checked by a JOSE library with nothing but the published keys.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Jose, DecodingKey, Validation, jwk::JwkSet as Verifier};
use kms_stand_in::{Algorithm, Fault, VersionState};
use serde_json::{Value, json};
use shared::{
    adapters::cloud_kms::CloudKmsLimits,
    ports::keys::{KeyError, PublicKey, Signer},
    protocol::jwk::JwkSet,
};

use crate::bench::{Bench, limits};

/// A JWS over these claims, made as the hub makes them.
async fn token(signer: &dyn Signer, key: &PublicKey, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": key.numbers.algorithm(), "kid": key.key_id });
    let input = format!("{}.{}", part(&header), part(claims));
    let signature = signer.sign(&key.key_id, input.as_bytes()).await.unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims, if the set has the key and the signature is right.
fn verified(set: &Value, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let set: Verifier = serde_json::from_value(set.clone()).unwrap();
    let header = jsonwebtoken::decode_header(token)?;
    let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, &validation)?;
    Ok(decoded.claims)
}

#[tokio::test]
async fn others_verify_es256_and_ps256_with_the_published_keys() {
    let bench = Bench::start().await;
    bench.service.rotate_to("signing", Algorithm::RsaSignPss2048Sha256).unwrap();
    let keys = bench.keys.public_keys().await.unwrap();
    let set = serde_json::to_value(JwkSet::from(&*keys)).unwrap();
    let claims = json!({ "sub": "customer-7" });
    for (key, algorithm) in keys.iter().zip([Jose::PS256, Jose::ES256]) {
        let token = token(&*bench.keys, key, &claims).await;
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, algorithm);
        assert_eq!(verified(&set, &token).unwrap(), claims);
        let parts: Vec<&str> = token.split('.').collect();
        let others = URL_SAFE_NO_PAD.encode(json!({ "sub": "customer-8" }).to_string());
        let altered = format!("{}.{others}.{}", parts[0], parts[2]);
        assert!(verified(&set, &altered).is_err(), "verifies for other claims");
    }
}

#[tokio::test]
async fn publishes_enabled_versions_newest_first() {
    let bench = Bench::start().await;
    let names = async || {
        let keys = bench.keys.public_keys().await.unwrap();
        keys.into_iter().map(|key| key.key_id).collect::<Vec<_>>()
    };
    let first = names().await;
    bench.service.rotate("signing").unwrap();
    let both = names().await;
    assert_eq!((both.len(), &both[1..]), (2, &first[..]));
    bench.service.rotate_to("signing", Algorithm::RsaSignPkcs12048Sha256).unwrap();
    assert_eq!(names().await, both, "an algorithm that the hub does not use");
    bench.service.set_state("signing", 2, VersionState::Disabled).unwrap();
    assert_eq!(names().await, first);
    bench.service.set_state("signing", 1, VersionState::Destroyed).unwrap();
    let outcome = bench.keys.public_keys().await;
    assert!(matches!(outcome, Err(KeyError::VersionUnavailable)), "{outcome:?}");
}

#[tokio::test]
async fn orders_versions_by_number_and_publishes_so_many() {
    let bench = Bench::start().await;
    for _ in 0..11 {
        bench.service.rotate("signing").unwrap();
    }
    let keys = bench.keys.public_keys().await.unwrap();
    assert_eq!(keys.len(), 10);
    for number in 2..=11 {
        bench.service.set_state("signing", number, VersionState::Disabled).unwrap();
    }
    let left = bench.keys.public_keys().await.unwrap();
    assert_eq!((left.len(), &left[0]), (2, &keys[0]), "version 12 comes before 1 and 9");
}

#[tokio::test]
async fn asks_for_public_keys_once_in_a_while() {
    let bench = Bench::with(CloudKmsLimits { public_keys_for: Duration::from_hours(1), ..limits() }).await;
    for _ in 0..50 {
        let keys = bench.keys.public_keys().await.unwrap();
        bench.keys.sign(&keys[0].key_id, b"message").await.unwrap();
    }
    let calls = bench.service.calls();
    assert_eq!((calls.list, calls.get_public_key, calls.asymmetric_sign), (1, 1, 50));
}

#[tokio::test]
async fn a_key_that_was_disabled_signs_no_more_and_is_forgotten() {
    let bench = Bench::with(CloudKmsLimits { public_keys_for: Duration::from_hours(1), ..limits() }).await;
    bench.service.rotate("signing").unwrap();
    let keys = bench.keys.public_keys().await.unwrap();
    bench.service.set_state("signing", 2, VersionState::Disabled).unwrap();
    let outcome = bench.keys.sign(&keys[0].key_id, b"message").await;
    assert!(matches!(outcome, Err(KeyError::VersionUnavailable)), "{outcome:?}");
    assert_eq!(bench.keys.public_keys().await.unwrap(), keys[1..]);
}

#[tokio::test]
async fn believes_no_wrong_answer_about_signatures_or_keys() {
    let bench = Bench::with(CloudKmsLimits { public_keys_for: Duration::from_hours(1), ..limits() }).await;
    for fault in [Fault::WrongCrc, Fault::WrongKeyName, Fault::Misshapen, Fault::UNAVAILABLE] {
        bench.service.fault(fault);
        let outcome = bench.keys.public_keys().await;
        assert!(matches!(outcome, Err(KeyError::Unavailable(_) | KeyError::VersionUnavailable)), "{fault:?}");
    }
    bench.service.heal();
    let key = bench.keys.public_keys().await.unwrap().remove(0);
    for fault in [Fault::WrongCrc, Fault::WrongKeyName, Fault::UnverifiedCrc, Fault::Misshapen, Fault::UNAVAILABLE] {
        bench.service.fault(fault);
        let outcome = bench.keys.sign(&key.key_id, b"message").await;
        assert!(matches!(outcome, Err(KeyError::Unavailable(_))), "{fault:?}: {outcome:?}");
        bench.service.fault_times(fault, if fault == Fault::Misshapen { 0 } else { 2 });
        assert!(bench.keys.sign(&key.key_id, b"message").await.is_ok(), "{fault:?}");
    }
}
