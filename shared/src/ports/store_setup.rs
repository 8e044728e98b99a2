//! How the store was set up: indexes, and what it deletes by itself.

use async_trait::async_trait;

/// One of the databases of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichDatabase {
    /// Sessions, flows, snapshots and audit records.
    Hub,
    /// Ledgers, circuits, spikes, bans and jobs.
    Counters,
}

/// Whether a thing that was asked for is there by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupState {
    /// It is.
    Ready,
    /// It is being made.
    Making,
    /// It could not be made.
    Broken,
}

/// A composite index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSetup {
    /// The collection's name.
    pub collection: String,
    /// The fields in order, without the document's name.
    pub fields: Vec<String>,
    /// Whether it answers queries.
    pub state: SetupState,
}

/// A field by which documents are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpirySetup {
    /// The collection's name.
    pub collection: String,
    /// The field.
    pub field: String,
    /// Whether it works.
    pub state: SetupState,
}

/// How a database was set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Its composite indexes.
    pub indexes: Vec<IndexSetup>,
    /// What it deletes by itself.
    pub expiries: Vec<ExpirySetup>,
}

/// It is not known how the store was set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// We have no right to look.
    #[error("the right to look at indexes is missing")]
    Denied,
    /// The store's own interface for this does not answer, or not well.
    #[error("the store does not say how it was set up")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Tells how the store was set up.
#[async_trait]
pub trait StoreSetup: Send + Sync + 'static {
    /// Indexes and expiries of that database; none if there is no such database.
    async fn setup(&self, database: WhichDatabase) -> Result<Option<Setup>, SetupError>;
}
