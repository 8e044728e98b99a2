//! The document store: single-document compare-and-set and create-if-absent, and commits of several such writes that
//! hold together or not at all.
//!
//! These are the semantics that Firestore keeps cheap under contention (preconditions), and that one embedded file
//! keeps as well. Promises, held by `testing::documents`:
//!
//! - **Linearizable.** A read that starts after a commit was acknowledged sees it.
//! - **All or nothing.** A commit applies every write or none, also over a crash.
//! - **Guarded.** [`Write::Create`] applies only if the document is absent, [`Write::Replace`] and [`Write::Delete`]
//!   only if its version is still the one given. Of writers that start from the same version exactly one succeeds.
//! - **Durable.** An acknowledged commit outlives the process.
//! - **One time for all, if any.** A store that has a clock of its own tells with what it reads when it looked
//!   ([`Stored::told_at`]), and of each version when it was written ([`Documents::written_at`]); otherwise neither. All
//!   instances are told the same time. A read that starts after a commit was acknowledged tells no earlier time than that
//!   commit's.
//! - **Unknown is said.** [`CommitError::Failed`] may mean that the commit landed although the answer was lost: whoever
//!   goes on must recognise its own write (owner and generation in the document, or a fixed id).

use async_trait::async_trait;
use ciborium::Value;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::domain::readiness::Component;

/// The hub's collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collection {
    /// One document per session: consent, sealed tokens, leases.
    Sessions,
    /// Authorisations under way, by the hash of `state`.
    Flows,
    /// Instants of background reads, by the hash of bank, consent, account and kind.
    Ledgers,
    /// Circuit per bank and operation; written on failure and change only.
    Circuits,
    /// Fleet budget per bank, handed out in slices.
    Spikes,
    /// Last good answers, sealed.
    Snapshots,
    /// Who is refused until when.
    Bans,
    /// Which instance runs which job, and what the jobs know of a bank.
    Jobs,
    /// One record per request and step; created, never changed.
    Audit,
    /// Where `hub doctor` tries whether documents can be written; holds nothing that anybody needs.
    Probes,
    /// The same in the second database.
    CounterProbes,
}

impl Collection {
    /// Every collection.
    pub const ALL: [Self; 11] = [
        Self::Sessions,
        Self::Flows,
        Self::Ledgers,
        Self::Circuits,
        Self::Spikes,
        Self::Snapshots,
        Self::Bans,
        Self::Jobs,
        Self::Audit,
        Self::Probes,
        Self::CounterProbes,
    ];

    /// The collection's name in the store and in associated data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Flows => "flows",
            Self::Ledgers => "ledgers",
            Self::Circuits => "circuits",
            Self::Spikes => "spikes",
            Self::Snapshots => "snapshots",
            Self::Bans => "bans",
            Self::Jobs => "jobs",
            Self::Audit => "audit",
            Self::Probes => "probes",
            Self::CounterProbes => "counter_probes",
        }
    }
}

/// Where one document lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The collection.
    pub collection: Collection,
    /// The document's id: 1 to 200 bytes of ASCII letters, digits, `-`, `_`, `.` and `~`; neither `.` nor `..` nor one
    /// that begins and ends with two `_`.
    pub id: String,
}

impl Key {
    /// The key of that document.
    pub fn new(collection: Collection, id: impl Into<String>) -> Self {
        Self { collection, id: id.into() }
    }
}

/// What a document holds: a CBOR map (RFC 8949) with text keys.
///
/// By convention a field whose name ends in `_at` holds an instant as RFC 3339 text or null, so that a store with a
/// type of its own for instants can use it (down to the microsecond); sealed values are byte strings.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Value);

/// A document did not have the shape that the reader expects.
#[derive(Debug, thiserror::Error)]
#[error("the stored document does not have the expected shape")]
pub struct Misshapen(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Document {
    /// The document of a record.
    pub fn of<R: Serialize>(record: &R) -> Result<Self, Misshapen> {
        let value = Value::serialized(record).map_err(|error| Misshapen(Box::new(error)))?;
        Self::from_value(value)
    }

    /// The record in the document.
    pub fn parse<R: DeserializeOwned>(&self) -> Result<R, Misshapen> {
        self.0.deserialized().map_err(|error| Misshapen(Box::new(error)))
    }

    /// A document made of a CBOR value, which must be a map with text keys.
    pub fn from_value(value: Value) -> Result<Self, Misshapen> {
        let is_record = |entries: &Vec<(Value, Value)>| entries.iter().all(|(key, _)| key.is_text());
        match value.as_map() {
            Some(entries) if is_record(entries) => Ok(Self(value)),
            _ => Err(Misshapen("the value is not a map with text keys".into())),
        }
    }

    /// The document as a CBOR map.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// One top-level field.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let entries = self.0.as_map()?;
        entries.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
    }
}

/// Names one state of one document. Only equality means anything, and only within that document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(Vec<u8>);

impl Version {
    /// For adapters: the version that the store tells.
    pub fn new(mark: impl Into<Vec<u8>>) -> Self {
        Self(mark.into())
    }

    /// For adapters: what [`Version::new`] was given.
    pub fn mark(&self) -> &[u8] {
        &self.0
    }
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// What it holds.
    pub document: Document,
    /// Which state this is.
    pub version: Version,
    /// When the store looked, by its own clock, if it has one; to the microsecond.
    pub told_at: Option<Timestamp>,
}

/// One guarded write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the document; refused if it exists.
    Create(Key, Document),
    /// Replaces the document; refused unless it exists in that version.
    Replace(Key, Version, Document),
    /// Creates or replaces, whatever was there.
    Put(Key, Document),
    /// Deletes the document; refused unless it exists in that version.
    Delete(Key, Version),
}

impl Write {
    /// The document that is written.
    pub fn key(&self) -> &Key {
        match self {
            Self::Create(key, _) | Self::Replace(key, _, _) | Self::Put(key, _) | Self::Delete(key, _) => key,
        }
    }
}

/// Which documents are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The collection.
    pub collection: Collection,
    /// Top-level fields and the values they must equal.
    pub equal: Vec<(&'static str, Value)>,
    /// A top-level `_at` field and the latest instant wanted; documents without it are left out. The answer is in
    /// ascending order of this field, then of the id.
    pub until: Option<(&'static str, Timestamp)>,
    /// Only documents whose id comes after this one, in ascending order of ids: the next page of a walk through a
    /// collection. Not together with `until`.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// A document that a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The document as it was.
    pub stored: Stored,
}

/// The store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, is too slow, or refuses us.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the store holds is damaged.
    #[error("the store holds damaged data")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The document is larger than any store takes (1 MiB less some room for names).
    #[error("the document is too large for the store")]
    TooLarge,
}

/// A commit did not succeed, or it is not known whether it did.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A guard did not hold. Nothing was written.
    #[error("a guard of the commit did not hold")]
    Refused,
    /// The store failed. Unless it is [`StoreError::TooLarge`], the writes may or may not have landed.
    #[error("the commit failed")]
    Failed(#[from] StoreError),
}

/// Too many writers wanted the same documents at once. Nothing was written. Adapters give it as the cause of
/// [`StoreError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("too many changes at once")]
pub struct Contention(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A query wants an index that the store does not have. Adapters give it as the cause of [`StoreError::Unavailable`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index {} is missing", self.component())]
pub struct MissingIndex {
    /// The collection.
    pub collection: Collection,
    /// The fields, in the index's order.
    pub fields: Vec<&'static str>,
}

impl MissingIndex {
    /// The index that a query of this form wants.
    pub fn of(query: &Query) -> Self {
        let equal = query.equal.iter().map(|(field, _)| *field);
        Self { collection: query.collection, fields: equal.chain(query.until.map(|(field, _)| field)).collect() }
    }

    /// The index as what is missing.
    pub fn component(&self) -> Component {
        Component::Index { collection: self.collection.name(), fields: self.fields.clone() }
    }
}

/// The largest document any store takes, as CBOR bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1_000_000;

/// The store. See the module's text for its promises.
#[async_trait]
pub trait Documents: Send + Sync + 'static {
    /// The document, if it is there.
    async fn read(&self, key: &Key) -> Result<Option<Stored>, StoreError>;

    /// Applies all the writes or none. No document may stand in two writes of one commit. Answers the new version of
    /// each written document, in the order of the writes (`None` for a deletion).
    async fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Version>>, CommitError>;

    /// When that version was written, by the store's own clock, if it has one; to the microsecond.
    fn written_at(&self, version: &Version) -> Option<Timestamp>;

    /// The documents that match, each as it was at some instant during the call.
    async fn find(&self, query: &Query) -> Result<Vec<Found>, StoreError>;

    /// Whether the store answers: a cheap call for `/ready`.
    async fn ready(&self) -> Result<(), StoreError>;

    /// What the store was last found to lack. From memory: nothing is asked.
    fn missing(&self) -> Vec<Component> {
        Vec::new()
    }
}
