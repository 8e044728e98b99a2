//! Moves every sealed value under the newest key encryption keys, so that an old version can be disabled (K4).
//!
//! Only the wrapped data key is replaced; no payload is decrypted. Each session is changed by compare-and-set, so the
//! job may be killed anywhere, run twice at once and started again: every value opens at every instant. A value whose
//! old key is already gone is counted and left as it is (K5).
//!
//! What belongs to an authorisation under way is left out: it ends by itself within the hour, so the old version of the
//! key `flow` is disabled an hour after the rotation.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    change::{self, Decision},
    deps::Deps,
    trail::Trail,
    trouble::Trouble,
    vault,
};
use crate::{
    domain::{audit::AuditEvent, ids::SessionId, place::Place, purpose::Purpose, sealed::Sealed, session::Session},
    ports::{
        documents::{Collection, Query},
        store::Loaded,
    },
};

/// How many sessions are read at once.
const PAGE: usize = 100;

/// How long one run goes on: well within the time that the hub works on one request.
const BUDGET: Duration = Duration::from_secs(20);

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rewrapped {
    /// Sessions that were looked at.
    pub sessions: u32,
    /// Values that were moved under the newest key.
    pub rewrapped: u32,
    /// Values that could not be moved: their key is gone, or they are damaged.
    pub failed: u32,
    /// How many values stand under which version of which key, as they were found.
    pub found: BTreeMap<String, u32>,
    /// Where the next run must go on, if this one ran out of time before it had seen all.
    #[schema(value_type = Option<String>)]
    pub resume_after: Option<SessionId>,
}

/// Goes through every session after that one, in order of ids, until all are seen or the time is over.
pub async fn run(deps: &Deps, trail: &Trail, after: Option<SessionId>) -> Result<Rewrapped, Trouble> {
    let mut job = Job { deps, trail, newest: BTreeMap::new(), summary: Rewrapped::default() };
    let ends_at = deps.now() + BUDGET;
    let mut after = after;
    loop {
        let sessions = page(deps, after.as_ref()).await?;
        let is_last = sessions.len() < PAGE;
        for session in sessions {
            after = Some(session.record.id.clone());
            job.see_to(session).await?;
            if deps.now() >= ends_at {
                job.summary.resume_after = after;
                return Ok(job.summary);
            }
        }
        if is_last {
            return Ok(job.summary);
        }
    }
}

async fn page(deps: &Deps, after: Option<&SessionId>) -> Result<Vec<Loaded<Session>>, Trouble> {
    let after = after.map(|id| id.as_str().to_owned());
    let query = Query { collection: Collection::Sessions, equal: Vec::new(), until: None, after, limit: PAGE };
    Ok(deps.store.find(&query).await?)
}

struct Job<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    /// The newest version of each purpose's key, asked for once a run.
    newest: BTreeMap<&'static str, String>,
    summary: Rewrapped,
}

impl Job<'_> {
    async fn see_to(&mut self, loaded: Loaded<Session>) -> Result<(), Trouble> {
        self.summary.sessions += 1;
        let mut session = loaded.record.clone();
        let mut moved = Vec::new();
        for value in session.sealed_values() {
            moved.extend(self.moved(value.purpose, &value.place, value.sealed).await?);
        }
        if moved.is_empty() {
            return Ok(());
        }
        let decide = |session: &Session, _: Timestamp| {
            let mut session = Box::new(session.clone());
            // What was replaced or destroyed meanwhile is left as it is.
            match replace(&mut session, &moved) {
                0 => Ok::<_, Trouble>(Decision::Leave),
                _ => Ok(Decision::Write(session, AuditEvent::KeysRewrapped)),
            }
        };
        let count = u32::try_from(moved.len()).unwrap_or(u32::MAX);
        match change::change(self.deps, self.trail, loaded, decide).await {
            Ok(_) => self.summary.rewrapped += count,
            // Somebody works on this session without a pause; the next run comes back to it.
            Err(Trouble::Contention) => self.summary.failed += count,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The value as it is and as it is to be; nothing if it need not or cannot be moved. That no key can be reached ends
    /// the run.
    async fn moved(
        &mut self,
        purpose: Purpose,
        place: &Place,
        sealed: &Sealed,
    ) -> Result<Option<(Sealed, Sealed)>, Trouble> {
        let Ok(version) = vault::version_of(sealed) else {
            self.summary.failed += 1;
            return Ok(None);
        };
        *self.summary.found.entry(format!("{purpose}: {version}")).or_default() += 1;
        if version == self.newest(purpose, place).await? {
            return Ok(None);
        }
        match self.deps.vault.rewrap(purpose, place, sealed).await {
            Ok(rewrapped) => Ok(rewrapped.map(|rewrapped| (sealed.clone(), rewrapped))),
            Err(error @ (vault::VaultError::KeysUnavailable(_) | vault::VaultError::NoEntropy(_))) => Err(error.into()),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, place = %place.document, alert = "key_unavailable", "a value stays under its old key");
                self.summary.failed += 1;
                Ok(None)
            }
        }
    }

    async fn newest(&mut self, purpose: Purpose, place: &Place) -> Result<String, Trouble> {
        if let Some(version) = self.newest.get(purpose.name()) {
            return Ok(version.clone());
        }
        let version = self.deps.vault.newest_version(purpose, place).await?;
        self.newest.insert(purpose.name(), version.clone());
        Ok(version)
    }
}

/// Puts each moved value in the place of the one it was made from, where that still stands. Answers how many.
fn replace(session: &mut Session, moved: &[(Sealed, Sealed)]) -> usize {
    let mut count = 0;
    for value in session.sealed_values() {
        if let Some((_, new)) = moved.iter().find(|(old, _)| old == value.sealed) {
            *value.sealed = new.clone();
            count += 1;
        }
    }
    count
}
