//! The store in the cloud: Firestore, through its own gRPC calls `BatchGetDocuments`, `Commit` and `RunQuery`.
//!
//! A document's version is its `update_time`. Firestore gives a write that changes nothing no new one, so that each
//! write carries 16 random bytes of its own, which are taken away again when the document is read. The same bytes tell
//! a commit whose answer was lost from anybody else's.
//!
//! Nothing is connected before the first use, and a broken connection is made anew by the next use.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    document_rules,
    firestore_schema::{self, is_counter},
    missing::Missing,
};
use crate::{
    domain::readiness::Component,
    ports::{
        documents::{
            Collection, CommitError, Documents, Found, Key, MissingIndex, Query, StoreError, Stored, Version, Write,
        },
        entropy::Entropy,
    },
};

mod calls;
mod connection;
mod faults;
mod finding;
mod lost_answer;
mod reading;
mod size;
mod values;
mod writing;

use calls::Gate;
use connection::Database;

/// Where the documents are, and how long a call may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirestoreSettings {
    /// The Google Cloud project.
    pub project: String,
    /// The database; usually `(default)`.
    pub database: String,
    /// A second database for ledgers, circuits, spikes and bans, if they are kept apart.
    pub counters: Option<String>,
    /// Host and port of an emulator to use instead of the service.
    pub emulator: Option<String>,
    /// What bounds every use of it.
    pub limits: FirestoreLimits,
}

/// What bounds every use of Firestore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirestoreLimits {
    /// The longest that one call may take.
    pub call: Duration,
    /// The longest that an operation may take, with every call made for it and the waits between them.
    pub operation: Duration,
    /// How many operations may be under way; one more fails at once.
    pub in_flight: usize,
}

impl Default for FirestoreLimits {
    fn default() -> Self {
        Self { call: Duration::from_secs(3), operation: Duration::from_secs(8), in_flight: 200 }
    }
}

/// The store in Firestore. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct FirestoreStore {
    parts: Arc<Parts>,
}

struct Parts {
    hub: Database,
    counters: Option<Database>,
    gate: Gate,
    entropy: Arc<dyn Entropy>,
    any_query: bool,
    missing: Missing<Component>,
}

impl FirestoreStore {
    /// The store of these settings. Nothing is looked up or connected yet.
    pub fn new(settings: FirestoreSettings, entropy: Arc<dyn Entropy>) -> Self {
        Self { parts: Arc::new(Parts::new(settings, entropy, false)) }
    }

    /// A store that answers queries which `firestore_schema` does not list, for tests of the port.
    #[cfg(any(test, feature = "testing"))]
    pub fn answering_any_query(settings: FirestoreSettings, entropy: Arc<dyn Entropy>) -> Self {
        Self { parts: Arc::new(Parts::new(settings, entropy, true)) }
    }
}

impl Parts {
    fn new(settings: FirestoreSettings, entropy: Arc<dyn Entropy>, any_query: bool) -> Self {
        let FirestoreSettings { project, database, counters, emulator, limits } = settings;
        let open = |name: &str| Database::new(&project, name, emulator.as_deref(), limits.call);
        Self {
            hub: open(&database),
            counters: counters.filter(|name| *name != database).map(|name| open(&name)),
            gate: Gate::new(limits, Arc::clone(&entropy)),
            entropy,
            any_query,
            missing: Missing::new(),
        }
    }

    /// Remembers whether a query lacked its index. What else went wrong says nothing about that.
    fn note<T>(&self, query: &Query, outcome: &Result<T, StoreError>) {
        let index = MissingIndex::of(query).component();
        match outcome {
            Ok(_) => self.missing.note(index, None),
            Err(StoreError::Unavailable(cause)) if cause.is::<MissingIndex>() => {
                self.missing.note(index.clone(), Some(index));
            }
            Err(_) => {}
        }
    }

    /// The database that holds the collection.
    fn database(&self, collection: Collection) -> &Database {
        self.counters.as_ref().filter(|_| is_counter(collection)).unwrap_or(&self.hub)
    }
}

#[async_trait]
impl Documents for FirestoreStore {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        document_rules::check_id(&key.id)?;
        let operation = self.parts.gate.enter()?;
        reading::read(self.parts.database(key.collection), &operation, key).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let Some(batch) = writing::prepare(&self.parts, writes)? else { return Ok(Vec::new()) };
        let operation = self.parts.gate.enter()?;
        writing::commit(&batch, &operation).await
    }

    fn written_at(&self, version: &Version) -> Option<Timestamp> {
        reading::time_of(version).as_ref().and_then(reading::instant)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        if !self.parts.any_query {
            firestore_schema::check(query)?;
        }
        let operation = self.parts.gate.enter()?;
        let outcome = finding::find(self.parts.database(query.collection), &operation, query).await;
        self.parts.note(query, &outcome);
        outcome
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let operation = self.parts.gate.enter()?;
        for database in [Some(&self.parts.hub), self.parts.counters.as_ref()].into_iter().flatten() {
            reading::read(database, &operation, &Key::new(Collection::Circuits, "ready")).await?;
        }
        Ok(())
    }

    fn missing(&self) -> Vec<Component> {
        self.parts.missing.all()
    }
}

#[cfg(test)]
mod tests;
