//! Rotating key encryption keys (K4, K5): the job moves data keys, nobody notices, and the old version can go.

use ciborium::Value as Cbor;
use http::StatusCode;
use it::bench::{Bench, crm::Crm};
use serde_json::{Value, json};
use shared::{
    domain::purpose::Purpose,
    ports::documents::{Collection, Document, Key, Write},
};

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
    assert_eq!((&moved["pass"]["failed"], &moved["resume_after"]), (&json!(0), &Value::Null));
    let rests = run(&bench, "").await;
    assert_eq!(numbers(&rests), [0, 0, 0], "there is no newer key");
    assert_eq!((&rests["pass"], rests["rests_until"].is_string()), (&moved["pass"], true), "{rests}");

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

/// The scheduler calls every ten minutes and says nothing of where the last run stopped.
#[tokio::test]
async fn runs_go_on_by_themselves_and_rest_until_there_is_a_newer_key() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let mut sessions = [bench.crm().connect("oauth").await, bench.crm().connect("oauth").await];
    sessions.sort();
    bench.rotate_key(Purpose::Tokens).await;
    assert_eq!(numbers(&run(&bench, "").await), [2, 2, 0]);
    assert_eq!(numbers(&run(&bench, "").await), [0, 0, 0]);

    // A run that came to the first of them.
    stopped_after(&bench, &sessions[0]).await;
    let went_on = run(&bench, "").await;
    assert_eq!(numbers(&went_on), [1, 0, 0], "{went_on}");
    assert!(went_on["pass"]["ended_at"].is_string(), "{went_on}");
    assert_eq!(
        went_on["pass"]["found"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>(),
        3
    );
    assert_eq!(numbers(&run(&bench, "").await), [0, 0, 0]);

    stopped_after(&bench, &sessions[0]).await;
    bench.rotate_key(Purpose::Tokens).await;
    assert_eq!(numbers(&run(&bench, "").await), [2, 2, 0], "under a newer key it begins anew");

    bench.advance(23 * 3600);
    assert_eq!(numbers(&run(&bench, "").await), [0, 0, 0]);
    bench.advance(3700);
    assert_eq!(numbers(&run(&bench, "").await), [2, 0, 0], "once a day it looks all the same");

    let both = tokio::join!(run(&bench, ""), run(&bench, ""));
    assert_eq!((numbers(&both.0), numbers(&both.1)), ([0, 0, 0], [0, 0, 0]));
    bench.rotate_key(Purpose::Tokens).await;
    let both = tokio::join!(run(&bench, ""), run(&bench, ""));
    let moved = [&both.0, &both.1].map(|run| numbers(run)[1]).iter().sum::<u64>();
    assert!(moved >= 2, "{both:?}");
    for session in &sessions {
        assert_eq!(bench.crm().accounts(session).await.status, StatusCode::OK, "two at once harm nobody");
    }
    assert_eq!(numbers(&run(&bench, "").await), [0, 0, 0], "and one of them has noted that all is done");
}

/// As if the last run had had no time for what comes after that session.
async fn stopped_after(bench: &Bench, session: &str) {
    let key = Key::new(Collection::Jobs, "rewrap");
    let pass = bench.documents().read(&key).await.unwrap().unwrap().document;
    let fields = pass.as_value().as_map().unwrap().iter().cloned().map(|(name, value)| match name.as_text() {
        Some("after") => (name, Cbor::Text(session.to_owned())),
        Some("ended_at") => (name, Cbor::Null),
        _ => (name, value),
    });
    let put = Write::Put(key, Document::from_value(Cbor::Map(fields.collect())).unwrap());
    bench.documents().commit(&[put]).await.unwrap();
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
