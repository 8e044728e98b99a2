//! What the CRM is told of its own accord: events of a session, kept in the session until the CRM has taken them.
//!
//! An event is written in the same commit as the change that it tells of, so that neither is without the other. What it
//! says follows from the session before and after ([`between`]), so that no change is forgotten where it is made.

mod between;
mod news;
mod outbox;
mod reminder;

pub use self::{
    between::between,
    news::{EventKind, FirstEnd, Need, News},
    outbox::{Event, Failed, MOST_PENDING, Outbox, pause, rest},
    reminder::{DAYS, reached, starts_at},
};
