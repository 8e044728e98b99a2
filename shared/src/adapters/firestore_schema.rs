//! Every query the hub makes, and what Firestore must be set up with for them. `infra/firestore.json` is made from
//! this, so that what is set up and what is asked for cannot differ.
//!
//! Firestore by itself indexes every field of every document. The hub wants none of that: each index costs a write, and
//! an index on a field that rises with time takes no more than 500 writes a second. So every collection is exempt, and
//! the queries listed here have composite indexes.

use serde::Serialize;

use crate::ports::documents::{Collection, Query, StoreError};

/// The form of one query: which fields it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubQuery {
    /// The collection.
    pub collection: Collection,
    /// The fields that must equal a value.
    pub equal: &'static [&'static str],
    /// The instant that puts the answer in order.
    pub until: Option<&'static str>,
}

/// Every query the hub makes.
pub const QUERIES: [HubQuery; 8] = [
    // A newer consent ends older ones: the sessions of one PSU at one bank.
    HubQuery { collection: Collection::Sessions, equal: &["psu", "bank"], until: None },
    // Upkeep: what is due, shard by shard.
    HubQuery { collection: Collection::Sessions, equal: &["shard"], until: Some("due_at") },
    // The jobs: what is to be refreshed, shard by shard, and what a CRM is to be told, so that none waits for another.
    HubQuery { collection: Collection::Sessions, equal: &["shard"], until: Some("balances_due_at") },
    HubQuery { collection: Collection::Sessions, equal: &["shard"], until: Some("tokens_due_at") },
    HubQuery { collection: Collection::Sessions, equal: &["tenant", "shard"], until: Some("events_due_at") },
    // An end: the last good answers of one session.
    HubQuery { collection: Collection::Snapshots, equal: &["session"], until: None },
    // Rewrapping: all of them, in order of their names, for which no index is needed.
    HubQuery { collection: Collection::Sessions, equal: &[], until: None },
    HubQuery { collection: Collection::Snapshots, equal: &[], until: None },
];

/// Documents that Firestore may delete by itself, some time after an instant of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeToLive {
    /// The collection.
    pub collection: Collection,
    /// The top-level field with the instant.
    pub field: &'static str,
}

/// Everything that Firestore may delete by itself: only what nobody misses. Never sessions, whose tokens must be revoked
/// first.
pub const TIMES_TO_LIVE: [TimeToLive; 5] = [
    TimeToLive { collection: Collection::Flows, field: "expires_at" },
    TimeToLive { collection: Collection::Snapshots, field: "expires_at" },
    TimeToLive { collection: Collection::Bans, field: "until_at" },
    TimeToLive { collection: Collection::Probes, field: "expires_at" },
    TimeToLive { collection: Collection::CounterProbes, field: "expires_at" },
];

/// Whether the collection is kept in the second database, where there is one: it counts, and loses nothing that cannot
/// be asked for again.
pub const fn is_counter(collection: Collection) -> bool {
    match collection {
        Collection::Ledgers
        | Collection::Circuits
        | Collection::Spikes
        | Collection::Bans
        | Collection::Jobs
        | Collection::CounterProbes => true,
        Collection::Sessions | Collection::Flows | Collection::Snapshots | Collection::Audit | Collection::Probes => {
            false
        }
    }
}

/// What `infra/firestore.json` holds.
pub fn infrastructure() -> impl Serialize {
    Infrastructure {
        collections: Collection::ALL
            .map(|collection| Exempt { collection: collection.name(), database: database(collection) }),
        indexes: QUERIES.iter().filter_map(index).collect(),
        times_to_live: TIMES_TO_LIVE.map(|TimeToLive { collection, field }| Expiring {
            collection: collection.name(),
            database: database(collection),
            field,
        }),
    }
}

/// Refuses a query that is not listed, because Firestore would have no index for it.
pub(super) fn check(query: &Query) -> Result<(), StoreError> {
    let until = query.until.map(|(name, _)| name);
    let names: Vec<&str> = query.equal.iter().map(|(name, _)| *name).collect();
    let is_listed = QUERIES.iter().any(|listed| {
        let same_equal = listed.equal.len() == names.len() && listed.equal.iter().all(|name| names.contains(name));
        listed.collection == query.collection && listed.until == until && same_equal
    });
    let unlisted = Unlisted { collection: query.collection.name(), equal: names, until };
    if is_listed { Ok(()) } else { Err(StoreError::Unavailable(unlisted.to_string().into())) }
}

/// A query has no index: a mistake in the hub.
#[derive(Debug, thiserror::Error)]
#[error("firestore_schema does not list the query of {collection} by {equal:?} until {until:?}")]
struct Unlisted<'a> {
    collection: &'static str,
    equal: Vec<&'a str>,
    until: Option<&'a str>,
}

#[derive(Serialize)]
struct Infrastructure {
    /// No field of these is indexed by itself.
    collections: [Exempt; Collection::ALL.len()],
    indexes: Vec<Index>,
    times_to_live: [Expiring; TIMES_TO_LIVE.len()],
}

#[derive(Serialize)]
struct Exempt {
    collection: &'static str,
    database: &'static str,
}

#[derive(Serialize)]
struct Index {
    collection: &'static str,
    database: &'static str,
    fields: Vec<Indexed>,
}

#[derive(Serialize)]
struct Indexed {
    field: &'static str,
    order: &'static str,
}

#[derive(Serialize)]
struct Expiring {
    collection: &'static str,
    database: &'static str,
    field: &'static str,
}

/// The index that answers the query; the document's name is in every index, last.
fn index(query: &HubQuery) -> Option<Index> {
    let fields: Vec<Indexed> =
        query.equal.iter().copied().chain(query.until).map(|field| Indexed { field, order: "ASCENDING" }).collect();
    let (collection, database) = (query.collection.name(), database(query.collection));
    (!fields.is_empty()).then_some(Index { collection, database, fields })
}

const fn database(collection: Collection) -> &'static str {
    if is_counter(collection) { "counters" } else { "hub" }
}

#[cfg(test)]
mod tests {
    use ciborium::Value;
    use jiff::Timestamp;

    use super::*;

    fn due() -> Query {
        Query {
            collection: Collection::Sessions,
            equal: vec![("shard", Value::from(1))],
            until: Some(("due_at", Timestamp::UNIX_EPOCH)),
            after: None,
            limit: 1,
        }
    }

    #[test]
    fn lists_what_the_jobs_ask_for() {
        check(&due()).unwrap();
        check(&Query { equal: Vec::new(), until: None, ..due() }).unwrap();
    }

    #[test]
    fn names_a_query_that_is_not_listed() {
        let others = [
            Query { collection: Collection::Flows, ..due() },
            Query { equal: Vec::new(), ..due() },
            Query { equal: vec![("tenant", Value::Null)], ..due() },
            Query { until: None, ..due() },
            Query { until: Some(("created_at", Timestamp::UNIX_EPOCH)), ..due() },
        ];
        for query in others {
            let StoreError::Unavailable(cause) = check(&query).unwrap_err() else { panic!("another error") };
            assert!(cause.to_string().contains(query.collection.name()), "{cause}");
        }
    }

    #[test]
    fn only_what_nobody_misses_is_deleted() {
        let probes = [Collection::Probes, Collection::CounterProbes];
        let expendable = [[Collection::Flows, Collection::Snapshots].as_slice(), &[Collection::Bans], &probes].concat();
        assert!(TIMES_TO_LIVE.iter().all(|ttl| expendable.contains(&ttl.collection) && ttl.field.ends_with("_at")));
    }
}
