//! One promise's own documents in one collection, and short ways to write and read them.

use std::{fmt, sync::Arc};

use ciborium::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::documents::{Collection, CommitError, Document, Documents, Found, Key, Query, Version, Write};

/// What the suite's documents hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The scratch area, so that queries of one do not meet another's documents.
    pub(super) scratch: String,
    pub(super) number: i64,
    pub(super) text: String,
    pub(super) done: bool,
    pub(super) due_at: Option<Timestamp>,
    #[serde(with = "serde_bytes")]
    pub(super) sealed: Vec<u8>,
}

impl Note {
    pub(super) fn document(&self) -> Document {
        Document::of(self).unwrap()
    }
}

/// A promise's own part of a collection.
#[derive(Clone)]
pub(super) struct Scratch {
    pub(super) store: Arc<dyn Documents>,
    pub(super) collection: Collection,
    name: String,
}

impl fmt::Display for Scratch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} in {}", self.name, self.collection.name())
    }
}

impl Scratch {
    pub(super) fn new(store: &Arc<dyn Documents>, collection: Collection, run: &str, promise: &str) -> Self {
        Self { store: Arc::clone(store), collection, name: format!("{run}.{promise}") }
    }

    /// The area of the same name in another collection.
    pub(super) fn elsewhere(&self, collection: Collection) -> Self {
        Self { collection, ..self.clone() }
    }

    pub(super) fn key(&self, name: &str) -> Key {
        Key::new(self.collection, format!("{}.{name}", self.name))
    }

    pub(super) fn note(&self, number: i64) -> Note {
        let scratch = self.name.clone();
        Note { scratch, number, text: String::new(), done: false, due_at: None, sealed: Vec::new() }
    }

    pub(super) fn document(&self, number: i64) -> Document {
        self.note(number).document()
    }

    /// Commits what must succeed.
    pub(super) async fn commit(&self, writes: &[Write]) -> Vec<Option<Version>> {
        let versions = self.store.commit(writes).await.unwrap_or_else(|error| panic!("{self}: {error:?}"));
        assert_eq!(versions.len(), writes.len(), "{self}: not one answer for each write");
        versions
    }

    /// Commits one write that must succeed, and answers the version it made.
    pub(super) async fn write(&self, write: Write) -> Version {
        let versions = self.commit(&[write]).await;
        versions.into_iter().next().flatten().unwrap_or_else(|| panic!("{self}: no version"))
    }

    /// Commits what a guard must refuse.
    pub(super) async fn refuse(&self, writes: &[Write]) {
        let outcome = self.store.commit(writes).await;
        assert!(matches!(outcome, Err(CommitError::Refused)), "{self}: {outcome:?} where a guard must refuse");
    }

    pub(super) async fn create(&self, name: &str, number: i64) -> Version {
        self.write(Write::Create(self.key(name), self.document(number))).await
    }

    pub(super) async fn read(&self, name: &str) -> Option<(Note, Version)> {
        let stored = self.store.read(&self.key(name)).await.unwrap_or_else(|error| panic!("{self}: {error:?}"))?;
        Some((stored.document.parse().unwrap(), stored.version))
    }

    /// The number in that document, if it is there.
    pub(super) async fn number(&self, name: &str) -> Option<i64> {
        self.read(name).await.map(|(note, _)| note.number)
    }

    /// A query of this scratch area for what equals these values too.
    pub(super) fn query(&self, equal: &[(&'static str, Value)]) -> Query {
        let mut all = vec![("scratch", Value::from(self.name.as_str()))];
        all.extend_from_slice(equal);
        Query { collection: self.collection, equal: all, until: None, after: None, limit: 1_000 }
    }

    pub(super) async fn find(&self, query: &Query) -> Vec<Found> {
        self.store.find(query).await.unwrap_or_else(|error| panic!("{self}: {error:?}"))
    }

    /// The numbers in the documents that the query finds, in its order.
    pub(super) async fn numbers(&self, query: &Query) -> Vec<i64> {
        let number = |found: Found| found.stored.document.parse::<Note>().unwrap().number;
        self.find(query).await.into_iter().map(number).collect()
    }
}
