//! The port's promises.

use std::sync::Arc;

use shared::{
    adapters::firestore_store::FirestoreSettings,
    ports::documents::{Collection, CommitError, Document, Documents, Key, Write},
    testing::documents,
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
