//! A bank gets no more calls than it wants to see: they wait a little, and then are sent away (promise P7).

use std::time::{Duration, Instant};

use futures::future::join_all;
use http::{Method, StatusCode};
use it::bench::{Bench, crm::Answer};
use serde_json::Value;
use shared::ports::documents::{Collection, Query};

async fn connected(bench: &Bench) -> (String, String) {
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    (session.clone(), format!("/v1/sessions/{session}/accounts/{account}/balances"))
}

async fn at_once(bench: &Bench, session: &str, path: &str, count: usize) -> Vec<Answer> {
    let presence = bench.crm().presence(session);
    let crm = bench.crm();
    let headers = [("psu-presence", presence.as_str())];
    join_all((0..count).map(|_| crm.get_with(path, &headers))).await
}

#[tokio::test]
async fn calls_that_come_at_once_leave_one_after_another() {
    let budget = "[spike_arrest]\ncalls = 20\nseconds = 1\nlongest_wait_millis = 10000\n";
    let bench = Bench::alone_with(budget).await;
    let (session, path) = connected(&bench).await;
    let (before, began) = (bench.bank.journal().len(), Instant::now());
    let answers = at_once(&bench, &session, &path, 30).await;
    let took = began.elapsed();
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    assert_eq!(bench.bank.journal().len(), before + 30);
    // The first may go at once; twenty a second for the rest.
    assert!(took >= Duration::from_millis(29 * 50), "{took:?}");
}

#[tokio::test]
async fn who_would_wait_too_long_is_told_when_to_come_back() {
    let budget = "[spike_arrest]\ncalls = 4\nseconds = 1\nlongest_wait_millis = 10000\nqueue = 1\n";
    let bench = Bench::alone_with(budget).await;
    let (session, path) = connected(&bench).await;
    let before = bench.reached("balances").len();
    let answers = at_once(&bench, &session, &path, 12).await;
    let (well, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == StatusCode::OK);
    assert!(!well.is_empty() && !refused.is_empty(), "{} and {}", well.len(), refused.len());
    for answer in &refused {
        assert_eq!(answer.problem(), (429, "spike_arrest"));
        assert_eq!((answer.text("limited_by").as_str(), answer.text("next_action").as_str()), ("hub", "wait"));
        assert!(answer.headers.contains_key("retry-after") && answer.body["retry_at"].is_string());
    }
    assert_eq!(bench.reached("balances").len(), before + well.len(), "who was sent away did not reach the bank");
}

#[tokio::test]
async fn a_share_is_one_write_and_not_one_for_each_call() {
    let budget = "[spike_arrest]\ncalls = 1000\nseconds = 1\nlongest_wait_millis = 10000\n";
    let (bench, hub) = Bench::in_one_process_with(budget).await;
    let (session, path) = connected(&bench).await;
    at_once(&bench, &session, &path, 1).await;
    let (before, began) = (hub.counts().writes, Instant::now());
    assert!(at_once(&bench, &session, &path, 60).await.iter().all(|answer| answer.status == StatusCode::OK));
    // A share for each window, and one for more in each second.
    let shares = hub.counts().writes - before;
    assert!(shares <= began.elapsed().as_secs() + 2, "{shares}");
    let query = Query { collection: Collection::Spikes, equal: vec![], until: None, after: None, limit: 10 };
    let found = bench.documents().find(&query).await.unwrap();
    assert_eq!(
        found.into_iter().map(|found| found.id).collect::<Vec<_>>(),
        ["oauth"],
        "banks without a budget have none"
    );
}

#[tokio::test]
async fn a_bank_without_a_budget_is_not_paced() {
    let bench = Bench::alone_with("").await;
    let (session, path) = connected(&bench).await;
    assert!(at_once(&bench, &session, &path, 60).await.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(bench.crm().get("/v1/banks/oauth").await.body["health"], Value::Null);
}

/// V7 of spike arrest, judged by the bank's journal all the while: two instances keep to one budget, and to one call each
/// more at most.
#[tokio::test]
async fn two_instances_share_one_budget() {
    const A_SECOND: f64 = 20.0;
    const CALLS: usize = 40;
    let budget = "[spike_arrest]\ncalls = 20\nseconds = 1\nlongest_wait_millis = 10000\n";
    let (bench, first) = Bench::in_one_process_with(budget).await;
    let (second, _hub) = first.another().await;
    let (session, path) = connected(&bench).await;
    let presence = bench.crm().presence(&session);
    let crm = bench.crm();
    let headers = [("psu-presence", presence.as_str())];
    let at = |url| crm.call_at(url, Method::GET, &path, None, &headers);
    // Both have a share by then.
    for url in [&bench.url, &second] {
        assert_eq!(at(url).await.status, StatusCode::OK);
    }
    let (before, began) = (bench.bank.journal().len(), Instant::now());
    let calls = async { join_all((0..CALLS).map(|number| at([&bench.url, &second][number % 2]))).await };
    let watch = async {
        loop {
            let seen = bench.bank.journal().len() - before;
            let most = A_SECOND.mul_add(began.elapsed().as_secs_f64(), 2.0);
            assert!(f64::from(u32::try_from(seen).unwrap()) <= most, "{seen} calls where {most} may be");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let answers = tokio::select! {
        answers = calls => answers,
        () = watch => Vec::new(),
    };
    let (well, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert!(refused.iter().all(|answer| answer.problem() == (429, "spike_arrest")), "{refused:?}");
    assert_eq!(bench.bank.journal().len() - before, well.len(), "who was sent away did not reach the bank");
    assert!(well.len() >= CALLS / 2, "{} of {CALLS} came through", well.len());
}
