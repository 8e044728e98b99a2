//! Reads. `BatchGetDocuments` says of a document that it is missing; `GetDocument` would answer the same `NOT_FOUND` for
//! a missing document and for a missing database.

use firestore::gcloud_sdk::{
    google::firestore::v1::{
        BatchGetDocumentsRequest, Document as Raw, Value as Field, batch_get_documents_response::Result as Got,
        value::ValueType,
    },
    prost_types::Timestamp,
    tonic::{Request, Status},
};

use super::{
    calls::Operation,
    connection::{Client, Database},
    values::{WRITE_MARK, document_of},
};
use crate::ports::documents::{Key, StoreError, Stored, Version};

/// The document of that key.
pub(super) async fn read(
    database: &Database,
    operation: &Operation<'_>,
    key: &Key,
) -> Result<Option<Stored>, StoreError> {
    let found = get(database, operation, vec![database.name_of(key)]).await?;
    found.into_iter().next().map(|(raw, read_at)| stored(raw, read_at.as_ref())).transpose()
}

/// A document, and when Firestore read it.
pub(super) type Read = (Raw, Option<Timestamp>);

/// Those of the named documents that are there, in no order, each with the time at which it was read.
pub(super) async fn get(
    database: &Database,
    operation: &Operation<'_>,
    names: Vec<String>,
) -> Result<Vec<Read>, StoreError> {
    let client = database.client().await?;
    let request =
        BatchGetDocumentsRequest { database: database.path().to_owned(), documents: names, ..Default::default() };
    let call = || all(client.clone(), operation.request(request.clone()));
    operation.read(call).await
}

async fn all(mut client: Client, request: Request<BatchGetDocumentsRequest>) -> Result<Vec<Read>, Status> {
    let mut answers = client.batch_get_documents(request).await?.into_inner();
    let mut found = Vec::new();
    while let Some(answer) = answers.message().await? {
        if let Some(Got::Found(document)) = answer.result {
            found.push((document, answer.read_time));
        }
    }
    Ok(found)
}

/// A document as the port gives it, with the time at which it was read.
pub(super) fn stored(raw: Raw, read_at: Option<&Timestamp>) -> Result<Stored, StoreError> {
    let version = version_of(&raw)?;
    let document = document_of(raw.fields)?;
    Ok(Stored { document, version, told_at: read_at.and_then(instant) })
}

/// Firestore's time as the port tells it: to the microsecond.
pub(super) fn instant(at: &Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(at.seconds, at.nanos / 1_000 * 1_000).ok()
}

/// The version of a document that was read.
pub(super) fn version_of(raw: &Raw) -> Result<Version, StoreError> {
    let told = raw.update_time.as_ref().map(version);
    told.ok_or_else(|| StoreError::Damaged("Firestore told no time of the last write".into()))
}

/// What the last write wrote into the hidden field.
pub(super) fn mark_of(raw: &Raw) -> Option<&[u8]> {
    match raw.fields.get(WRITE_MARK) {
        Some(Field { value_type: Some(ValueType::BytesValue(mark)) }) => Some(mark),
        _ => None,
    }
}

/// The time of a write as a version.
pub(super) fn version(at: &Timestamp) -> Version {
    let mut mark = at.seconds.to_be_bytes().to_vec();
    mark.extend(at.nanos.to_be_bytes());
    Version::new(mark)
}

/// The time of the write that made a version, if the version is one of Firestore's.
pub(super) fn time_of(version: &Version) -> Option<Timestamp> {
    let (seconds, nanos) = version.mark().split_first_chunk::<8>()?;
    let nanos = <[u8; 4]>::try_from(nanos).ok()?;
    Some(Timestamp { seconds: i64::from_be_bytes(*seconds), nanos: i32::from_be_bytes(nanos) })
}
