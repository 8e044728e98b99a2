//! The CRM redeems the activation code: from here on the session gives data (promise P8).

use jiff::Timestamp;

use super::{
    change::{Decision, change},
    deps::Deps,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        session::{AttemptStage, Session},
    },
    ports::store::Loaded,
};

/// Why a session was not activated. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// Not the code that came back with the browser, or nothing awaits activation.
    #[error("not the activation code")]
    WrongCode,
    /// The code came too late.
    #[error("the activation code has expired")]
    Expired,
    /// The bank has not made the consent valid yet; when it is asked again.
    #[error("the consent is not valid yet")]
    Pending(Option<Timestamp>),
    /// The session has been ended.
    #[error("the session has ended")]
    Ended,
    /// Something below failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Redeems the code. Redeeming the code of the consent in force again changes nothing.
pub async fn activate(
    deps: &Deps,
    trail: &Trail,
    loaded: Loaded<Session>,
    code: &str,
) -> Result<Session, ActivateError> {
    let bank = deps.bank(&loaded.record.bank)?;
    let decide = |session: &Session, now| {
        if is_activated_by(session, code) {
            return Ok::<_, ActivateError>(Decision::Leave);
        }
        Ok(Decision::Write(Box::new(activated(session, bank, code, now)?), AuditEvent::SessionActivated))
    };
    Ok(change(deps, trail, loaded, decide).await?.record)
}

fn is_activated_by(session: &Session, code: &str) -> bool {
    let access = session.access.as_ref().filter(|_| session.ended_at.is_none());
    access.is_some_and(|access| access.activation.matches(code.as_bytes()))
}

/// The session with the new consent in force and the old one put aside.
fn activated(session: &Session, bank: &Bank, code: &str, now: Timestamp) -> Result<Session, ActivateError> {
    if session.ended_at.is_some() {
        return Err(ActivateError::Ended);
    }
    let mut session = session.clone();
    let attempt = session.attempt.take().ok_or(ActivateError::WrongCode)?;
    let AttemptStage::AwaitingActivation(access) = attempt.stage else { return Err(ActivateError::WrongCode) };
    if !access.activation.matches(code.as_bytes()) {
        return Err(ActivateError::WrongCode);
    }
    if attempt.expires_at <= now {
        return Err(ActivateError::Expired);
    }
    if !access.consent.status.is_usable() {
        return Err(ActivateError::Pending(attempt.look_again_at));
    }
    if let Some(old) = session.access.replace(*access) {
        session.retire(old, now);
    }
    session.lapse = None;
    session.plan_background(bank, now);
    session.schedule();
    Ok(session)
}
