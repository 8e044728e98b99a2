//! Which events a change of a session is worth.

use super::{News, reminder};
use crate::domain::session::Session;

/// What the CRM is to be told when the session changes from the one to the other, in this order.
pub fn between(before: &Session, after: &Session) -> Vec<News> {
    if after.ended_at.is_some() {
        let is_new = before.ended_at.is_none();
        return is_new.then_some(News::Ended { reason: None }).into_iter().collect();
    }
    let ended = after.lapse.as_ref().filter(|lapse| before.lapse.as_ref() != Some(lapse));
    let ended = ended.map(|lapse| News::Ended { reason: Some(lapse.reason) });
    [ended, connected(before, after), renewal_due(before, after), action_needed(before, after)]
        .into_iter()
        .flatten()
        .collect()
}

/// A consent came into force, or the one in force works after all.
fn connected(before: &Session, after: &Session) -> Option<News> {
    let works = after.access.is_some() && after.lapse.is_none();
    (works && (before.lapse.is_some() || is_another_consent(before, after))).then_some(News::Connected)
}

/// The PSU is to be asked to renew: once for each number of days.
fn renewal_due(before: &Session, after: &Session) -> Option<News> {
    let access = after.access.as_ref()?;
    let told = before.access.as_ref().and_then(|access| access.reminded);
    let days = access.reminded.filter(|days| Some(*days) != told && !is_another_consent(before, after))?;
    let (what, ends_at) = reminder::first_end(access)?;
    Some(News::RenewalDue { days, what, ends_at })
}

fn action_needed(before: &Session, after: &Session) -> Option<News> {
    let known = before.access.as_ref().and_then(|access| access.needs);
    let needs = after.access.as_ref().and_then(|access| access.needs).filter(|needs| Some(*needs) != known)?;
    Some(News::ActionNeeded { action: needs })
}

/// Whether another consent is in force than before, or one where there was none.
fn is_another_consent(before: &Session, after: &Session) -> bool {
    let code = |session: &'_ Session| session.access.as_ref().map(|access| access.activation.clone());
    code(before) != code(after)
}

#[cfg(test)]
mod tests;
