//! What the store does when Firestore fails, and when the way to it does.

use std::{sync::Arc, time::Duration};

use ciborium::Value;
use firestore::gcloud_sdk::tonic::Code;
use futures::future::join_all;
use shared::{
    adapters::{
        firestore_store::{FirestoreLimits, FirestoreSettings, FirestoreStore},
        system::SystemEntropy,
    },
    domain::readiness::Component,
    ports::documents::{
        Collection, CommitError, Contention, Document, Documents, Key, MissingIndex, Query, StoreError, Write,
    },
    testing::{cutting_proxy::CuttingProxy, firestore_emulator::FirestoreEmulator},
};

use crate::{
    settings,
    stand_in::{StandIn, short},
    store,
};

fn key(id: &str) -> Key {
    Key::new(Collection::Sessions, id)
}

fn document(number: i64) -> Document {
    Document::from_value(Value::Map(vec![("number".into(), number.into())])).unwrap()
}

fn create(id: &str) -> [Write; 1] {
    [Write::Create(key(id), document(1))]
}

/// A store behind a proxy, and one of the same documents that is not.
async fn behind_a_proxy() -> (CuttingProxy, FirestoreStore, FirestoreStore) {
    let direct = settings();
    let proxy = CuttingProxy::start(direct.emulator.as_deref().unwrap()).await;
    let cut = FirestoreSettings { emulator: Some(proxy.host().to_owned()), ..direct.clone() };
    (proxy, store(cut), store(direct))
}

/// The cause, whatever kind of failure it is.
fn cause(error: CommitError) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        CommitError::Failed(StoreError::Unavailable(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dead_end_is_told_and_found_alive_later() {
    let direct = settings();
    let proxy = CuttingProxy::start(direct.emulator.as_deref().unwrap()).await;
    proxy.refuse(true);
    let store = store(FirestoreSettings { emulator: Some(proxy.host().to_owned()), limits: short(), ..direct.clone() });
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.read(&key("a")).await, Err(StoreError::Unavailable(_))));
    cause(store.commit(&create("a")).await.unwrap_err());
    proxy.refuse(false);
    // A slow machine may need more than one operation's time to connect.
    while store.ready().await.is_err() {}
    assert_eq!(store.read(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_read_and_a_commit_outlast_a_short_failure() {
    let (proxy, store, _) = behind_a_proxy().await;
    proxy.refuse(true);
    let comes_back = async {
        proxy.has_refused(2).await;
        proxy.refuse(false);
    };
    let (read, ()) = tokio::join!(store.ready(), comes_back);
    read.unwrap();
    proxy.refuse(true);
    let comes_back = async {
        proxy.has_refused(4).await;
        proxy.refuse(false);
    };
    let writes = create("a");
    let (committed, ()) = tokio::join!(store.commit(&writes), comes_back);
    committed.unwrap();
}

#[tokio::test]
async fn a_slow_store_is_given_up_in_time() {
    let stand_in = behind_a_slow_proxy().await;
    let (_proxy, store) = stand_in;
    assert!(matches!(store.read(&key("a")).await, Err(StoreError::Unavailable(_))));
    cause(store.commit(&create("a")).await.unwrap_err());
}

/// A store whose calls are given up long before an answer comes.
async fn behind_a_slow_proxy() -> (CuttingProxy, FirestoreStore) {
    let direct = settings();
    let proxy = CuttingProxy::start(direct.emulator.as_deref().unwrap()).await;
    proxy.delay(Duration::from_hours(1));
    let (call, operation) = (Duration::from_millis(50), Duration::from_millis(200));
    let limits = FirestoreLimits { call, operation, ..direct.limits };
    let store = store(FirestoreSettings { emulator: Some(proxy.host().to_owned()), limits, ..direct });
    (proxy, store)
}

#[tokio::test]
async fn more_operations_than_allowed_fail_at_once() {
    let direct = settings();
    let limits = FirestoreLimits { in_flight: 2, ..direct.limits };
    let store = store(FirestoreSettings { limits, ..direct });
    let reads = ["a", "b", "c"].map(key);
    let outcomes = join_all(reads.iter().map(|key| store.read(key))).await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    store.read(&reads[2]).await.unwrap();
}

#[tokio::test]
async fn contention_is_tried_again_a_few_times_and_then_told() {
    let stand_in = StandIn::answering(&[Code::Aborted]).await;
    let store = store(stand_in.settings(FirestoreEmulator::patient()));
    let error = store.commit(&create("a")).await.unwrap_err();
    assert!(cause(error).is::<Contention>());
    assert_eq!(stand_in.calls(), ["Commit"; 7]);
}

#[tokio::test]
async fn contention_that_passes_is_not_noticed() {
    let stand_in = StandIn::answering(&[Code::Aborted, Code::Aborted, Code::Ok]).await;
    let store = store(stand_in.settings(FirestoreEmulator::patient()));
    let versions = store.commit(&create("a")).await.unwrap();
    assert!(versions[0].is_some());
    assert_eq!(stand_in.calls(), ["Commit"; 3]);
}

#[tokio::test]
async fn who_is_turned_away_does_not_knock_again() {
    for code in [Code::ResourceExhausted, Code::PermissionDenied, Code::Unauthenticated] {
        let stand_in = StandIn::answering(&[code]).await;
        let store = store(stand_in.settings(FirestoreEmulator::patient()));
        assert!(matches!(store.read(&key("a")).await, Err(StoreError::Unavailable(_))), "{code:?}");
        cause(store.commit(&create("a")).await.unwrap_err());
        assert_eq!(stand_in.calls(), ["BatchGetDocuments", "Commit"], "{code:?}");
    }
}

#[tokio::test]
async fn a_refused_guard_is_believed_only_while_nothing_is_in_doubt() {
    let stand_in = StandIn::answering(&[Code::FailedPrecondition]).await;
    let store = store(stand_in.settings(FirestoreEmulator::patient()));
    assert!(matches!(store.commit(&create("a")).await, Err(CommitError::Refused)));
    assert_eq!(stand_in.calls(), ["Commit"]);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_again() {
    let (proxy, store, direct) = behind_a_proxy().await;
    let before =
        direct.commit(&[Write::Create(key("old"), document(1)), Write::Create(key("gone"), document(1))]).await;
    let before = before.unwrap().into_iter().flatten().collect::<Vec<_>>();
    let writes = [
        Write::Create(key("new"), document(2)),
        Write::Replace(key("old"), before[0].clone(), document(2)),
        Write::Delete(key("gone"), before[1].clone()),
        Write::Put(key("put"), document(2)),
    ];
    proxy.cut_answers(1);
    let versions = store.commit(&writes).await.unwrap();
    assert_eq!(proxy.cuts(), 1);
    for (write, version) in writes.iter().zip(versions) {
        let stored = direct.read(write.key()).await.unwrap();
        assert_eq!(stored.map(|stored| stored.version), version, "{write:?}");
    }
}

#[tokio::test]
async fn a_commit_that_is_lost_on_the_way_is_sent_again() {
    let (proxy, store, direct) = behind_a_proxy().await;
    proxy.lose_commits(2);
    let versions = store.commit(&create("a")).await.unwrap();
    assert_eq!(proxy.cuts(), 2);
    assert_eq!(direct.read(&key("a")).await.unwrap().map(|stored| stored.version), versions[0]);
}

#[tokio::test]
async fn a_lost_answer_without_a_trace_is_told_as_unknown() {
    let (proxy, store, direct) = behind_a_proxy().await;
    proxy.lose_commits(1);
    cause(store.commit(&[Write::Put(key("a"), document(1))]).await.unwrap_err());
    assert_eq!(direct.read(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_guard_that_others_broke_meanwhile_stays_refused() {
    let (proxy, store, direct) = behind_a_proxy().await;
    direct.commit(&create("a")).await.unwrap();
    proxy.cut_answers(1);
    // The answer that is lost is the refusal: somebody else's document stands there, so nobody can tell.
    cause(store.commit(&create("a")).await.unwrap_err());
    assert!(matches!(store.commit(&create("a")).await, Err(CommitError::Refused)));
}

#[tokio::test]
async fn an_emptied_store_holds_nothing_and_goes_on() {
    let first = FirestoreEmulator::start();
    let direct = first.settings();
    let port: u16 = first.host().rsplit(':').next().unwrap().parse().unwrap();
    let store = FirestoreStore::new(direct, Arc::new(SystemEntropy));
    let version = store.commit(&create("a")).await.unwrap().remove(0).unwrap();
    drop(first);
    let _second = FirestoreEmulator::start_on(port);
    assert_eq!(store.read(&key("a")).await.unwrap(), None);
    let replace = [Write::Replace(key("a"), version, document(2))];
    assert!(matches!(store.commit(&replace).await, Err(CommitError::Refused)));
    store.commit(&create("a")).await.unwrap();
}

#[tokio::test]
async fn a_missing_index_is_named() {
    let query = Query {
        collection: Collection::Sessions,
        equal: vec![("shard", Value::from(1))],
        until: Some(("due_at", jiff::Timestamp::UNIX_EPOCH)),
        after: None,
        limit: 1,
    };
    let service = StandIn::answering(&[Code::FailedPrecondition, Code::PermissionDenied]).await;
    let store = store(service.settings(FirestoreEmulator::patient()));
    assert!(store.missing().is_empty());
    let Err(StoreError::Unavailable(cause)) = store.find(&query).await else { panic!("it was answered") };
    assert!(cause.is::<MissingIndex>(), "{cause}");
    let index = Component::Index { collection: "sessions", fields: vec!["shard", "due_at"] };
    let missing = [index];
    assert_eq!(store.missing(), missing);
    store.find(&query).await.unwrap_err();
    assert_eq!(store.missing(), missing, "a refusal says nothing about indexes");
    assert_eq!(service.calls(), ["RunQuery"; 2], "neither is tried again");
}
