//! What an instance asks for when it starts, and what it leaves undone when it has answered (O3, O7).

use std::{fs, time::Instant};

use futures::future::join_all;
use http::{Method, StatusCode};
use it::bench::{
    Bench,
    crm::{Answer, Crm},
    hub_side::in_process::InProcess,
};
use serde_json::{Value, json};

/// Past the life of an access token.
const PAST_A_TOKEN: i64 = 301;

/// Reads the session's accounts, the PSU being there, so often at once, at the instance of that address.
async fn at_once(bench: &Bench, url: &str, session: &str, count: usize) -> Vec<Answer> {
    let (crm, presence) = (bench.crm(), bench.crm().presence(session));
    let path = format!("/v1/sessions/{session}/accounts");
    let headers = [("psu-presence", presence.as_str())];
    join_all((0..count).map(|_| crm.call_at(url, Method::GET, &path, None, &headers))).await
}

/// What a new instance asks for on account of so many calls at once.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    key_sets: u64,
    metadata: usize,
    tokens: usize,
    unwraps: u64,
}

async fn asked(bench: &Bench, hub: &InProcess, session: &str, count: usize) -> Asked {
    let now = || Asked {
        key_sets: bench.key_set_reads("acme"),
        metadata: bench.reached("metadata").len(),
        tokens: bench.reached("token").len(),
        unwraps: hub.key_calls().unwraps,
    };
    bench.advance(PAST_A_TOKEN);
    let (url, cold) = hub.another().await;
    let (before, began) = (now(), Instant::now());
    for answer in at_once(bench, &url, session, count).await {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }
    let (after, took) = (now(), began.elapsed());
    let looks = cold.circuit_counts().reads;
    assert!(looks <= took.as_secs() + 1, "{looks} looks at the circuits in {took:?}");
    Asked {
        key_sets: after.key_sets - before.key_sets,
        metadata: after.metadata - before.metadata,
        tokens: after.tokens - before.tokens,
        unwraps: after.unwraps - before.unwraps,
    }
}

/// O7: the first requests wait for one another.
#[tokio::test]
async fn eighty_calls_at_once_ask_a_new_instance_for_no_more_than_one_call() {
    let (bench, hub) = Bench::in_one_process().await;
    let session = bench.crm().connect("oauth").await;
    assert_eq!(at_once(&bench, &bench.url, &session, 1).await[0].status, StatusCode::OK);
    let one = asked(&bench, &hub, &session, 1).await;
    assert_eq!((one.key_sets, one.metadata, one.tokens), (1, 1, 1), "{one:?}");
    assert_eq!(asked(&bench, &hub, &session, 80).await, one);
}

/// O3: a processor that stands still after the answer leaves nothing undone.
#[tokio::test]
async fn when_an_answer_leaves_all_work_is_done() {
    let once = "[operations.every]\nrepeated = false\n[background]\nreads_per_day = 24\nrefreshes_per_day = 24\n";
    let (bench, hub) = Bench::in_one_process_with(once).await;
    let idle = |what: &str| assert!(hub.deps().work.is_empty(), "something goes on after {what}");
    let session = bench.crm().connect("oauth").await;
    idle("activation");
    let read = async || at_once(&bench, &bench.url, &session, 1).await.remove(0);
    assert_eq!(read().await.status, StatusCode::OK);
    idle("a read whose answer is kept");
    bench.advance(PAST_A_TOKEN);
    assert_eq!(read().await.status, StatusCode::OK);
    idle("a refresh of tokens");
    bench.fault("accounts", json!({"kind": "status", "status": 500}), 5).await;
    for _ in 0..5 {
        assert_eq!(read().await.problem(), (502, "bank_unavailable"));
        idle("a failure that every instance is told of");
    }
    assert_eq!(read().await.problem(), (503, "circuit_open"));
    bench.advance(30);
    let metadata = bench.reached("metadata").len();
    assert_eq!(read().await.status, StatusCode::OK);
    idle("a probe");
    assert_eq!(bench.reached("metadata").len(), metadata + 1);
    bench.advance(4_000);
    assert_eq!(bench.run_job("refresh-balances").await["refreshed"], 1);
    idle("a job");
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    idle("an end");
}

/// O3, where a bank's document was taken away: what cannot be refreshed is put off before the run answers.
#[tokio::test]
async fn sessions_of_a_bank_without_a_document_are_put_off_before_the_answer() {
    let (bench, hub) = Bench::in_one_process().await;
    for _ in 0..3 {
        let session = bench.crm().connect("redirect").await;
        assert_eq!(at_once(&bench, &bench.url, &session, 1).await[0].status, StatusCode::OK);
        bench.allow_several_consents().await;
    }
    fs::remove_file(hub.folder().join("banks/redirect.toml")).unwrap();
    let (url, cold) = hub.another().await;
    bench.advance(13 * 3600);
    let run = async || {
        let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run");
        scheduler.call_at(&url, Method::POST, "/v1/jobs/refresh-balances", Some(Value::Null), &[]).await.body
    };
    let summary = run().await;
    assert!(cold.deps().work.is_empty(), "something goes on after the run");
    assert_eq!((&summary["due"], &summary["skipped"]), (&json!(3), &json!({"bank_unknown": 3})), "{summary}");
    assert_eq!(run().await["due"], 0);
}

/// O1: an instance that is asked to end answers whom it has let in, stores the tokens that it is about to get, and lets
/// nobody else in.
#[tokio::test]
async fn an_instance_that_is_asked_to_end_answers_fifty_calls_and_ends_its_refresh() {
    const CALLS: usize = 50;
    let (bench, hub) = Bench::in_one_process_with("[limits]\nin_flight = 64\n").await;
    bench.allow_several_consents().await;
    let old = bench.crm().connect("oauth").await;
    assert_eq!(at_once(&bench, &bench.url, &old, 1).await[0].status, StatusCode::OK);
    bench.advance(PAST_A_TOKEN);
    let new = bench.crm().connect("oauth").await;
    assert_eq!(at_once(&bench, &bench.url, &new, 1).await[0].status, StatusCode::OK);
    let (url, leaving) = hub.another().await;
    let (reads, tokens) = (bench.reached("accounts").len(), bench.reached("token").len());
    bench.fault("accounts", json!({"kind": "delay", "millis": 1_000}), u32::try_from(CALLS).unwrap()).await;
    bench.fault("token", json!({"kind": "delay", "millis": 1_000}), 1).await;
    let end = async {
        while bench.reached("accounts").len() < reads + CALLS || bench.reached("token").len() == tokens {
            tokio::task::yield_now().await;
        }
        leaving.end().await;
    };
    let calls = at_once(&bench, &url, &new, CALLS);
    let (answers, refreshed, ()) = futures::join!(calls, at_once(&bench, &url, &old, 1), end);
    for answer in answers.iter().chain(&refreshed) {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }
    let late = bench.crm().try_at(&url, Method::GET, "/health", None, &[]).await;
    assert!(late.is_err(), "nobody is let in any more: {late:?}");
    assert_eq!(at_once(&bench, &bench.url, &old, 1).await[0].status, StatusCode::OK, "no lease stays behind");
    assert_eq!(bench.reached("token").len(), tokens + 1, "the tokens that came were stored");
}
