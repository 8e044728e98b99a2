//! The embedded store: every collection in one crash-safe file (redb), for a laptop, a demo and tests. One process at
//! a time may have it open.
//!
//! Each document is a row (number of the commit that wrote it, CBOR bytes) under its id, in its collection's table.
//! That number is the document's version: it only grows, so that not even a deleted and re-created document meets an
//! old version again.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use redb::Database;
use tokio::task::{self, JoinError};

use super::document_rules;
use crate::ports::documents::{CommitError, Documents, Found, Key, Query, StoreError, Stored, Version, Write};

mod finding;
mod opening;
mod tables;
mod writing;

pub use opening::OpenError;

/// The embedded store. Cheap to clone; clones share the file.
#[derive(Clone, Debug)]
pub struct RedbStore {
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the store in that file, or creates it there, with its folder, for its owner only. A file that others may
    /// read is closed to them. After a crash the last acknowledged commit stands.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let database = Arc::new(opening::open(path)?);
        Ok(Self { database })
    }

    /// A new store in memory, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn in_memory() -> Result<Self, redb::Error> {
        Ok(Self { database: Arc::new(opening::in_memory()?) })
    }

    /// Runs work on the file where blocking harms nobody. It goes on even if the caller stops waiting.
    async fn blocking<T, E>(&self, work: impl FnOnce(&Database) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        let outcome = task::spawn_blocking(move || work(&database)).await;
        outcome.map_err(gave_up)?
    }
}

#[async_trait]
impl Documents for RedbStore {
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        document_rules::check_id(&key.id)?;
        let key = key.clone();
        self.blocking(move |database| finding::read(database, &key)).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError> {
        let writes = writing::prepare(writes)?;
        self.blocking(move |database| writing::commit(database, &writes)).await
    }

    /// The file has no clock.
    fn written_at(&self, _: &Version) -> Option<Timestamp> {
        None
    }

    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError> {
        let query = query.clone();
        self.blocking(move |database| finding::find(database, &query)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Reads may still be answered from memory after the file has failed; a write transaction tells.
        self.blocking(|database| {
            let transaction = database.begin_write().map_err(tables::store_error)?;
            transaction.abort().map_err(tables::store_error)
        })
        .await
    }
}

/// The library answers some kinds of damage with a panic.
fn gave_up(error: JoinError) -> StoreError {
    if error.is_panic() { StoreError::Damaged(Box::new(error)) } else { StoreError::Unavailable(Box::new(error)) }
}

#[cfg(test)]
mod tests;
