//! The tenants' token issuers: a key each, published over HTTP.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::Ipv4Addr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Json, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::RETURN_URL;

/// The issuers of `acme`, `other` and `scheduler`.
pub struct Issuers {
    url: String,
    keys: BTreeMap<&'static str, EncodingKey>,
    /// How often each one's key set was read.
    reads: BTreeMap<&'static str, Arc<AtomicU64>>,
}

const TENANTS: [(&str, &str); 3] = [("acme", "crm"), ("other", "crm"), ("scheduler", "scheduler")];

impl Issuers {
    pub async fn start() -> Self {
        let pairs = TENANTS.map(|(tenant, _)| (tenant, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()));
        let (mut router, mut reads) = (Router::new(), BTreeMap::new());
        for (tenant, pair) in &pairs {
            let (set, count) = (json!({"keys": [jwk(pair)]}), Arc::new(AtomicU64::new(0)));
            reads.insert(*tenant, Arc::clone(&count));
            let answer = move || async move {
                count.fetch_add(1, Ordering::Relaxed);
                Json(set)
            };
            router = router.route(&format!("/{tenant}/jwks.json"), get(answer));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let key = |pair: &KeyPair| EncodingKey::from_ec_der(pair.serialized_der());
        Self { url, keys: pairs.iter().map(|(tenant, pair)| (*tenant, key(pair))).collect(), reads }
    }

    pub fn write_documents(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        for (tenant, role) in TENANTS {
            let document = format!(
                r#"
                id = "{tenant}"
                issuer = "{url}/{tenant}"
                jwks_url = "{url}/{tenant}/jwks.json"
                algorithms = ["ES256"]
                return_urls = ["{RETURN_URL}"]
                role = "{role}"
                "#,
                url = self.url
            );
            fs::write(folder.join(format!("{tenant}.toml")), document).unwrap();
        }
    }

    /// Adds lines to the end of a tenant's document.
    pub fn add_lines(folder: &Path, tenant: &str, lines: &str) {
        let document = fs::OpenOptions::new().append(true).open(folder.join(format!("{tenant}.toml")));
        document.unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// How often the tenant's key set was read so far.
    pub fn reads(&self, tenant: &str) -> u64 {
        self.reads[tenant].load(Ordering::Relaxed)
    }

    pub fn issuer(&self, tenant: &str) -> String {
        format!("{}/{tenant}", self.url)
    }

    pub fn sign(&self, tenant: &str, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.keys[tenant]).unwrap()
    }
}

/// The header of an ordinary token.
pub fn header() -> Header {
    Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::ES256) }
}

fn jwk(pair: &KeyPair) -> Value {
    let point = pair.der_bytes();
    let (x, y) = point[1..].split_at(32);
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "kid": "key-1", "use": "sig", "alg": "ES256", "x": text(x), "y": text(y)})
}
