//! Whatever a document holds, Firestore takes it and gives it back.

use std::collections::BTreeMap;

use ciborium::Value;
use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shared::ports::documents::{Collection, Document, Documents, Key, Query, Write};
use tokio::runtime::Runtime;

use crate::{settings, store};

/// Names that mean something to Firestore or to the adapter, and others.
fn names() -> impl Strategy<Value = String> {
    let special = ["", "~write", "~list", "~=", "__a__", "____", "__name__", "a.b", "`", "\\", "made_at", "*", "/"];
    prop_oneof![prop::sample::select(special.to_vec()).prop_map(str::to_owned), ".{0,12}"]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        ".{0,20}".prop_map(Value::Text),
        (0..4_000_000_000_000_000_i64).prop_map(|at| Timestamp::from_microsecond(at).unwrap().to_string().into()),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(names(), inner, 0..5).prop_map(map),
        ]
    })
}

fn map(entries: BTreeMap<String, Value>) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (Value::Text(name), value)).collect())
}

/// The same value with every map in the order of its names, which the store need not keep.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(entries) => {
            let entry = |(name, value): &(Value, Value)| (name.as_text().unwrap().to_owned(), sorted(value));
            map(entries.iter().map(entry).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[test]
fn every_document_comes_back_as_it_was() {
    let runtime = Runtime::new().unwrap();
    let store = store(settings());
    let key = Key::new(Collection::Sessions, "a");
    let documents = prop::collection::btree_map(names(), values(), 0..8).prop_map(map);
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&documents, |value| {
        let document = Document::from_value(value.clone()).unwrap();
        let stored = runtime.block_on(async {
            store.commit(&[Write::Put(key.clone(), document)]).await.unwrap();
            store.read(&key).await.unwrap().unwrap()
        });
        prop_assert_eq!(sorted(stored.document.as_value()), sorted(&value));
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn a_field_is_found_by_any_name_and_kind_of_value() {
    let store = store(settings());
    let cases = [
        ("a.b", Value::from(1)),
        ("`\\", Value::from("text")),
        ("~write", Value::from(true)),
        ("nothing", Value::Null),
        ("made_at", Value::from("2026-11-21T14:36:00.5Z")),
        ("sealed", Value::Bytes(vec![0, 255])),
    ];
    for (number, (name, value)) in cases.into_iter().enumerate() {
        let id = number.to_string();
        let document = Document::from_value(Value::Map(vec![(name.into(), value.clone())])).unwrap();
        store.commit(&[Write::Create(Key::new(Collection::Flows, id.as_str()), document)]).await.unwrap();
        let query =
            Query { collection: Collection::Flows, equal: vec![(name, value)], until: None, after: None, limit: 9 };
        let found = store.find(&query).await.unwrap();
        assert_eq!(found.into_iter().map(|found| found.id).collect::<Vec<_>>(), [id], "{name}");
    }
}
