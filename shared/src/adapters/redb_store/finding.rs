//! Reads and queries. A query looks at every document of its collection: fine for a laptop's numbers, and it spares
//! the file every index.

use ciborium::Value;
use jiff::Timestamp;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use super::tables::{Row, store_error, stored, table};
use crate::ports::documents::{Collection, Document, Found, Key, Query, StoreError, Stored};

/// The document of that key.
pub(super) fn read(database: &Database, key: &Key) -> Result<Option<Stored>, StoreError> {
    let documents = open(database, key.collection)?;
    let row = documents.get(key.id.as_str()).map_err(store_error)?;
    row.as_ref().map(stored).transpose()
}

/// The documents that match, all as they were at one instant.
pub(super) fn find(database: &Database, query: &Query) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for entry in open(database, query.collection)?.iter().map_err(store_error)? {
        let (id, row) = entry.map_err(store_error)?;
        if query.after.as_ref().is_some_and(|after| id.value() <= after.as_str()) {
            continue;
        }
        let stored = stored(&row)?;
        if matches(query, &stored.document) {
            found.push(Found { id: id.value().to_owned(), stored });
        }
    }
    if let Some((name, _)) = query.until {
        // The table is in order of the ids, and this sort keeps that order among equals.
        found.sort_by_cached_key(|found| instant(&found.stored.document, name));
    }
    found.truncate(query.limit);
    Ok(found)
}

fn open(database: &Database, collection: Collection) -> Result<ReadOnlyTable<&'static str, Row>, StoreError> {
    let transaction = database.begin_read().map_err(store_error)?;
    transaction.open_table(table(collection)).map_err(store_error)
}

fn matches(query: &Query, document: &Document) -> bool {
    let is_equal = |(name, wanted): &(&str, Value)| document.field(name) == Some(wanted);
    let is_due = |(name, latest)| instant(document, name).is_some_and(|at| at <= latest);
    query.equal.iter().all(is_equal) && query.until.is_none_or(is_due)
}

fn instant(document: &Document, name: &str) -> Option<Timestamp> {
    document.field(name).and_then(Value::as_text)?.parse().ok()
}
