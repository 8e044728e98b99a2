//! The store: whether documents can be written, and whether every query of the hub is answered.

use std::error::Error;

use ciborium::Value;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    adapters::firestore_schema::{HubQuery, QUERIES, is_counter},
    ports::{
        clock::Clock,
        documents::{
            Collection, CommitError, Document, Documents, Key, MissingIndex, Query, StoreError, Version, Write,
        },
    },
};

use super::clock::{self, Told};
use crate::{
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

/// How long a probe that was left behind stays, until the store deletes it by itself.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

const UNREACHABLE: &str = "see that the database of HUB_STORE is there, that the account has roles/datastore.user, and that it can be reached";

/// A document that means nothing.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Probe {
    step: u8,
    expires_at: Timestamp,
}

/// What went wrong with a probe.
#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error("it cannot be created")]
    Create(#[source] CommitError),
    #[error("it cannot be read")]
    Read(#[source] StoreError),
    #[error("what was written is not what is read")]
    Other,
    #[error("it cannot be changed")]
    Change(#[source] CommitError),
    #[error("it is changed although it is no longer what it was")]
    Unguarded,
    #[error("it cannot be deleted")]
    Delete(#[source] CommitError),
}

/// Creates, reads, changes and deletes a document in the collection that is there for it, and compares the clocks where the
/// store has one.
pub async fn round_trip(
    documents: &dyn Documents,
    clock: &dyn Clock,
    collection: Collection,
    id: &str,
) -> Vec<Finding> {
    let name = if is_counter(collection) { "counters" } else { "hub" };
    let what = What::one(Kind::Store, name);
    match walk(documents, clock, &Key::new(collection, id)).await {
        Ok(told) => {
            let found = Finding::ok(&what, "a document was created, read, changed and deleted");
            let clock = told.map(|told| clock::judge(&What::one(Kind::Clock, format!("store.{name}")), &told));
            [found].into_iter().chain(clock).collect()
        }
        Err(error) => vec![Finding::fail(&what, one_line(&error), UNREACHABLE)],
    }
}

async fn walk(documents: &dyn Documents, clock: &dyn Clock, key: &Key) -> Result<Option<Told>, ProbeError> {
    let before = clock.now();
    let first = Probe { step: 1, expires_at: later(before) };
    let made = documents.commit(&[Write::Create(key.clone(), document(&first)?)]).await.map_err(ProbeError::Create)?;
    let after = clock.now();
    let version = made.into_iter().next().flatten().ok_or(ProbeError::Other)?;
    let told = documents.written_at(&version).map(|at| Told::exactly(at, before, after));
    let read = documents.read(key).await.map_err(ProbeError::Read)?.ok_or(ProbeError::Other)?;
    if read.document.parse::<Probe>().ok() != Some(first) || read.version != version {
        return Err(ProbeError::Other);
    }
    let second = document(&Probe { step: 2, expires_at: later(before) })?;
    let changed = replace(documents, key, &version, &second).await.map_err(ProbeError::Change)?;
    match replace(documents, key, &version, &second).await {
        Err(CommitError::Refused) => {}
        Ok(_) => return Err(ProbeError::Unguarded),
        Err(error) => return Err(ProbeError::Change(error)),
    }
    let newest = changed.ok_or(ProbeError::Other)?;
    documents.commit(&[Write::Delete(key.clone(), newest)]).await.map_err(ProbeError::Delete)?;
    Ok(told)
}

async fn replace(
    documents: &dyn Documents,
    key: &Key,
    from: &Version,
    to: &Document,
) -> Result<Option<Version>, CommitError> {
    let write = Write::Replace(key.clone(), from.clone(), to.clone());
    Ok(documents.commit(&[write]).await?.into_iter().next().flatten())
}

fn document(probe: &Probe) -> Result<Document, ProbeError> {
    Document::of(probe).map_err(|_| ProbeError::Other)
}

/// To the second, so that every store gives it back as it was.
fn later(now: Timestamp) -> Timestamp {
    let end = now.checked_add(LIFE).unwrap_or(now);
    Timestamp::from_second(end.as_second()).unwrap_or(end)
}

/// Every query of the hub that has fields, or walks a collection.
pub fn queries() -> impl Iterator<Item = (What, Query)> {
    QUERIES.iter().map(|query| {
        let asked = harmless(query);
        let index = MissingIndex::of(&asked);
        (What::one(Kind::Index, format!("{}({})", query.collection.name(), index.fields.join(","))), asked)
    })
}

/// The query with values that no document has: nothing of anybody's is read.
fn harmless(query: &HubQuery) -> Query {
    let value = |field: &str| if field == "shard" { Value::from(-1) } else { Value::from("doctor") };
    Query {
        collection: query.collection,
        equal: query.equal.iter().map(|field| (*field, value(field))).collect(),
        until: query.until.map(|field| (field, Timestamp::UNIX_EPOCH)),
        // Ids end before this one.
        after: (query.equal.is_empty() && query.until.is_none()).then(|| "~".to_owned()),
        limit: 1,
    }
}

/// Whether the query is answered.
pub async fn query(documents: &dyn Documents, what: &What, query: &Query, database: &str) -> Finding {
    match documents.find(query).await {
        Ok(_) => Finding::ok(what, "the query is answered"),
        Err(StoreError::Unavailable(cause)) if cause.is::<MissingIndex>() => {
            let missing = MissingIndex::of(query);
            Finding::fail(what, &missing, how_to_make(&missing, database))
        }
        Err(error) => Finding::fail(what, one_line(&error as &(dyn Error + 'static)), UNREACHABLE),
    }
}

/// The command that makes an index, for whoever does not want to wait for Terraform.
fn how_to_make(index: &MissingIndex, database: &str) -> String {
    let collection = index.collection.name();
    if let [field] = index.fields[..] {
        return format!(
            "apply infra/ (firestore.json names it), or: gcloud firestore indexes fields update {field} \
             --database='{database}' --collection-group={collection} --index=order=ascending,query-scope=collection"
        );
    }
    let fields = index.fields.iter().map(|field| format!(" --field-config=field-path={field},order=ascending"));
    format!(
        "apply infra/ (firestore.json names it), or: gcloud firestore indexes composite create --database='{database}' \
         --collection-group={collection}{}",
        fields.collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use shared::{
        adapters::{redb_store::RedbStore, system::SystemClock},
        testing::absent_store::AbsentStore,
    };

    use super::*;
    use crate::doctor::finding::Standing;

    #[tokio::test]
    async fn a_store_that_works_is_left_as_it_was() {
        let store = RedbStore::in_memory().unwrap();
        for collection in [Collection::Probes, Collection::CounterProbes] {
            let found = round_trip(&store, &SystemClock, collection, "doctor-1").await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].status, Standing::Ok);
            assert_eq!(store.read(&Key::new(collection, "doctor-1")).await.unwrap(), None);
        }
        for (what, asked) in queries() {
            assert_eq!(query(&store, &what, &asked, "hub").await.status, Standing::Ok, "{what}");
        }
    }

    #[tokio::test]
    async fn a_store_that_is_away_fails() {
        let found = round_trip(&AbsentStore, &SystemClock, Collection::Probes, "doctor-1").await;
        assert_eq!(found[0].status, Standing::Fail);
        assert_eq!(found[0].check, "store.hub");
        let (what, asked) = queries().next().unwrap();
        let found = query(&AbsentStore, &what, &asked, "hub").await;
        assert_eq!((found.status, found.check.as_str()), (Standing::Fail, "index.sessions(psu,bank)"));
    }

    #[test]
    fn a_missing_index_comes_with_the_command_that_makes_it() {
        let (_, asked) = queries().nth(1).unwrap();
        let told = how_to_make(&MissingIndex::of(&asked), "(default)");
        assert!(told.ends_with(
            "--database='(default)' --collection-group=sessions --field-config=field-path=shard,order=ascending \
             --field-config=field-path=due_at,order=ascending"
        ));
        let (_, asked) = queries().nth(5).unwrap();
        let told = how_to_make(&MissingIndex::of(&asked), "hub");
        assert!(
            told.contains(" indexes fields update session --database='hub' --collection-group=snapshots "),
            "{told}"
        );
    }
}
