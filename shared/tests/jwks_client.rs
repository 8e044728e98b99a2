//! The adapter `JwksClient` against sources on this machine.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, response::Response, routing::get};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::{
    adapters::jwks_client::{FetchLimits, JwksClient},
    ports::key_sets::{KeySetError, KeySets, MAX_SET_BYTES},
    testing::clock::ManualClock,
};
use tokio::{net::TcpListener, sync::Semaphore};
use url::Url;

/// A source of keys, and how often it was asked.
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
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn keys(ids: &[&str]) -> Answer {
    let keys: Vec<_> = ids.iter().map(|id| json!({"kty": "RSA", "kid": id, "n": "AQAB", "e": "AQAB"})).collect();
    text(json!({ "keys": keys }).to_string())
}

fn text(body: impl Into<Vec<u8>>) -> Answer {
    Answer { status: 200, headers: vec![], body: body.into() }
}

fn status(status: u16) -> Answer {
    Answer { status, ..keys(&["a"]) }
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

    fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

struct Setting {
    clock: Arc<ManualClock>,
    client: Arc<JwksClient>,
    source: Source,
}

impl Setting {
    async fn with(answer: Answer) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let client = Arc::new(JwksClient::new(clock.clone(), FetchLimits::default()).unwrap());
        Self { clock, client, source: Source::start(answer).await }
    }

    /// Whether the set that comes back has the key.
    async fn has(&self, key_id: &str) -> Result<bool, KeySetError> {
        let set = self.client.find(&self.source.url, Some(key_id)).await?;
        Ok(set.find(key_id).is_some())
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn fetches_once_and_keeps() {
    let setting = Setting::with(keys(&["a", "b"])).await;
    for key_id in ["a", "b", "a"] {
        assert!(setting.has(key_id).await.unwrap());
    }
    assert!(setting.client.find(&setting.source.url, None).await.unwrap().keys.len() == 2);
    assert_eq!(setting.source.calls(), 1);
}

#[tokio::test]
async fn finds_a_key_that_was_added_a_moment_ago() {
    let setting = Setting::with(keys(&["old"])).await;
    assert!(setting.has("old").await.unwrap());
    setting.source.now_answers(keys(&["old", "new"]));
    setting.wait(1);
    assert!(setting.has("new").await.unwrap());
    assert_eq!(setting.source.calls(), 2);
}

#[tokio::test]
async fn a_thousand_tokens_of_unknown_keys_cause_one_call_a_minute() {
    let setting = Setting::with(keys(&["a"])).await;
    assert!(setting.has("a").await.unwrap());
    let ids: Vec<_> = (0..1_000).map(|number| format!("unknown-{number}")).collect();
    for calls in [2, 3] {
        setting.wait(60);
        let found = join_all(ids.iter().map(|id| setting.has(id))).await;
        assert!(found.into_iter().all(|found| !found.unwrap()));
        assert_eq!(setting.source.calls(), calls);
    }
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_call() {
    let setting = Setting::with(keys(&["a"])).await;
    setting.source.gate.forget_permits(Semaphore::MAX_PERMITS);
    let callers = join_all((0..100).map(|_| setting.has("a")));
    let release = async {
        while setting.source.calls() == 0 {
            tokio::task::yield_now().await;
        }
        setting.source.gate.add_permits(100);
    };
    let (found, ()) = tokio::join!(callers, release);
    assert!(found.into_iter().all(|found| found.unwrap()));
    assert_eq!(setting.source.calls(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_hold_up_the_others() {
    let setting = Setting::with(keys(&["a"])).await;
    setting.source.gate.forget_permits(Semaphore::MAX_PERMITS);
    let (client, url) = (setting.client.clone(), setting.source.url.clone());
    let impatient = tokio::spawn(async move { client.find(&url, None).await });
    while setting.source.calls() == 0 {
        tokio::task::yield_now().await;
    }
    impatient.abort();
    setting.source.gate.add_permits(100);
    assert!(setting.has("a").await.unwrap());
}

#[tokio::test]
async fn an_older_set_rides_out_a_breakdown() {
    let setting = Setting::with(keys(&["a"])).await;
    assert!(setting.has("a").await.unwrap());
    for broken in [status(500), status(404), text("<html>maintenance</html>")] {
        setting.source.now_answers(broken);
        setting.wait(60 * 60);
        assert!(setting.has("a").await.unwrap());
    }
    assert_eq!(setting.source.calls(), 4);
    setting.wait(24 * 60 * 60);
    assert!(matches!(setting.has("a").await, Err(KeySetError::Unavailable(_))));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let setting = Setting::with(keys(&[])).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    assert!(matches!(setting.client.find(&url, None).await, Err(KeySetError::Unavailable(_))));
}

#[tokio::test]
async fn a_source_that_hangs_is_unavailable() {
    let source = Source::start(keys(&["a"])).await;
    source.gate.forget_permits(Semaphore::MAX_PERMITS);
    let limits = FetchLimits { total: Duration::from_millis(300), ..FetchLimits::default() };
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let client = JwksClient::new(clock, limits).unwrap();
    assert!(matches!(client.find(&source.url, None).await, Err(KeySetError::Unavailable(_))));
}

#[tokio::test]
async fn answers_that_are_no_set_are_unavailable() {
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "a".repeat(MAX_SET_BYTES));
    let elsewhere = Answer { headers: vec![("location", "/elsewhere".to_owned())], ..status(302) };
    let plain = Answer { headers: vec![("content-encoding", "gzip".to_owned())], ..keys(&["a"]) };
    for answer in [text("null"), text(large), status(204), status(500), elsewhere, plain] {
        let setting = Setting::with(answer).await;
        assert!(matches!(setting.has("a").await, Err(KeySetError::Unavailable(_))));
        assert_eq!(setting.source.calls(), 1, "a redirect was followed or a call repeated");
    }
}

#[tokio::test]
async fn a_source_that_publishes_private_keys_is_no_longer_believed() {
    let setting = Setting::with(keys(&["a"])).await;
    assert!(setting.has("a").await.unwrap());
    setting.source.now_answers(text(r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","d":"AQAB"}]}"#));
    setting.wait(600);
    assert!(matches!(setting.has("a").await, Err(KeySetError::PrivateKeys)));
}

#[tokio::test]
async fn asks_over_https_or_on_this_machine_only() {
    let setting = Setting::with(keys(&["a"])).await;
    let port = setting.source.url.port().unwrap();
    for refused in [
        "http://example.com/keys".to_owned(),
        "http://169.254.169.254/keys".to_owned(),
        "http://127.0.0.1.example.com/keys".to_owned(),
        format!("http://user:password@127.0.0.1:{port}/keys"),
        "file:///etc/passwd".to_owned(),
        "data:application/json,%7B%22keys%22%3A%5B%5D%7D".to_owned(),
    ] {
        let outcome = setting.client.find(&refused.parse().unwrap(), None).await;
        assert!(matches!(outcome, Err(KeySetError::AddressRefused)), "{refused}");
    }
    for allowed in [format!("http://127.0.0.1:{port}/keys"), format!("http://localhost:{port}/keys")] {
        assert!(setting.client.find(&allowed.parse().unwrap(), None).await.is_ok(), "{allowed}");
    }
}

#[tokio::test]
async fn sources_do_not_share_keys() {
    let setting = Setting::with(keys(&["a"])).await;
    let other = Source::start(keys(&["b"])).await;
    assert!(setting.has("a").await.unwrap());
    let set = setting.client.find(&other.url, Some("a")).await.unwrap();
    assert!(set.find("a").is_none() && set.find("b").is_some());
}
