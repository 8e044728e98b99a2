//! For tests: a hub that answers by script and remembers what it was asked, beside the demo's own routes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::Value;
use shared::adapters::system::{SystemClock, SystemEntropy};
use tempfile::TempDir;
use url::Url;

use super::{Demo, SandboxAddresses};
use crate::local::{
    data_folder::DataFolder,
    issuer::{Issuer, IssuerName},
    listener,
    tokens::TokenSigner,
};

/// One call that reached the hub.
pub struct Seen {
    pub call: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, (StatusCode, Value)>>,
    seen: Mutex<Vec<Seen>>,
}

/// The demo CRM over HTTP, with a hub behind it that a test scripts.
pub struct FakeHub {
    pub origin: String,
    keys: JwkSet,
    script: Arc<Script>,
    _place: TempDir,
}

impl FakeHub {
    pub async fn start() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().to_owned());
        let (listener, port) = listener::listen(0).await.unwrap();
        let origin = format!("http://127.0.0.1:{port}");
        let issuer = Issuer::open_or_create(&folder, IssuerName::Demo).unwrap();
        let keys = issuer.key_set();
        let signer = TokenSigner::new(issuer, &origin);
        let hub = Url::parse(&origin).unwrap();
        let bank = SandboxAddresses { control: format!("{origin}/control"), web: "http://bank".to_owned() };
        let demo = Demo::new(&hub, bank, &folder, signer, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap();
        let script = Arc::new(Script::default());
        let router = demo.router().merge(Router::new().fallback(answer).with_state(script.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, keys, script, _place: place }
    }

    /// From now on the hub answers this call, such as `GET /v1/banks`, so.
    pub fn answers(&self, call: &str, status: u16, body: Value) {
        let status = StatusCode::from_u16(status).unwrap();
        self.script.answers.lock().unwrap().insert(call.to_owned(), (status, body));
    }

    /// The calls that have reached the hub since the last look.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.script.seen.lock().unwrap())
    }

    /// The claims of a token, if the demo CRM signed it for this hub.
    pub fn claims(&self, token: &str) -> Value {
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(self.keys.find(&kid).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[&self.origin]);
        validation.set_issuer(&[format!("{}/dev/issuers/demo", self.origin)]);
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn bearer(&self) -> &str {
        self.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let call = format!("{} {}", parts.method, parts.uri);
    let body = to_bytes(body, 100_000).await.unwrap();
    let answer = script.answers.lock().unwrap().get(&call).cloned();
    script.seen.lock().unwrap().push(Seen { call, headers: parts.headers, body });
    match answer {
        Some((status, body)) => (status, Json(body)).into_response(),
        None => StatusCode::IM_A_TEAPOT.into_response(),
    }
}
