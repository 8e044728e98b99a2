//! Commits: checked and encoded first, then sent as one call with a precondition for each guard.

use firestore::gcloud_sdk::{
    google::firestore::v1::{
        CommitRequest, CommitResponse, Document as Raw, Precondition, Write as RawWrite, WriteResult,
        precondition::ConditionType, value::ValueType, write::Operation as RawOperation,
    },
    tonic::Status,
};

use super::{
    Parts,
    calls::Operation,
    connection::{Client, Database},
    faults::{Fault, fault, store_error},
    lost_answer::{self, Trace},
    reading::{time_of, version},
    size,
    values::{WRITE_MARK, fields_of, wrap},
};
use crate::{
    adapters::document_rules::{check_writes, encoded},
    ports::{
        documents::{CommitError, Document, Key, StoreError, Version, Write},
        entropy::random,
    },
};

/// How often a commit that met contention is sent again.
const CONTENDED_ROUNDS: u32 = 6;

/// The writes of one commit, ready to be sent.
pub(super) struct Batch<'a> {
    pub(super) database: &'a Database,
    pub(super) writes: &'a [Write],
    /// What this commit alone writes into the hidden field of each document.
    pub(super) mark: [u8; 16],
    request: CommitRequest,
}

/// The writes of one commit stand in both databases: a mistake in the hub.
#[derive(Debug, thiserror::Error)]
#[error("one commit cannot write to both databases")]
struct TwoDatabases;

/// Checks and encodes the writes of one commit; none are no batch.
pub(super) fn prepare<'a>(parts: &'a Parts, writes: &'a [Write]) -> Result<Option<Batch<'a>>, CommitError> {
    let Some(first) = writes.first() else { return Ok(None) };
    check_writes(writes).map_err(StoreError::from)?;
    let database = parts.database(first.key().collection);
    if writes.iter().any(|write| !std::ptr::eq(parts.database(write.key().collection), database)) {
        return Err(StoreError::Unavailable(Box::new(TwoDatabases)).into());
    }
    let mark = random(&*parts.entropy).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    let writes_sent = writes.iter().map(|write| raw(database, write, mark)).collect::<Result<_, _>>()?;
    let request = CommitRequest { database: database.path().to_owned(), writes: writes_sent, ..Default::default() };
    Ok(Some(Batch { database, writes, mark, request }))
}

fn raw(database: &Database, write: &Write, mark: [u8; 16]) -> Result<RawWrite, CommitError> {
    let name = database.name_of(write.key());
    let (guard, operation) = match write {
        Write::Create(key, document) => {
            (Some(ConditionType::Exists(false)), RawOperation::Update(raw_document(name, key, document, mark)?))
        }
        Write::Replace(key, from, document) => {
            (Some(is(from)?), RawOperation::Update(raw_document(name, key, document, mark)?))
        }
        Write::Put(key, document) => (None, RawOperation::Update(raw_document(name, key, document, mark)?)),
        Write::Delete(_, from) => (Some(is(from)?), RawOperation::Delete(name)),
    };
    let current_document = guard.map(|guard| Precondition { condition_type: Some(guard) });
    Ok(RawWrite { current_document, operation: Some(operation), ..Default::default() })
}

/// No document of Firestore is in a version that Firestore did not make.
fn is(from: &Version) -> Result<ConditionType, CommitError> {
    time_of(from).map(ConditionType::UpdateTime).ok_or(CommitError::Refused)
}

fn raw_document(name: String, key: &Key, document: &Document, mark: [u8; 16]) -> Result<Raw, StoreError> {
    encoded(document)?;
    let mut fields = fields_of(document)?;
    fields.insert(WRITE_MARK.to_owned(), wrap(ValueType::BytesValue(mark.to_vec())));
    if size::of(key, &fields) > size::LARGEST {
        return Err(StoreError::TooLarge);
    }
    Ok(Raw { name, fields, ..Default::default() })
}

/// Applies the writes.
pub(super) async fn commit(batch: &Batch<'_>, operation: &Operation<'_>) -> Result<Vec<Option<Version>>, CommitError> {
    let client = batch.database.client().await?;
    // Whether an earlier round may have landed, or may still.
    let mut in_doubt = false;
    for round in 0.. {
        let status = match send(&client, batch, operation).await {
            Ok(answer) => return versions(batch, &answer),
            Err(status) => status,
        };
        let again = match fault(&status) {
            Fault::Guard if !in_doubt => return Err(CommitError::Refused),
            Fault::Contention => round < CONTENDED_ROUNDS,
            Fault::Guard | Fault::Unclear => {
                in_doubt = true;
                match lost_answer::look(batch, operation).await? {
                    Trace::Landed(version) => return Ok(all_in(batch, &version)),
                    Trace::NotYet => fault(&status) == Fault::Unclear,
                    Trace::Lost => false,
                }
            }
            Fault::Turned | Fault::Lasting => false,
        };
        if !(again && operation.pause(round).await) {
            return Err(store_error(status).into());
        }
    }
    Err(StoreError::Unavailable("no commit succeeded".into()).into())
}

async fn send(client: &Client, batch: &Batch<'_>, operation: &Operation<'_>) -> Result<CommitResponse, Status> {
    let mut client = client.clone();
    let answer = operation.call(client.commit(operation.request(batch.request.clone()))).await?;
    Ok(answer.into_inner())
}

/// The version that each write made.
fn versions(batch: &Batch<'_>, answer: &CommitResponse) -> Result<Vec<Option<Version>>, CommitError> {
    let results = answer.write_results.iter().map(Some).chain(std::iter::repeat(None));
    let made = |(write, result): (&Write, Option<&WriteResult>)| {
        if matches!(write, Write::Delete(..)) {
            return Ok(None);
        }
        let at = result.and_then(|result| result.update_time.as_ref()).or(answer.commit_time.as_ref());
        let unsaid = || StoreError::Damaged("Firestore told no time of the commit".into());
        Ok(Some(version(at.ok_or_else(unsaid)?)))
    };
    batch.writes.iter().zip(results).map(made).collect()
}

/// That version for each document that was written: all of a commit is written at one time.
fn all_in(batch: &Batch<'_>, version: &Version) -> Vec<Option<Version>> {
    let made = |write: &Write| (!matches!(write, Write::Delete(..))).then(|| version.clone());
    batch.writes.iter().map(made).collect()
}
