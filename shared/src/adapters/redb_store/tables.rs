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
    Ok(Stored { document, version: version(commit), told_at: None })
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
