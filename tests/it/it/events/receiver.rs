//! A CRM's receiver of events, which a test has in its hand.

use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use it::bench::Bench;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// Whom the events are for.
pub const AUDIENCE: &str = "https://crm.example/events";

/// What an event's URI begins with.
const URI: &str = "urn:secure-hub:event:";

/// A receiver on a port of its own.
#[derive(Clone)]
pub struct Receiver {
    url: String,
    desk: Arc<Desk>,
}

struct Desk {
    came: Mutex<Vec<String>>,
    /// Told once for each that came.
    arrivals: Semaphore,
    /// What is answered to the next ones; then they are taken.
    answers: Mutex<VecDeque<(u16, &'static str)>>,
    /// Whether everything is answered with a failure.
    is_down: Mutex<bool>,
    /// What failures say of when to come again.
    retry_after: Mutex<Option<&'static str>>,
    /// Answers leave only with a permit.
    gate: Semaphore,
}

impl Receiver {
    pub async fn start() -> Self {
        let desk = Arc::new(Desk {
            came: Mutex::default(),
            arrivals: Semaphore::new(0),
            answers: Mutex::default(),
            is_down: Mutex::new(false),
            retry_after: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let router = Router::new().route("/events", post(take)).with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk }
    }

    /// The lines of a tenant's document that has this receiver.
    pub fn webhook(&self) -> String {
        format!("\n[webhook]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\n", self.url)
    }

    /// The next ones are answered so.
    pub fn answers(&self, answers: &[(u16, &'static str)]) {
        self.desk.answers.lock().unwrap().extend(answers);
    }

    /// From now on everything fails, or nothing does.
    pub fn is_down(&self, is_down: bool) {
        *self.desk.is_down.lock().unwrap() = is_down;
    }

    /// From now on failures say when to come again.
    pub fn asks_to_wait(&self, retry_after: &'static str) {
        *self.desk.retry_after.lock().unwrap() = Some(retry_after);
    }

    /// From now on no answer leaves until [`Self::let_go`].
    pub fn hold(&self) {
        self.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn let_go(&self) {
        self.desk.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Waits until one more has come.
    pub async fn next_has_come(&self) {
        self.desk.arrivals.acquire().await.unwrap().forget();
    }

    /// Every token that came, as it came.
    pub fn tokens(&self) -> Vec<String> {
        self.desk.came.lock().unwrap().clone()
    }

    /// Every event that came, verified as a CRM would, the earliest first.
    pub async fn events(&self, bench: &Bench) -> Vec<Told> {
        let keys = bench.crm().bare(http::Method::GET, "/.well-known/jwks.json", &[]).await.body;
        let keys: JwkSet = serde_json::from_value(keys).unwrap();
        self.tokens().iter().map(|token| Told::verified(token, &keys, &bench.url)).collect()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: String) -> (StatusCode, HeaderMap, String) {
    assert_eq!(headers["content-type"], "application/secevent+jwt");
    desk.came.lock().unwrap().push(body);
    desk.arrivals.add_permits(1);
    drop(desk.gate.acquire().await.unwrap());
    if *desk.is_down.lock().unwrap() {
        let wait = desk.retry_after.lock().unwrap().map(|wait| (http::header::RETRY_AFTER, wait.parse().unwrap()));
        return (StatusCode::SERVICE_UNAVAILABLE, wait.into_iter().collect(), String::new());
    }
    let (status, text) = desk.answers.lock().unwrap().pop_front().unwrap_or((202, ""));
    (StatusCode::from_u16(status).unwrap(), HeaderMap::new(), text.to_owned())
}

/// One event, verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub kind: String,
    pub session: String,
    pub id: String,
    pub issued_at: i64,
    pub says: Value,
}

impl Told {
    fn verified(token: &str, keys: &JwkSet, hub: &str) -> Self {
        let Header { typ, kid, alg, .. } = decode_header(token).unwrap();
        assert_eq!((typ.as_deref(), alg), (Some("secevent+jwt"), Algorithm::ES256));
        let key = DecodingKey::from_jwk(keys.find(&kid.unwrap()).unwrap()).unwrap();
        let mut wanted = Validation::new(alg);
        wanted.set_issuer(&[hub]);
        wanted.set_audience(&[AUDIENCE]);
        wanted.set_required_spec_claims(&["iss", "aud"]);
        wanted.validate_exp = false;
        let claims: Value = decode(token, &key, &wanted).unwrap().claims;
        let events = claims["events"].as_object().unwrap();
        assert_eq!(events.len(), 1, "{claims}");
        let (uri, says) = events.iter().next().unwrap();
        assert_eq!(claims["sub_id"]["format"], "opaque");
        Self {
            kind: uri.strip_prefix(URI).unwrap().to_owned(),
            session: claims["sub_id"]["id"].as_str().unwrap().to_owned(),
            id: claims["jti"].as_str().unwrap().to_owned(),
            issued_at: claims["iat"].as_i64().unwrap(),
            says: says.clone(),
        }
    }

    /// Its number and kind.
    pub fn brief(&self) -> (u64, &str) {
        (self.says["number"].as_u64().unwrap(), &self.kind)
    }
}

/// Numbers and kinds.
pub fn briefs(told: &[Told]) -> Vec<(u64, &str)> {
    told.iter().map(Told::brief).collect()
}

/// Everything that a token says, in clear.
pub fn opened(token: &str) -> String {
    let part = |text: &str| String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(text).unwrap()).into_owned();
    token.split('.').map(part).collect::<Vec<_>>().join(" ")
}

/// The summary of a run that did nothing else.
pub fn delivered(count: u64) -> Value {
    json!({"delivered": count, "failed": 0, "given_up": 0, "stalled": [], "unfinished": false})
}
