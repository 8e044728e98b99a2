//! Changes one session by compare-and-set: decide on what is there, write, and decide anew if somebody was quicker.

use std::time::Duration;

use jiff::Timestamp;

use super::{deps::Deps, events, trail::Trail, trouble::Trouble};
use crate::{
    domain::{audit::AuditEvent, ids::SessionId, session::Session},
    ports::{documents::CommitError, store::Loaded},
};

/// How often a change is decided anew. One session has few writers; more than this is a fault.
const TRIES: u32 = 20;

/// What to do with a session.
pub(super) enum Decision {
    /// Write this, with that record.
    Write(Box<Session>, AuditEvent),
    /// Write this without a record: bookkeeping about a call that leaves a record itself.
    Note(Box<Session>),
    /// Leave it as it is.
    Leave,
}

/// Decides and writes until it holds, and has the CRM told in the same commit what it wants to be told of the change.
/// Answers the session as it then stands.
pub(super) async fn change<E: From<Trouble>>(
    deps: &Deps,
    trail: &Trail,
    mut loaded: Loaded<Session>,
    mut decide: impl FnMut(&Session, Timestamp) -> Result<Decision, E>,
) -> Result<Loaded<Session>, E> {
    for tries in 0..TRIES {
        let now = deps.now();
        let (mut session, event) = match decide(&loaded.record, now)? {
            Decision::Write(session, event) => (session, Some(event)),
            Decision::Note(session) => (session, None),
            Decision::Leave => return Ok(loaded),
        };
        events::tell_of_change(deps, &loaded.record, &mut session, now);
        let audit = event.map(|event| trail.record(&*session, event, now));
        let written = match audit {
            Some(audit) => deps.store.replace(&loaded, *session, audit).await,
            None => deps.store.note(&loaded, *session).await,
        };
        match written {
            Ok(written) => return Ok(written),
            Err(CommitError::Refused) => loaded = load(deps, &loaded.record.id).await?,
            Err(CommitError::Failed(error)) => return Err(Trouble::from(error).into()),
        }
        tokio::time::sleep(Duration::from_millis(u64::from(tries) * 5)).await;
    }
    Err(Trouble::Contention.into())
}

/// A session that is known to exist: sessions are ended, never deleted, while somebody works on them.
pub(super) async fn load(deps: &Deps, id: &SessionId) -> Result<Loaded<Session>, Trouble> {
    deps.store.load(id.as_str()).await?.ok_or(Trouble::Integrity)
}
