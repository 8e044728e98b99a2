//! How documents lie in the file, and what its errors mean.

use redb::{AccessGuard, Error, TableDefinition};

use crate::ports::documents::{Collection, Document, Misshapen, StoreError, Stored, Version};

/// A document's row: the number of the commit that wrote it, and its CBOR bytes.
pub(super) type Row = (u64, &'static [u8]);

/// Facts about the whole file.
pub(super) const FACTS: TableDefinition<&str, u64> = TableDefinition::new("facts");

/// The fact that names the layout of the file.
pub(super) const LAYOUT: &str = "layout";

/// The layout that this code reads and writes.
pub(super) const LAYOUT_VERSION: u64 = 1;

/// The fact that holds the number of the last commit.
pub(super) const LAST_COMMIT: &str = "last_commit";

/// The table of that collection.
pub(super) const fn table(collection: Collection) -> TableDefinition<'static, &'static str, Row> {
    TableDefinition::new(collection.name())
}

/// The version that a commit gives to what it writes.
pub(super) fn version(commit: u64) -> Version {
    Version::new(commit.to_be_bytes())
}

/// The document in a row.
pub(super) fn stored(row: &AccessGuard<'_, Row>) -> Result<Stored, StoreError> {
    let (commit, bytes) = row.value();
    let value = ciborium::from_reader(bytes).map_err(|error| StoreError::Damaged(Box::new(error)))?;
    let document = Document::from_value(value).map_err(|error: Misshapen| StoreError::Damaged(Box::new(error)))?;
    Ok(Stored { document, version: version(commit) })
}

/// A key's id, or a list of writes, is not what the port asks for: a mistake in the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misuse {
    #[error("a document's id is empty, too long, or has a character that ids must not have")]
    Id,
    #[error("one commit has two writes to one document")]
    TwoWrites,
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        Self::Unavailable(Box::new(misuse))
    }
}

const LONGEST_ID: usize = 200;

/// Refuses ids outside the alphabet that every store takes.
pub(super) fn check_id(id: &str) -> Result<(), Misuse> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let good = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(allowed);
    if good { Ok(()) } else { Err(Misuse::Id) }
}

/// What an error of the file means for the store.
pub(super) fn store_error(error: impl Into<Error>) -> StoreError {
    let error = error.into();
    if is_damage(&error) { StoreError::Damaged(Box::new(error)) } else { StoreError::Unavailable(Box::new(error)) }
}

fn is_damage(error: &Error) -> bool {
    matches!(
        error,
        Error::Corrupted(_)
            | Error::TableTypeMismatch { .. }
            | Error::TableIsMultimap(_)
            | Error::TableDoesNotExist(_)
            | Error::TypeDefinitionChanged { .. }
    )
}
