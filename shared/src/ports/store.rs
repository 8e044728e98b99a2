//! Typed records over the document store: sessions, flows, audit.
//!
//! A record is written together with the audit records of the change, in one commit (promise P11).

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::{
    clock::Clock,
    documents::{
        Collection, CommitError, Document, Documents, Found, Key, Misshapen, Query, StoreError, Stored, Version, Write,
    },
};
use crate::domain::{
    audit::AuditRecord,
    circuit::Circuits,
    flow::Flow,
    ids::{BankId, TenantId},
    readiness::Component,
    session::Session,
    snapshot::Snapshot,
    spike::Shares,
};

/// A type that one collection holds.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The collection.
    const COLLECTION: Collection;

    /// The document's id.
    fn document_id(&self) -> String;
}

impl Record for Session {
    const COLLECTION: Collection = Collection::Sessions;

    fn document_id(&self) -> String {
        self.id.as_str().to_owned()
    }
}

impl Record for Flow {
    const COLLECTION: Collection = Collection::Flows;

    fn document_id(&self) -> String {
        self.id.as_str().to_owned()
    }
}

impl Record for Snapshot {
    const COLLECTION: Collection = Collection::Snapshots;

    fn document_id(&self) -> String {
        self.id().into()
    }
}

impl Record for AuditRecord {
    const COLLECTION: Collection = Collection::Audit;

    fn document_id(&self) -> String {
        self.id()
    }
}

impl Record for Circuits {
    const COLLECTION: Collection = Collection::Circuits;

    fn document_id(&self) -> String {
        self.bank.as_str().to_owned()
    }
}

impl Record for Shares {
    const COLLECTION: Collection = Collection::Spikes;

    fn document_id(&self) -> String {
        self.bank.as_str().to_owned()
    }
}

/// A record as it was read, with the state it can be replaced from.
#[derive(Clone, Debug)]
pub struct Loaded<R> {
    /// The record.
    pub record: R,
    version: Version,
    looked_at: Instant,
    told_at: Option<Timestamp>,
}

impl<R> Loaded<R> {
    /// The time now by the store's own clock, which is the same for all instances whatever their clocks say: when the
    /// store answered, and how long ago it was asked. So it is never earlier than the store's time, and later by no more
    /// than the answer was on its way. A store without a clock leaves the instance's own. To the microsecond.
    pub fn store_now(&self, clock: &dyn Clock) -> Timestamp {
        let age = SignedDuration::try_from(self.age()).unwrap_or(SignedDuration::MAX);
        let now = self.told_at.map(|told| told.checked_add(age).unwrap_or(Timestamp::MAX));
        now.map_or_else(|| clock.now(), |now| Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now))
    }

    /// How long ago the store was asked: the record stood so at that instant or later. Counted by the process's own
    /// steady clock, and from before the answer came: the answer may have been long on its way, or the process have
    /// stood still over it.
    pub fn age(&self) -> Duration {
        self.looked_at.elapsed()
    }
}

/// The store, by records.
#[derive(Clone)]
pub struct Store {
    documents: Arc<dyn Documents>,
}

impl Store {
    /// Records over these documents.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        Self { documents }
    }

    /// The record of that id, if there is one.
    pub async fn load<R: Record>(&self, id: &str) -> Result<Option<Loaded<R>>, StoreError> {
        let looked_at = Instant::now();
        let Some(stored) = self.documents.read(&Key::new(R::COLLECTION, id)).await? else {
            return Ok(None);
        };
        Ok(Some(loaded(stored, looked_at)?))
    }

    /// The records that a query finds.
    pub async fn find<R: Record>(&self, query: &Query) -> Result<Vec<Loaded<R>>, StoreError> {
        let looked_at = Instant::now();
        let typed = |found: Found| loaded(found.stored, looked_at);
        self.documents.find(query).await?.into_iter().map(typed).collect()
    }

    /// Applies all of a change or nothing.
    pub async fn commit(&self, change: Change) -> Result<(), CommitError> {
        let (writes, audits) = change.parts()?;
        self.documents.commit(&writes).await?;
        audits.iter().for_each(Audited::tell);
        Ok(())
    }

    /// Replaces one record, and answers it as it now stands. Refused if it has changed since it was loaded.
    pub async fn replace<R: Record>(
        &self,
        from: &Loaded<R>,
        to: R,
        audit: AuditRecord,
    ) -> Result<Loaded<R>, CommitError> {
        self.replaced(Change::new().replace(from, &to).audit(&audit), to).await
    }

    /// Replaces one record without an audit record: bookkeeping about a call to the bank, which leaves a record itself.
    /// Answers the record as it now stands; refused if it has changed since it was loaded.
    pub async fn note<R: Record>(&self, from: &Loaded<R>, to: R) -> Result<Loaded<R>, CommitError> {
        self.replaced(Change::new().replace(from, &to), to).await
    }

    async fn replaced<R>(&self, change: Change, to: R) -> Result<Loaded<R>, CommitError> {
        let looked_at = Instant::now();
        let (writes, audits) = change.parts()?;
        let versions = self.documents.commit(&writes).await?;
        audits.iter().for_each(Audited::tell);
        let version = versions.into_iter().next().flatten();
        let version = version.ok_or_else(|| StoreError::Damaged("the store named no version".into()))?;
        let told_at = self.documents.written_at(&version);
        Ok(Loaded { record: to, version, looked_at, told_at })
    }

    /// What the store was last found to lack, from memory.
    pub fn missing(&self) -> Vec<Component> {
        self.documents.missing()
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.documents.ready().await
    }
}

/// Several writes that hold together.
#[derive(Debug, Default)]
pub struct Change {
    writes: Vec<Write>,
    audits: Vec<Audited>,
    misshapen: Option<Misshapen>,
}

/// What the log tells of a change's audit record once the change is in the store: enough to count it.
#[derive(Debug)]
struct Audited {
    kind: &'static str,
    outcome: Option<String>,
    tenant: Option<TenantId>,
    bank: Option<BankId>,
}

impl Audited {
    fn of(record: &AuditRecord) -> Self {
        Self {
            kind: record.event.kind(),
            outcome: record.event.outcome().map(str::to_owned),
            tenant: record.tenant.clone(),
            bank: record.bank.clone(),
        }
    }

    fn tell(&self) {
        tracing::info!(
            audit.kind = self.kind,
            audit.outcome = self.outcome.as_deref(),
            tenant.id = self.tenant.as_ref().map(TenantId::as_str),
            bank.id = self.bank.as_ref().map(BankId::as_str),
            "a change was written"
        );
    }
}

impl Change {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a record; the change is refused if one of that id exists.
    #[must_use]
    pub fn create<R: Record>(self, record: &R) -> Self {
        self.with(record, Write::Create)
    }

    /// Replaces a record; the change is refused if it has changed since it was loaded.
    #[must_use]
    pub fn replace<R: Record>(self, from: &Loaded<R>, to: &R) -> Self {
        self.with(to, |key, document| Write::Replace(key, from.version.clone(), document))
    }

    /// Creates or replaces a record, whatever was there.
    #[must_use]
    pub fn put<R: Record>(self, record: &R) -> Self {
        self.with(record, Write::Put)
    }

    /// Deletes a record; the change is refused if it has changed since it was loaded.
    #[must_use]
    pub fn delete<R: Record>(mut self, from: &Loaded<R>) -> Self {
        let key = Key::new(R::COLLECTION, from.record.document_id());
        self.writes.push(Write::Delete(key, from.version.clone()));
        self
    }

    /// Adds the audit record of this change.
    #[must_use]
    pub fn audit(mut self, record: &AuditRecord) -> Self {
        self.audits.push(Audited::of(record));
        self.create(record)
    }

    fn with<R: Record>(mut self, record: &R, write: impl FnOnce(Key, Document) -> Write) -> Self {
        match Document::of(record) {
            Ok(document) => self.writes.push(write(Key::new(R::COLLECTION, record.document_id()), document)),
            Err(error) => self.misshapen = Some(error),
        }
        self
    }

    fn parts(self) -> Result<(Vec<Write>, Vec<Audited>), StoreError> {
        match self.misshapen {
            None => Ok((self.writes, self.audits)),
            Some(error) => Err(damaged(error)),
        }
    }
}

fn loaded<R: Record>(stored: Stored, looked_at: Instant) -> Result<Loaded<R>, StoreError> {
    let Stored { document, version, told_at } = stored;
    Ok(Loaded { record: document.parse().map_err(damaged)?, version, looked_at, told_at })
}

fn damaged(error: Misshapen) -> StoreError {
    StoreError::Damaged(Box::new(error))
}
