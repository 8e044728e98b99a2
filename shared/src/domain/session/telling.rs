//! What a session is worth telling: its events, and when they are to be sent; the end of its consent, and when it is to
//! be announced.

use std::time::Duration;

use jiff::Timestamp;

use super::{LapseReason, Session};
use crate::domain::{
    audit::AuditEvent,
    event::{Failed, News},
};

impl Session {
    /// Has the CRM told. An event behind others waits for them.
    pub fn tell(&mut self, news: News, now: Timestamp) {
        self.outbox.add(news, now);
        self.events_due_at.get_or_insert(now);
    }

    /// Whether an event is to be sent now.
    pub fn has_event_due(&self, now: Timestamp) -> bool {
        self.outbox.head().is_some() && self.events_due_at.is_some_and(|due| due <= now)
    }

    /// Takes it upon somebody to send the next event; nobody else does for a while. Whether there is one.
    pub fn claim_event(&mut self, now: Timestamp) -> bool {
        self.events_due_at = self.outbox.claim(now);
        self.events_due_at.is_some()
    }

    /// Notes that the CRM took that event, whoever sent it. Answers whether that was new; the next event is due then.
    pub fn event_taken(&mut self, number: u64, now: Timestamp) -> bool {
        let is_new = self.outbox.take(number);
        if is_new {
            self.events_due_at = self.outbox.head().map(|_| now);
        }
        is_new
    }

    /// Notes that the event was not taken at that try, and that its receiver is to be left alone for so long.
    pub fn event_failed(&mut self, number: u64, tries: u32, rest: Duration, now: Timestamp) -> Failed {
        let failed = self.outbox.fail(number, tries, rest, now);
        match failed {
            Failed::Again(due) => self.events_due_at = Some(due),
            Failed::GivenUp(due) => self.events_due_at = due,
            Failed::Outrun => {}
        }
        failed
    }

    /// Notes that the consent in force has ended by its date, or that it ends soon. Answers the record of it, if there is
    /// anything to note.
    pub fn note_end(&mut self, now: Timestamp) -> Option<AuditEvent> {
        if self.ended_at.is_some() || self.lapse.is_some() {
            return None;
        }
        let access = self.access.as_mut()?;
        if access.has_ended(now) {
            let reason = LapseReason::ConsentExpired;
            self.note_lapse(reason, now);
            return Some(AuditEvent::ConsentLapsed { reason: reason.name().to_owned() });
        }
        let days = access.due_reminder(now)?;
        access.reminded = Some(days);
        self.schedule();
        Some(AuditEvent::RenewalDue { days })
    }

    /// Whether upkeep is said to be due for no reason that still stands. Sets right when it is.
    pub fn is_overlooked(&mut self, now: Timestamp) -> bool {
        let was_due_at = self.due_at;
        self.schedule();
        was_due_at.is_some_and(|due| due <= now) && self.due_at != was_due_at
    }
}
