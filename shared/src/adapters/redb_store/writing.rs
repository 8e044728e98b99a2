//! Commits: checked and encoded first, then applied in one transaction or not at all.

use redb::{Database, Durability, Error, ReadableTable, WriteTransaction};

use super::tables::{FACTS, LAST_COMMIT, store_error, table, version};
use crate::{
    adapters::document_rules::{check_writes, encoded},
    ports::documents::{CommitError, Key, StoreError, Version, Write},
};

/// A write that is ready to be applied.
pub(super) struct Prepared {
    key: Key,
    guard: Guard,
    /// The document's bytes; none deletes it.
    bytes: Option<Vec<u8>>,
}

/// What must be true of the document as it is.
enum Guard {
    Absent,
    Is(Version),
    Anything,
}

impl Guard {
    fn holds(&self, current: Option<u64>) -> bool {
        match self {
            Self::Absent => current.is_none(),
            Self::Is(wanted) => current.is_some_and(|commit| version(commit) == *wanted),
            Self::Anything => true,
        }
    }
}

/// Checks and encodes the writes of one commit.
pub(super) fn prepare(writes: &[Write]) -> Result<Vec<Prepared>, StoreError> {
    check_writes(writes)?;
    writes.iter().map(prepared).collect()
}

fn prepared(write: &Write) -> Result<Prepared, StoreError> {
    let (guard, document) = match write {
        Write::Create(_, document) => (Guard::Absent, Some(document)),
        Write::Replace(_, version, document) => (Guard::Is(version.clone()), Some(document)),
        Write::Put(_, document) => (Guard::Anything, Some(document)),
        Write::Delete(_, version) => (Guard::Is(version.clone()), None),
    };
    Ok(Prepared { key: write.key().clone(), guard, bytes: document.map(encoded).transpose()? })
}

/// Applies the writes; answers when they are on the disk.
pub(super) fn commit(database: &Database, writes: &[Prepared]) -> Result<Vec<Option<Version>>, CommitError> {
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    let versions = applied(database, writes).map_err(store_error)?;
    versions.ok_or(CommitError::Refused)
}

/// The new versions, or nothing if a guard did not hold: the transaction is then given up by dropping it.
fn applied(database: &Database, writes: &[Prepared]) -> Result<Option<Vec<Option<Version>>>, Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    let commit = next_commit(&transaction)?;
    let mut versions = Vec::with_capacity(writes.len());
    for write in writes {
        if !apply(&transaction, write, commit)? {
            return Ok(None);
        }
        versions.push(write.bytes.as_ref().map(|_| version(commit)));
    }
    transaction.commit()?;
    Ok(Some(versions))
}

/// Whether the guard held; if so, the write is done.
fn apply(transaction: &WriteTransaction, write: &Prepared, commit: u64) -> Result<bool, Error> {
    let id = write.key.id.as_str();
    let mut documents = transaction.open_table(table(write.key.collection))?;
    let current = documents.get(id)?.map(|row| row.value().0);
    if !write.guard.holds(current) {
        return Ok(false);
    }
    match &write.bytes {
        Some(bytes) => drop(documents.insert(id, (commit, bytes.as_slice()))?),
        None => drop(documents.remove(id)?),
    }
    Ok(true)
}

/// Counts this commit. 2^64 of them are never reached, so the number never repeats.
fn next_commit(transaction: &WriteTransaction) -> Result<u64, Error> {
    let mut facts = transaction.open_table(FACTS)?;
    let commit = facts.get(LAST_COMMIT)?.map_or(1, |last| last.value().wrapping_add(1));
    facts.insert(LAST_COMMIT, commit)?;
    Ok(commit)
}
