//! An issuer of tokens whose key anybody can compute, so that claims are reached behind a good signature.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};
use url::Url;

use super::NOW;
use crate::{
    domain::{
        code_hash::sha256,
        ids::TenantId,
        tenant::{Identity, Tenant, TenantRole, TokenAlgorithm},
    },
    http::access::Gate,
    ports::key_sets::{KeySetError, KeySets},
    testing::clock::ManualClock,
};

/// The issuer's own name, and the audience of its tokens.
const ISSUER: &str = "https://crm.example";
const AUDIENCE: &str = "https://hub.example";

const KEY_ID: &str = "key-1";

/// A gate that knows the issuer's tenant, has its keys at hand and remembers no token. Its clock stands still at
/// 2026-01-01T00:00:00Z.
pub fn gate() -> Gate {
    gate_of(vec![tenant()])
}

/// The same for these tenants of the issuer's.
pub fn gate_of(tenants: Vec<Tenant>) -> Gate {
    let keys = serde_json::from_value(json!({ "keys": [jwk()] })).unwrap();
    Gate::new(tenants, AUDIENCE, Arc::new(AtHand(Arc::new(keys))), Arc::new(ManualClock::at(NOW)))
}

/// The tenant whose tokens the issuer signs.
pub fn tenant() -> Tenant {
    Tenant {
        id: TenantId::parse("acme").unwrap(),
        issuer: ISSUER.to_owned(),
        identity: Identity::default(),
        jwks_url: "https://crm.example/jwks.json".parse().unwrap(),
        algorithms: vec![TokenAlgorithm::Es256],
        client_certificates: BTreeSet::new(),
        return_urls: Vec::new(),
        role: TenantRole::Crm,
        webhook: None,
    }
}

/// A token of that type with these bytes as its claims, whatever they are, and a good signature.
pub fn sign(typ: &str, claims: &[u8]) -> String {
    let header = json!({"alg": "ES256", "typ": typ, "kid": KEY_ID}).to_string();
    let parts = [header.as_bytes(), claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = parts.join(".");
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private_key(), &public_key()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A key that anybody can compute.
fn private_key() -> [u8; 32] {
    sha256(b"the issuer of fuzzed tokens")
}

fn public_key() -> Vec<u8> {
    let private = PrivateKey::from_private_key(&ECDH_P256, &private_key()).unwrap();
    private.compute_public_key().unwrap().as_ref().to_vec()
}

fn jwk() -> Value {
    let point = public_key();
    let (x, y) = point[1..].split_at(32);
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "kid": KEY_ID, "use": "sig", "alg": "ES256", "x": text(x), "y": text(y)})
}

/// A key set that needs no network.
struct AtHand(Arc<JwkSet>);

#[async_trait]
impl KeySets for AtHand {
    async fn find(&self, _: &Url, _: Option<&str>) -> Result<Arc<JwkSet>, KeySetError> {
        Ok(Arc::clone(&self.0))
    }
}
