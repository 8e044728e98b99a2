//! One run over the documents, in the order of their ids.

use jiff::Timestamp;

use super::Rewrapped;
use crate::{
    domain::{
        audit::AuditEvent,
        ids::{SessionId, SnapshotId},
        place::Place,
        purpose::Purpose,
        rewrap::{Newest, Position},
        sealed::Sealed,
        session::Session,
        snapshot::Snapshot,
    },
    flows::{
        change::{self, Decision},
        deps::Deps,
        trail::{Subject, Trail},
        trouble::Trouble,
        vault,
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

/// The next documents of a collection, in the order of their ids.
async fn page<R: Record>(deps: &Deps, after: Option<&str>, limit: usize) -> Result<Vec<Loaded<R>>, Trouble> {
    let after = after.map(str::to_owned);
    Ok(deps.store.find(&Query { collection: R::COLLECTION, equal: Vec::new(), until: None, after, limit }).await?)
}

/// One run.
pub(super) struct Walk<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    newest: Newest,
    summary: Rewrapped,
    ends_at: Timestamp,
}

impl<'a> Walk<'a> {
    /// A run that moves values to these versions, until that instant.
    pub(super) fn new(deps: &'a Deps, trail: &'a Trail, newest: Newest, ends_at: Timestamp) -> Self {
        Self { deps, trail, newest, summary: Rewrapped::default(), ends_at }
    }

    /// Sees to everything after that position.
    pub(super) async fn from(mut self, after: Option<Position>) -> Result<Rewrapped, Trouble> {
        let went = self.go_on(after).await;
        // What was moved before something failed was moved.
        if self.summary.rewrapped > 0 {
            tracing::info!(keys.rewrapped = self.summary.rewrapped, "data keys were moved");
        }
        let resume_after = went?;
        Ok(Rewrapped { resume_after, ..self.summary })
    }

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
        if self.newest.get(purpose.name()).is_some_and(|newest| newest == version) {
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
