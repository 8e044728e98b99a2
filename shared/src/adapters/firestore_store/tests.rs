//! What this store does where the port leaves it open. The port's own promises: `tests/firestore_store`.

use ciborium::Value;

use super::*;
use crate::{
    ports::documents::{Document, MAX_DOCUMENT_BYTES},
    testing::entropy::SeededEntropy,
};

/// A store whose database nobody serves: whatever it answers, it answers by itself.
fn nowhere() -> FirestoreStore {
    let settings = FirestoreSettings {
        project: "p".to_owned(),
        database: "d".to_owned(),
        counters: Some("c".to_owned()),
        emulator: Some("127.0.0.1:1".to_owned()),
        limits: FirestoreLimits { operation: Duration::from_millis(50), ..FirestoreLimits::default() },
    };
    FirestoreStore::new(settings, Arc::new(SeededEntropy::new(1)))
}

fn document(value: Value) -> Document {
    Document::from_value(Value::Map(vec![("a".into(), value)])).unwrap()
}

async fn put(collection: Collection, value: Value) -> Result<Vec<Option<Version>>, CommitError> {
    nowhere().commit(&[Write::Put(Key::new(collection, "a"), document(value))]).await
}

#[tokio::test]
async fn numbers_that_firestore_finds_large_are_counted_as_it_does() {
    // A byte each in CBOR, eight in Firestore.
    let numbers = Value::Array(vec![Value::from(1); MAX_DOCUMENT_BYTES / 4]);
    let outcome = put(Collection::Sessions, numbers).await;
    assert!(matches!(outcome, Err(CommitError::Failed(StoreError::TooLarge))), "{outcome:?}");
}

#[tokio::test]
async fn a_version_of_another_store_is_refused() {
    for mark in [&b""[..], &[1], &[0; 8], &[0; 16]] {
        let delete = [Write::Delete(Key::new(Collection::Sessions, "a"), Version::new(mark))];
        assert!(matches!(nowhere().commit(&delete).await, Err(CommitError::Refused)), "{mark:?}");
    }
}

#[tokio::test]
async fn what_nobody_serves_is_unavailable() {
    assert!(matches!(nowhere().ready().await, Err(StoreError::Unavailable(_))));
    let outcome = put(Collection::Bans, Value::Null).await;
    assert!(matches!(outcome, Err(CommitError::Failed(StoreError::Unavailable(_)))), "{outcome:?}");
}

#[tokio::test]
async fn a_query_that_is_not_listed_is_refused() {
    let query = Query { collection: Collection::Audit, equal: Vec::new(), until: None, after: None, limit: 1 };
    let StoreError::Unavailable(cause) = nowhere().find(&query).await.unwrap_err() else { panic!("another error") };
    assert!(cause.to_string().contains("audit"), "{cause}");
}

#[test]
fn counters_are_kept_apart_where_there_is_a_place_for_them() {
    let apart = nowhere();
    let databases = Collection::ALL.map(|collection| apart.parts.database(collection).path().to_owned());
    for (collection, path) in Collection::ALL.into_iter().zip(databases) {
        let expected = if is_counter(collection) { "projects/p/databases/c" } else { "projects/p/databases/d" };
        assert_eq!(path, expected, "{collection:?}");
    }
}

/// The service's own address wants TLS, which is set up without a connection; credentials are not looked for yet.
#[tokio::test]
async fn the_way_to_the_service_can_be_made() {
    let database = Database::new("p", "(default)", None, Duration::from_secs(1));
    database.channel().unwrap();
}
