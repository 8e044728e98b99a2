//! The adapter `JwksClient` against sources on this machine: the conformance suite of the port, and what is the
//! adapter's own.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body, response::Response, routing::get};
use jiff::Timestamp;
use shared::{
    adapters::{jwks_client::JwksClient, web_client::WebLimits},
    ports::key_sets::{KeySetError, KeySets},
    testing::{clock::ManualClock, key_sets},
};
use tokio::{net::TcpListener, sync::Semaphore};
use url::Url;

/// A source of keys over HTTP, and how often it was asked.
#[derive(Clone)]
struct Source {
    url: Url,
    answer: Arc<Mutex<Answer>>,
    calls: Arc<AtomicUsize>,
    /// Each answer waits for a permit.
    gate: Arc<Semaphore>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

impl From<key_sets::Answer> for Answer {
    fn from(answer: key_sets::Answer) -> Self {
        match answer {
            key_sets::Answer::Text(body) => Self { status: 200, headers: Vec::new(), body },
            key_sets::Answer::Broken => Self { status: 500, ..keys() },
        }
    }
}

/// A set with the key `a`.
fn keys() -> Answer {
    key_sets::Answer::keys(&["a"]).into()
}

impl Source {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap()).parse().unwrap();
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let source = Self { url, answer: Arc::new(Mutex::new(answer)), calls: Arc::default(), gate };
        let (this, elsewhere) = (source.clone(), source.clone());
        let router = Router::new()
            .route("/keys", get(move || async move { this.respond().await }))
            .route("/elsewhere", get(move || async move { elsewhere.respond().await }));
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        source
    }

    async fn respond(&self) -> Response {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        let answer = self.answer.lock().unwrap().clone();
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(answer.body)).unwrap()
    }
}

impl key_sets::Source for Source {
    fn url(&self) -> Url {
        self.url.clone()
    }

    fn now_answers(&self, answer: key_sets::Answer) {
        *self.answer.lock().unwrap() = answer.into();
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn hold(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn release(&self) {
        self.gate.add_permits(1_000);
    }
}

struct LocalBench;

#[async_trait]
impl key_sets::Bench for LocalBench {
    fn finder(&self, clock: Arc<ManualClock>) -> Arc<dyn KeySets> {
        Arc::new(JwksClient::new(clock, WebLimits::default()).unwrap())
    }

    async fn start(&self, answer: key_sets::Answer) -> Arc<dyn key_sets::Source> {
        Arc::new(Source::start(answer.into()).await)
    }
}

fn client(limits: WebLimits) -> JwksClient {
    JwksClient::new(Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)), limits).unwrap()
}

async fn is_unavailable(client: &JwksClient, source: &Url) -> bool {
    matches!(client.find(source, None).await, Err(KeySetError::Unavailable(_)))
}

#[tokio::test]
async fn keeps_the_promises_of_the_port() {
    key_sets::conformance(&LocalBench).await;
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    assert!(is_unavailable(&client(WebLimits::default()), &url).await);
}

#[tokio::test]
async fn a_source_that_hangs_is_unavailable() {
    let source = Source::start(keys()).await;
    key_sets::Source::hold(&source);
    let limits = WebLimits { total: Duration::from_millis(300), ..WebLimits::default() };
    assert!(is_unavailable(&client(limits), &source.url).await);
}

#[tokio::test]
async fn takes_a_plain_success_only() {
    let elsewhere = Answer { status: 302, headers: vec![("location", "/elsewhere")], ..keys() };
    let not_compressed = Answer { headers: vec![("content-encoding", "gzip")], ..keys() };
    let statuses = [204, 404, 500].map(|status| Answer { status, ..keys() });
    for answer in statuses.into_iter().chain([elsewhere, not_compressed]) {
        let source = Source::start(answer).await;
        assert!(is_unavailable(&client(WebLimits::default()), &source.url).await);
        assert_eq!(key_sets::Source::calls(&source), 1, "a redirect was followed or a call repeated");
    }
}

#[tokio::test]
async fn asks_this_machine_over_plain_http() {
    let source = Source::start(keys()).await;
    let port = source.url.port().unwrap();
    for allowed in [format!("http://127.0.0.1:{port}/keys"), format!("http://localhost:{port}/keys")] {
        let outcome = client(WebLimits::default()).find(&allowed.parse().unwrap(), None).await;
        assert!(outcome.is_ok(), "{allowed}");
    }
}
