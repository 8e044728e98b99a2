//! Tells CRMs what happens to their sessions.
//!
//! What is to be told is written into the session together with the change itself ([`tell_of_change`]), and brought to
//! the CRM by the job [`deliver`].

mod background;
pub mod deliver;
mod sending;

use jiff::Timestamp;

use super::deps::Deps;
use crate::domain::{
    event::{News, between},
    session::Session,
};

pub(super) use background::{hindered, refreshed};
pub use sending::Courier;

/// Has the CRM told what it wants to be told of this change of a session, and upkeep when to look next. To be called with
/// what is about to be written.
pub fn tell_of_change(deps: &Deps, before: &Session, after: &mut Session, now: Timestamp) {
    after.schedule();
    for news in between(before, after) {
        tell(deps, after, news, now);
    }
}

/// Has the CRM told, if it wants to be, as soon as the session is written.
pub fn tell(deps: &Deps, session: &mut Session, news: News, now: Timestamp) {
    let webhook = deps.webhooks.get(&session.tenant);
    if webhook.is_some_and(|webhook| webhook.events.contains(&news.kind())) {
        session.tell(news, now);
    }
}
