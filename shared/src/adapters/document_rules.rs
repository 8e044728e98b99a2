//! What every document store checks before it takes a document: ids, sizes, and the writes of one commit.

use std::collections::BTreeSet;

use crate::ports::documents::{Document, Key, MAX_DOCUMENT_BYTES, StoreError, Write};

/// A key's id, or a list of writes, is not what the port asks for: a mistake in the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misuse {
    /// The id breaks the port's rule.
    #[error(
        "a document's id is empty, too long, kept by a store for itself, or has a character that ids must not have"
    )]
    Id,
    /// No store says what two writes to one document at once would mean.
    #[error("one commit has two writes to one document")]
    TwoWrites,
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        Self::Unavailable(Box::new(misuse))
    }
}

const LONGEST_ID: usize = 200;

/// Refuses ids that not every store takes.
pub(crate) fn check_id(id: &str) -> Result<(), Misuse> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let good = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(allowed) && !is_kept(id);
    if good { Ok(()) } else { Err(Misuse::Id) }
}

/// Ids with a meaning of their own in some store.
fn is_kept(id: &str) -> bool {
    id == "." || id == ".." || (id.len() >= 4 && id.starts_with("__") && id.ends_with("__"))
}

/// Refuses writes with ids that not every store takes, and two writes to one document.
pub(crate) fn check_writes(writes: &[Write]) -> Result<(), Misuse> {
    let keys: BTreeSet<&Key> = writes.iter().map(Write::key).collect();
    if keys.len() < writes.len() {
        return Err(Misuse::TwoWrites);
    }
    keys.into_iter().try_for_each(|key| check_id(&key.id))
}

/// The document's CBOR bytes, unless they are more than any store takes.
pub(crate) fn encoded(document: &Document) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(document.as_value(), &mut bytes).map_err(|error| StoreError::Damaged(Box::new(error)))?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(StoreError::TooLarge) } else { Ok(bytes) }
}
