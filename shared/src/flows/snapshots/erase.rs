//! Erases the last good answers of a session that the CRM has ended.

use ciborium::Value;

use crate::{
    domain::{audit::AuditEvent, ids::SessionId, session::Session, snapshot::Snapshot},
    flows::{
        change::{self, Decision},
        deps::Deps,
        trail::Trail,
        trouble::Trouble,
    },
    ports::{
        documents::{Collection, CommitError, Query},
        store::{Change, Loaded},
    },
};

/// How many are erased at once.
const BATCH: usize = 50;

/// How many batches one try takes: more than any session can have, unless somebody keeps adding to them.
const BATCHES: u32 = 100;

/// Tries once to erase what was kept of the session, and notes in it how that went.
pub async fn erase(deps: &Deps, trail: &Trail, loaded: Loaded<Session>) -> Result<Loaded<Session>, Trouble> {
    let erased = erase_all(deps, &loaded.record.id).await;
    if let Err(error) = &erased {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, session.id = %loaded.record.id, "the last good answers were not erased yet");
    }
    let done = erased.is_ok();
    let decide = |session: &Session, now| {
        if session.erasure.is_none() {
            return Ok(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.note_erasure(done, now);
        Ok(Decision::Write(session, AuditEvent::SnapshotsErased { done }))
    };
    change::change(deps, trail, loaded, decide).await
}

async fn erase_all(deps: &Deps, session: &SessionId) -> Result<(), Trouble> {
    let query = Query {
        collection: Collection::Snapshots,
        equal: vec![("session", Value::from(session.as_str()))],
        until: None,
        after: None,
        limit: BATCH,
    };
    for _ in 0..BATCHES {
        let found: Vec<Loaded<Snapshot>> = deps.store.find(&query).await?;
        if found.is_empty() {
            return Ok(());
        }
        let change = found.iter().fold(Change::new(), Change::delete);
        match deps.store.commit(change).await {
            Ok(()) if found.len() < BATCH => return Ok(()),
            // One was overwritten by a reading that had begun before the end: it is looked for again.
            Ok(()) | Err(CommitError::Refused) => {}
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contention)
}
