//! What this store does where the port leaves it open. The port's own promises: `tests/embedded_store.rs`.

use ciborium::Value;

use super::*;
use crate::ports::documents::{Collection, Document};

fn key(id: &str) -> Key {
    Key::new(Collection::Bans, id)
}

fn document(number: u64) -> Document {
    Document::from_value(Value::Map(vec![("number".into(), number.into())])).unwrap()
}

#[tokio::test]
async fn refuses_two_writes_to_one_document() {
    let store = RedbStore::in_memory().unwrap();
    let twice = [Write::Put(key("a"), document(1)), Write::Put(key("a"), document(2))];
    assert!(matches!(store.commit(&twice).await, Err(CommitError::Failed(_))));
    assert_eq!(store.read(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn knows_no_version_of_another_store() {
    let store = RedbStore::in_memory().unwrap();
    store.commit(&[Write::Create(key("a"), document(1))]).await.unwrap();
    for mark in [&b""[..], &[1], &[0; 8], &[0; 16]] {
        let delete = [Write::Delete(key("a"), Version::new(mark))];
        assert!(matches!(store.commit(&delete).await, Err(CommitError::Refused)), "{mark:?}");
    }
}

#[tokio::test]
async fn a_panic_over_the_file_is_damage() {
    let store = RedbStore::in_memory().unwrap();
    let outcome: Result<(), StoreError> = store.blocking(|_| panic!("as the library does")).await;
    assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{outcome:?}");
    store.ready().await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_document_are_damage() {
    let store = RedbStore::in_memory().unwrap();
    for bytes in [&b""[..], &[0xff], &[0x01], &[0xa1, 0x01, 0x01]] {
        let transaction = store.database.begin_write().unwrap();
        transaction.open_table(tables::table(Collection::Bans)).unwrap().insert("a", (1, bytes)).unwrap();
        transaction.commit().unwrap();
        let read = store.read(&key("a")).await;
        assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
        let query = Query { collection: Collection::Bans, equal: Vec::new(), until: None, after: None, limit: 1 };
        let found = store.find(&query).await;
        assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
    }
}
