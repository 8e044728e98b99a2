//! Moves every sealed value under the newest key encryption keys, so that an old version can be disabled (K4).
//!
//! First the sessions, then the last good answers, each in the order of their ids. Only the wrapped data key is
//! replaced; no payload is decrypted. Each document is changed by compare-and-set, so the job may be killed anywhere, run
//! twice at once and started again: every value opens at every instant. A value whose old key is already gone is counted
//! and left as it is (K5).
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
    trail::{Subject, Trail},
    trouble::Trouble,
    vault,
};
use crate::{
    domain::{
        audit::AuditEvent,
        ids::{MalformedId, SessionId, SnapshotId},
        place::Place,
        purpose::Purpose,
        sealed::Sealed,
        session::Session,
        snapshot::Snapshot,
    },
    ports::{
        documents::{CommitError, Query},
        store::{Loaded, Record},
    },
};

/// How many sessions are read at once.
const PAGE: usize = 100;

/// How many last good answers are read at once: each may be large.
const PAGE_OF_ANSWERS: usize = 10;

/// How long one run goes on: well within the time that the hub works on one request.
const BUDGET: Duration = Duration::from_secs(20);

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rewrapped {
    /// Sessions that were looked at.
    pub sessions: u32,
    /// Last good answers that were looked at.
    pub snapshots: u32,
    /// Values that were moved under the newest key.
    pub rewrapped: u32,
    /// Values that could not be moved: their key is gone, or they are damaged.
    pub failed: u32,
    /// How many values stand under which version of which key, as they were found.
    pub found: BTreeMap<String, u32>,
    /// Where the next run must go on, if this one ran out of time before it had seen all.
    #[schema(value_type = Option<String>)]
    pub resume_after: Option<Position>,
}

/// How far a run has come: the last document that it saw to. As text it is that document's id, which tells by its form
/// what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Position {
    /// A session; all last good answers come after it.
    Session(SessionId),
    /// A last good answer; all sessions came before it.
    Snapshot(SnapshotId),
}

impl Position {
    /// The position of that text.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        SessionId::parse(text).map(Self::Session).or_else(|_| SnapshotId::parse(text).map(Self::Snapshot))
    }
}

/// Goes through everything after that position, until all is seen or the time is over.
pub async fn run(deps: &Deps, trail: &Trail, after: Option<Position>) -> Result<Rewrapped, Trouble> {
    let ends_at = deps.now() + BUDGET;
    let mut job = Job { deps, trail, newest: BTreeMap::new(), summary: Rewrapped::default(), ends_at };
    let went = job.go_on(after).await;
    // What was moved before something failed was moved.
    if job.summary.rewrapped > 0 {
        tracing::info!(keys.rewrapped = job.summary.rewrapped, "data keys were moved");
    }
    let resume_after = went?;
    Ok(Rewrapped { resume_after, ..job.summary })
}

/// The next documents of a collection, in the order of their ids.
async fn page<R: Record>(deps: &Deps, after: Option<&str>, limit: usize) -> Result<Vec<Loaded<R>>, Trouble> {
    let after = after.map(str::to_owned);
    Ok(deps.store.find(&Query { collection: R::COLLECTION, equal: Vec::new(), until: None, after, limit }).await?)
}

struct Job<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    /// The newest version of each purpose's key, asked for once a run.
    newest: BTreeMap<&'static str, String>,
    summary: Rewrapped,
    ends_at: Timestamp,
}

impl Job<'_> {
    /// Answers where the next run must go on, if the time is over before all is seen.
    async fn go_on(&mut self, after: Option<Position>) -> Result<Option<Position>, Trouble> {
        let session = match after {
            None => None,
            Some(Position::Session(session)) => Some(session),
            Some(Position::Snapshot(snapshot)) => return self.answers(Some(snapshot)).await,
        };
        match self.sessions(session).await? {
            Some(position) => Ok(Some(position)),
            None => self.answers(None).await,
        }
    }

    async fn sessions(&mut self, mut after: Option<SessionId>) -> Result<Option<Position>, Trouble> {
        loop {
            let sessions = page::<Session>(self.deps, after.as_ref().map(SessionId::as_str), PAGE).await?;
            let is_last = sessions.len() < PAGE;
            for session in sessions {
                let id = session.record.id.clone();
                self.see_to(session).await?;
                if self.is_over() {
                    return Ok(Some(Position::Session(id)));
                }
                after = Some(id);
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    async fn answers(&mut self, mut after: Option<SnapshotId>) -> Result<Option<Position>, Trouble> {
        loop {
            let after_that = after.as_ref().map(SnapshotId::as_str);
            let answers = page::<Snapshot>(self.deps, after_that, PAGE_OF_ANSWERS).await?;
            let is_last = answers.len() < PAGE_OF_ANSWERS;
            for answer in answers {
                let id = answer.record.id();
                self.see_to_answer(answer).await?;
                if self.is_over() {
                    return Ok(Some(Position::Snapshot(id)));
                }
                after = Some(id);
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.deps.now() >= self.ends_at
    }

    /// One that was overwritten meanwhile is under the newest key already.
    async fn see_to_answer(&mut self, loaded: Loaded<Snapshot>) -> Result<(), Trouble> {
        self.summary.snapshots += 1;
        let place = loaded.record.place();
        let Some((_, sealed)) = self.moved(Purpose::Payloads, &place, &loaded.record.sealed).await? else {
            return Ok(());
        };
        let Snapshot { session, tenant, .. } = loaded.record.clone();
        let subject = Subject { tenant: Some(tenant), session: Some(session), ..Subject::default() };
        let audit = self.trail.record(subject, AuditEvent::KeysRewrapped, self.deps.now());
        let moved = Snapshot { sealed, ..loaded.record.clone() };
        match self.deps.store.replace(&loaded, moved, audit).await {
            Ok(_) => self.summary.rewrapped += 1,
            Err(CommitError::Refused) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

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
