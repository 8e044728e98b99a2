//! Finding what is due, the earliest first.

use ciborium::Value;

use super::Work;
use crate::{
    domain::session::Session,
    flows::trouble::Trouble,
    ports::{
        documents::{Collection, Query},
        store::Loaded,
    },
};

/// How many sessions are read at once.
pub(super) const PAGE: usize = 100;

/// The most that are read at once: those that are read again because they still wait included.
pub(super) const LARGEST: usize = 1_000;

/// Whether anything is due in a shard: one read, whatever is.
pub(super) async fn is_any_due(work: &Work, shard: u8) -> Result<bool, Trouble> {
    Ok(!due(work, shard, 1).await?.is_empty())
}

/// The sessions of a shard that are due, as many as asked for.
pub(super) async fn due(work: &Work, shard: u8, limit: usize) -> Result<Vec<Loaded<Session>>, Trouble> {
    let query = Query {
        collection: Collection::Sessions,
        equal: vec![("shard", Value::from(shard))],
        until: Some((work.job.due_field(), work.due_until)),
        after: None,
        limit,
    };
    Ok(work.deps.store.find(&query).await?)
}
