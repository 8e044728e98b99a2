//! Claiming sessions: moving the instant at which one is due ahead, by compare-and-set. Whoever does so makes the refresh.

use std::time::Duration;

use jiff::Timestamp;

use super::{Work, outcome::Skip};
use crate::{
    domain::{bank::Bank, ids::SessionId, job_lease::Job, schedule, session::Session},
    flows::{change, refresh::LOOK_LASTS, trouble::Trouble},
    ports::{documents::CommitError, store::Loaded},
};

/// How long a session rests whose bank has no document.
const UNKNOWN_BANK_RESTS: Duration = Duration::from_hours(24);

/// Between refreshes of balances where the bank does not say.
const USUAL: Duration = Duration::from_hours(12);

impl Work {
    /// The session as it is, looked at again if the look is old; `None` if it is no longer due.
    pub(super) async fn still_due(&self, loaded: Loaded<Session>) -> Result<Option<Loaded<Session>>, Trouble> {
        let is_old = loaded.age() > LOOK_LASTS;
        let loaded = if is_old { change::load(&self.deps, &loaded.record.id).await? } else { loaded };
        let is_due = self.due_at(&loaded.record).is_some_and(|due| due <= self.due_until);
        Ok(is_due.then_some(loaded))
    }

    /// Sets when the session is due next. `None` if somebody else has changed it meanwhile: the claim is theirs, or a
    /// later run's.
    ///
    /// A write whose answer is lost is not tried again: it may have landed, and somebody else's would look the same. Then
    /// the refresh is left out until it is due next.
    pub(super) async fn claim(
        &self,
        loaded: &Loaded<Session>,
        next: Option<Timestamp>,
    ) -> Result<Option<Loaded<Session>>, Trouble> {
        let mut session = loaded.record.clone();
        match self.job {
            Job::RefreshBalances => session.balances_due_at = next,
            Job::RefreshTokens => session.tokens_due_at = next,
        }
        match self.deps.store.note(loaded, session).await {
            Ok(claimed) => Ok(Some(claimed)),
            Err(CommitError::Refused) => Ok(None),
            Err(CommitError::Failed(error)) => Err(error.into()),
        }
    }

    /// Leaves a refresh out, and sets when the session is due next.
    pub(super) async fn skip(
        &self,
        loaded: &Loaded<Session>,
        skip: Skip,
        next: Option<Timestamp>,
    ) -> Result<Skip, Trouble> {
        Ok(self.claim(loaded, next).await?.map_or(Skip::Taken, |_| skip))
    }

    /// Puts a session off whose bank takes no calls before that instant.
    pub(super) async fn put_off(&self, loaded: Loaded<Session>, skip: Skip, until: Timestamp) -> Result<Skip, Trouble> {
        let Some(loaded) = self.still_due(loaded).await? else { return Ok(Skip::Taken) };
        let next = self.after(&loaded.record, until);
        self.skip(&loaded, skip, Some(next)).await
    }

    /// When a session comes back that could not be refreshed before that instant.
    pub(super) fn after(&self, session: &Session, until: Timestamp) -> Timestamp {
        let now = self.deps.now();
        let Ok(bank) = self.deps.bank(&session.bank) else { return now + UNKNOWN_BANK_RESTS };
        again(self.job, bank, &session.id, session, until, now)
    }
}

fn again(job: Job, bank: &Bank, id: &SessionId, session: &Session, until: Timestamp, now: Timestamp) -> Timestamp {
    match job {
        Job::RefreshTokens => schedule::tokens_again(bank, id, until.max(now)),
        Job::RefreshBalances => {
            let consent = session.access.as_ref().map(|access| &access.consent);
            let interval = consent.and_then(|consent| schedule::interval(bank, consent));
            schedule::put_off(id, interval.unwrap_or(USUAL), until, now)
        }
    }
}
