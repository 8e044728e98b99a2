//! The port's promises.

use std::sync::Arc;

use jiff::Timestamp;
use shared::{
    adapters::firestore_store::FirestoreSettings,
    domain::{
        ids::{BankId, SessionId, TenantId},
        pseudonym::PseudonymKey,
        secret::Secret32,
        session::Session,
    },
    ports::{
        documents::{Collection, CommitError, Document, Documents, Key, Write},
        store::{Change, Store},
    },
    testing::{clock::ManualClock, documents},
};

use crate::{settings, store};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises_of_a_document_store() {
    documents::conformance(Arc::new(store(settings())), "once").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_them_in_two_databases() {
    let settings =
        FirestoreSettings { database: "hub".to_owned(), counters: Some("counters".to_owned()), ..settings() };
    let store: Arc<dyn Documents> = Arc::new(store(settings));
    store.ready().await.unwrap();
    documents::guard_conformance(&store, "once").await;
    documents::commit_conformance(&store, "once").await;
    documents::race_conformance(&store, "once").await;
    documents::query_conformance(&store, "once").await;
    documents::content_conformance(&store, "once").await;
}

#[tokio::test]
async fn refuses_a_commit_over_both_databases_before_anything_is_sent() {
    let settings = FirestoreSettings { counters: Some("counters".to_owned()), ..settings() };
    let store = store(settings);
    let document = Document::from_value(ciborium::Value::Map(Vec::new())).unwrap();
    let keys = [Key::new(Collection::Sessions, "a"), Key::new(Collection::Bans, "a")];
    let writes = keys.clone().map(|key| Write::Put(key, document.clone()));
    assert!(matches!(store.commit(&writes).await, Err(CommitError::Failed(_))));
    for key in keys {
        assert_eq!(store.read(&key).await.unwrap(), None);
    }
}

/// Q6: an instance whose clock is years behind counts by the same time as one whose clock is years ahead.
#[tokio::test]
async fn tells_one_time_to_all_whatever_their_clocks_say() {
    let settings = settings();
    let [one, other] = [(); 2].map(|()| Store::new(Arc::new(store(settings.clone()))));
    let id = SessionId::from_random([1; 16]);
    let (tenant, bank) = (TenantId::parse("acme").unwrap(), BankId::parse("bank").unwrap());
    let psu = PseudonymKey::new(Secret32::new(Box::new([7; 32]))).pseudonym(&tenant, "customer-1");
    let session = Session::begun(id.clone(), tenant, bank, psu, Timestamp::UNIX_EPOCH);
    one.commit(Change::new().create(&session)).await.unwrap();
    let (behind, ahead) = (ManualClock::at(Timestamp::UNIX_EPOCH), ManualClock::at(Timestamp::MAX));
    let first = one.load::<Session>(id.as_str()).await.unwrap().unwrap();
    let second = other.load::<Session>(id.as_str()).await.unwrap().unwrap();
    let third = other.note(&second, session).await.unwrap();
    let told = [first.store_now(&behind), second.store_now(&ahead), third.store_now(&behind)];
    let apart = told.iter().max().unwrap().duration_since(*told.iter().min().unwrap());
    assert!(apart < jiff::SignedDuration::from_mins(1), "{told:?}");
    assert_eq!(first.store_now(&behind).subsec_nanosecond() % 1_000, 0);
}
