//! Rotating key encryption keys (K4, K5): the job moves data keys, nobody notices, and the old version can go.

use http::StatusCode;
use it::bench::{Bench, crm::Crm};
use serde_json::{Value, json};
use shared::domain::purpose::Purpose;

async fn run(bench: &Bench, position: &str) -> Value {
    let scheduler = Crm::of(bench, "scheduler").with_scopes("jobs:run");
    let answer = scheduler.post(&format!("/v1/jobs/rewrap{position}"), Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    answer.body
}

/// What a run did, without the versions that it found.
fn numbers(summary: &Value) -> [u64; 3] {
    ["sessions", "rewrapped", "failed"].map(|name| summary[name].as_u64().unwrap())
}

#[tokio::test]
async fn every_value_moves_under_the_new_key_and_the_old_one_can_go() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let read = bench.crm().connect("oauth").await;
    bench.crm().first_account(&read).await; // its directory of accounts is sealed too
    let unread = bench.crm().connect("redirect").await;
    let (waiting, back) = bench.crm().journey("oauth", &it::bench::browser::Browser::new()).await;
    let ended = bench.crm().connect("oauth").await;
    bench.fault("consent", json!({"kind": "status", "status": 503}), 1).await;
    bench.crm().delete(&format!("/v1/sessions/{ended}")).await;

    assert_eq!(numbers(&run(&bench, "").await), [4, 0, 0], "nothing to do yet");
    let old = bench.rotate_key(Purpose::Tokens).await;
    let moved = run(&bench, "").await;
    assert_eq!(numbers(&moved), [4, 5, 0], "a grant each, and one directory");
    assert_eq!(moved["found"][format!("tokens: {old}")], 5);
    assert_eq!(numbers(&run(&bench, "").await), [4, 0, 0], "a second run finds nothing to do");

    bench.destroy_key(Purpose::Tokens, &old);
    for session in [&read, &unread] {
        assert_eq!(bench.crm().accounts(session).await.status, StatusCode::OK);
    }
    let code = it::bench::crm::parameter(&back, "activation_code");
    assert_eq!(bench.crm().activate(&waiting, &code).await.status, StatusCode::OK);
    bench.advance(60);
    assert_eq!(bench.run_upkeep().await, json!({"due": 1, "failed": 0}));
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{ended}")).await.text("status"), "ended");
}

#[tokio::test]
async fn what_stood_under_a_destroyed_key_says_so_and_harms_nobody_else() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let early = bench.crm().connect("oauth").await;
    let old = bench.rotate_key(Purpose::Tokens).await;
    let late = bench.crm().connect("oauth").await;
    bench.destroy_key(Purpose::Tokens, &old);
    assert_eq!(numbers(&run(&bench, "").await), [2, 0, 1]);
    assert_eq!(bench.crm().accounts(&early).await.problem(), (503, "key_version_unavailable"));
    assert_eq!(bench.crm().accounts(&late).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_run_goes_on_where_another_stopped() {
    let bench = Bench::start().await;
    let mut sessions = [bench.crm().connect("oauth").await, bench.crm().connect("oauth").await];
    sessions.sort();
    bench.rotate_key(Purpose::Tokens).await;
    assert_eq!(numbers(&run(&bench, &format!("?after={}", sessions[0])).await), [1, 1, 0]);
    assert_eq!(numbers(&run(&bench, &format!("?after={}", sessions[1])).await), [0, 0, 0]);
    assert_eq!(numbers(&run(&bench, "").await), [2, 1, 0]);
    let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run");
    for wrong in
        ["rewrap?after=x", "rewrap?before=x", "rewrap?after=x.balances", &format!("expiry-watch?after={}", sessions[0])]
    {
        let answer = scheduler.post(&format!("/v1/jobs/{wrong}"), Value::Null).await;
        assert_eq!(answer.problem(), (400, "request_invalid"), "{wrong}");
    }
}
