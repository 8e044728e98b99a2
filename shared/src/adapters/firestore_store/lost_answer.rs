//! Finds out whether a commit landed whose answer never came.
//!
//! Firestore applies a commit whole, so one document that carries the commit's mark proves all of it. Without such a
//! document the commit has not landed, if every guarded document is still as the guard wants it; it may land later, but
//! then it makes the guard of a repeat fail, so that of all rounds at most one lands.

use std::collections::HashMap;

use firestore::gcloud_sdk::google::firestore::v1::Document as Raw;

use super::{
    calls::Operation,
    reading::{get, mark_of, version_of},
    writing::Batch,
};
use crate::ports::documents::{StoreError, Version, Write};

/// What the documents show of a commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// It landed, and this is the version it made.
    Landed(Version),
    /// It has not landed, and may safely be sent again.
    NotYet,
    /// Others have written meanwhile, or no write of it leaves a trace.
    Lost,
}

/// Reads the documents of a commit back.
pub(super) async fn look(batch: &Batch<'_>, operation: &Operation<'_>) -> Result<Trace, StoreError> {
    let names = batch.writes.iter().map(|write| batch.database.name_of(write.key())).collect();
    let documents: Vec<Raw> = get(batch.database, operation, names).await?.into_iter().map(|(raw, _)| raw).collect();
    if let Some(ours) = documents.iter().find(|document| mark_of(document) == Some(&batch.mark)) {
        return version_of(ours).map(Trace::Landed);
    }
    let documents: HashMap<&str, &Raw> = documents.iter().map(|document| (document.name.as_str(), document)).collect();
    let standing = batch.writes.iter().map(|write| {
        let name = batch.database.name_of(write.key());
        stands(write, documents.get(name.as_str()).copied())
    });
    let mut guarded = false;
    for stands in standing.flatten() {
        guarded = true;
        if !stands {
            return Ok(Trace::Lost);
        }
    }
    Ok(if guarded { Trace::NotYet } else { Trace::Lost })
}

/// Whether the document still is as the write's guard wants it; nothing for a write without a guard.
fn stands(write: &Write, document: Option<&Raw>) -> Option<bool> {
    match write {
        Write::Create(..) => Some(document.is_none()),
        Write::Replace(_, from, _) | Write::Delete(_, from) => {
            Some(document.is_some_and(|document| version_of(document).is_ok_and(|version| version == *from)))
        }
        Write::Put(..) => None,
    }
}
