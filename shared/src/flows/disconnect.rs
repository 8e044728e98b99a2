//! Ends a session: unusable at once, its last good answers erased, then ended at the bank, then its keys destroyed
//! (promise P13).

use super::{
    change::{Decision, change},
    deps::Deps,
    revoke,
    snapshots::erase,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{audit::AuditEvent, session::Session},
    ports::store::Loaded,
};

/// Ends the session for the CRM, then tries once to erase its last good answers and to end it at the bank; what is left is tried again by upkeep. Ending
/// an ended session tries what is left.
pub async fn disconnect(deps: &Deps, trail: &Trail, loaded: Loaded<Session>) -> Result<Session, Trouble> {
    let ended = end(deps, trail, loaded).await?;
    let ended = erase(deps, trail, ended).await;
    if ended.record.revocation().is_settled() {
        return Ok(ended.record);
    }
    let as_ended = ended.record.clone();
    match revoke::settle(deps, trail, ended).await {
        Ok(session) => Ok(session),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, session.id = %as_ended.id, "ending at the bank comes later");
            Ok(as_ended)
        }
    }
}

/// Erases the last good answers, if that was not done before. If it fails, it comes later.
async fn erase(deps: &Deps, trail: &Trail, ended: Loaded<Session>) -> Loaded<Session> {
    if ended.record.is_erased() {
        return ended;
    }
    match erase::erase(deps, trail, ended.clone()).await {
        Ok(erased) => erased,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, session.id = %ended.record.id, "erasing comes later");
            ended
        }
    }
}

async fn end(deps: &Deps, trail: &Trail, loaded: Loaded<Session>) -> Result<Loaded<Session>, Trouble> {
    let decide = |session: &Session, now| {
        if session.ended_at.is_some() {
            return Ok(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.end(now);
        Ok(Decision::Write(session, AuditEvent::SessionEnded))
    };
    change(deps, trail, loaded, decide).await
}
