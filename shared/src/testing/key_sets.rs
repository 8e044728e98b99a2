//! Holds finders of key sets to the promises of `ports::key_sets`, against sources that a bench sets up.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use url::Url;

use crate::{
    ports::key_sets::{FRESH_FOR, KeySetError, KeySets, MAX_KEYS, MAX_SET_BYTES, MISS_PAUSE, USABLE_FOR},
    testing::clock::ManualClock,
};

/// Sets up sources and finders for the suite.
#[async_trait]
pub trait Bench: Send + Sync {
    /// A new finder that goes by this clock.
    fn finder(&self, clock: Arc<ManualClock>) -> Arc<dyn KeySets>;

    /// Starts a source that answers so.
    async fn start(&self, answer: Answer) -> Arc<dyn Source>;
}

/// What a source answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This text, as a success.
    Text(Vec<u8>),
    /// That it is broken.
    Broken,
}

impl Answer {
    /// A set of public keys with these ids.
    pub fn keys<T: AsRef<str>>(ids: &[T]) -> Self {
        let key = |id: &T| json!({"kty": "RSA", "kid": id.as_ref(), "n": "AQAB", "e": "AQAB"});
        Self::text(json!({ "keys": ids.iter().map(key).collect::<Vec<_>>() }).to_string())
    }

    /// This text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(text.into())
    }
}

/// A source of keys, in the suite's hand.
pub trait Source: Send + Sync {
    /// Where it is.
    fn url(&self) -> Url;

    /// Changes its answer.
    fn now_answers(&self, answer: Answer);

    /// How often it was asked.
    fn calls(&self) -> usize;

    /// Makes it answer nobody.
    fn hold(&self);

    /// Makes it answer those who wait, and whoever asks from now on.
    fn release(&self);
}

/// Every promise of the port.
pub async fn conformance(bench: &dyn Bench) {
    keeps_a_set_while_it_is_fresh(bench).await;
    asks_again_for_a_missing_key(bench).await;
    asks_for_missing_keys_once_a_pause(bench).await;
    shares_one_call(bench).await;
    goes_on_when_a_caller_gives_up(bench).await;
    rides_out_a_breakdown(bench).await;
    has_nothing_from_a_source_without_a_set(bench).await;
    refuses_a_source_of_private_keys(bench).await;
    keeps_sources_apart(bench).await;
    asks_no_address_in_clear_or_with_a_password(bench).await;
}

/// A finder and one source.
struct Setting {
    clock: Arc<ManualClock>,
    finder: Arc<dyn KeySets>,
    source: Arc<dyn Source>,
}

impl Setting {
    async fn with(bench: &dyn Bench, answer: Answer) -> Self {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        Self { finder: bench.finder(Arc::clone(&clock)), clock, source: bench.start(answer).await }
    }

    /// Whether the set that comes back has the key.
    async fn has(&self, key_id: &str) -> Result<bool, KeySetError> {
        let set = self.finder.find(&self.source.url(), Some(key_id)).await?;
        Ok(set.find(key_id).is_some())
    }

    fn wait(&self, time: Duration) {
        self.clock.advance(SignedDuration::try_from(time).unwrap());
    }

    /// Waits for the first call to arrive.
    async fn asked(&self) {
        while self.source.calls() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// One call while the set is fresh, whichever of its keys is wanted; another one after that.
pub async fn keeps_a_set_while_it_is_fresh(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a", "b"])).await;
    for key_id in ["a", "b", "a"] {
        assert!(setting.has(key_id).await.unwrap(), "a published key is not found");
    }
    let set = setting.finder.find(&setting.source.url(), None).await.unwrap();
    assert_eq!((set.keys.len(), setting.source.calls()), (2, 1), "not one call for one fresh set");
    setting.wait(FRESH_FOR);
    assert!(setting.has("a").await.unwrap());
    assert_eq!(setting.source.calls(), 2, "a set that is no longer fresh was not asked for again");
}

/// A key that was added a moment ago is found.
pub async fn asks_again_for_a_missing_key(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["old"])).await;
    assert!(setting.has("old").await.unwrap());
    setting.source.now_answers(Answer::keys(&["old", "new"]));
    setting.wait(Duration::from_secs(1));
    assert!(setting.has("new").await.unwrap(), "a key that was just added is not found");
    assert_eq!(setting.source.calls(), 2);
}

/// A thousand tokens that name unknown keys cause one call a pause.
pub async fn asks_for_missing_keys_once_a_pause(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    assert!(setting.has("a").await.unwrap());
    let ids: Vec<_> = (0..1_000).map(|number| format!("unknown-{number}")).collect();
    for calls in [2, 3] {
        setting.wait(MISS_PAUSE);
        let found = join_all(ids.iter().map(|id| setting.has(id))).await;
        assert!(found.into_iter().all(|found| !found.unwrap()), "a key that nobody published is found");
        assert_eq!(setting.source.calls(), calls, "not one call a pause");
    }
}

/// Callers at the same time share one call.
pub async fn shares_one_call(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    setting.source.hold();
    let callers = join_all((0..100).map(|_| setting.has("a")));
    let release = async {
        setting.asked().await;
        setting.source.release();
    };
    let (found, ()) = tokio::join!(callers, release);
    assert!(found.into_iter().all(|found| found.unwrap()));
    assert_eq!(setting.source.calls(), 1, "callers at the same time did not share a call");
}

/// A caller that goes away in the middle of a call does not hold up the others.
pub async fn goes_on_when_a_caller_gives_up(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    setting.source.hold();
    let (finder, url) = (Arc::clone(&setting.finder), setting.source.url());
    let impatient = tokio::spawn(async move { finder.find(&url, None).await });
    setting.asked().await;
    impatient.abort();
    setting.source.release();
    assert!(setting.has("a").await.unwrap(), "nobody goes on after a caller that gave up");
}

/// While the source is broken or talks nonsense the last set serves, but not for longer than it may.
pub async fn rides_out_a_breakdown(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    assert!(setting.has("a").await.unwrap());
    for broken in [Answer::Broken, Answer::text("<html>maintenance</html>")] {
        setting.source.now_answers(broken);
        setting.wait(Duration::from_hours(1));
        assert!(setting.has("a").await.unwrap(), "a breakdown is not ridden out");
    }
    assert_eq!(setting.source.calls(), 3, "a broken source is not asked again");
    setting.wait(USABLE_FOR);
    assert!(matches!(setting.has("a").await, Err(KeySetError::Unavailable(_))), "a set outlived its end");
}

/// Nonsense, too much, too many and failures are no set, and one call is enough to know.
pub async fn has_nothing_from_a_source_without_a_set(bench: &dyn Bench) {
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "a".repeat(MAX_SET_BYTES));
    let many: Vec<_> = (0..=MAX_KEYS).map(|number| number.to_string()).collect();
    for answer in [Answer::text("null"), Answer::text(""), Answer::text(large), Answer::keys(&many), Answer::Broken] {
        let setting = Setting::with(bench, answer).await;
        assert!(matches!(setting.has("a").await, Err(KeySetError::Unavailable(_))), "a set came out of none");
        assert_eq!(setting.source.calls(), 1, "a call was repeated at once");
    }
}

/// A source that publishes a private or symmetric key is no longer believed, nor is what it published before.
pub async fn refuses_a_source_of_private_keys(bench: &dyn Bench) {
    let private = r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","d":"AQAB"}]}"#;
    let symmetric = r#"{"keys":[{"kty":"oct","kid":"a","k":"AQAB"}]}"#;
    for leaked in [private, symmetric] {
        let setting = Setting::with(bench, Answer::keys(&["a"])).await;
        assert!(setting.has("a").await.unwrap());
        setting.source.now_answers(Answer::text(leaked));
        setting.wait(FRESH_FOR);
        assert!(matches!(setting.has("a").await, Err(KeySetError::PrivateKeys)), "a leaked key is believed");
    }
}

/// A key of one source is not found at another, whatever it is called.
pub async fn keeps_sources_apart(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    let other = bench.start(Answer::keys(&["b"])).await;
    assert!(setting.has("a").await.unwrap());
    let set = setting.finder.find(&other.url(), Some("a")).await.unwrap();
    assert!(set.find("a").is_none() && set.find("b").is_some(), "two sources share their keys");
}

/// Neither `http` beyond this machine, nor a password in an address, nor anything that is not the web.
pub async fn asks_no_address_in_clear_or_with_a_password(bench: &dyn Bench) {
    let setting = Setting::with(bench, Answer::keys(&["a"])).await;
    let mut with_password = setting.source.url();
    with_password.set_password(Some("password")).unwrap();
    let others = [
        "http://example.com/keys",
        "http://169.254.169.254/keys",
        "http://127.0.0.1.example.com/keys",
        "file:///etc/passwd",
        "data:application/json,%7B%22keys%22%3A%5B%5D%7D",
    ];
    for refused in others.map(|text| text.parse().unwrap()).into_iter().chain([with_password]) {
        let outcome = setting.finder.find(&refused, None).await;
        assert!(matches!(outcome, Err(KeySetError::AddressRefused)), "{refused}: {outcome:?}");
    }
    assert_eq!(setting.source.calls(), 0, "an address that must not be asked was asked");
}
