//! A session out of a store that was put back to an earlier time. What happened since is not in it, and banks have not
//! forgotten it: reads that they have counted, and a refresh token that they have replaced.

use jiff::Timestamp;

use super::{LapseReason, Session};
use crate::domain::bank::Rotation;

/// What may have happened to a session after the instant that its store was put back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Data were read, with the PSU or without.
    pub read: bool,
    /// The refresh token was used: a newer one was granted, which is lost.
    pub refreshed: bool,
    /// A consent or a token was ended at the bank: perhaps the session's.
    pub ended: bool,
}

impl Forgotten {
    /// Nothing is known, so all of it may have happened.
    pub const ANYTHING: Self = Self { read: true, refreshed: true, ended: true };

    /// What either of them says.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            refreshed: self.refreshed || other.refreshed,
            ended: self.ended || other.ended,
        }
    }
}

impl Session {
    /// Makes the session safe to use again, before anybody does. `lost_until` is when the store that is gone was last
    /// written to. Answers whether the refresh token was given up.
    ///
    /// - No reads without the PSU for a day, where data may have been read (promise P4).
    /// - Under [`Rotation::Family`] a token that may have been used is never used again: the bank would take it for theft
    ///   and might end the customer's other consents. The PSU must renew; the newer token is lost anyway. Elsewhere an old
    ///   token works, or is refused without harm.
    /// - Events get numbers that none had before.
    pub fn settle_restore(
        &mut self,
        forgotten: Forgotten,
        rotation: Option<Rotation>,
        lost_until: Timestamp,
        now: Timestamp,
    ) -> bool {
        self.outbox.leave_gap();
        if self.ended_at.is_some() {
            return false;
        }
        if forgotten.read {
            self.ledger.close(lost_until, now);
        }
        let gives_up = forgotten.refreshed
            && rotation == Some(Rotation::Family)
            && self.working_access(now).is_some_and(|access| access.grant.refreshable);
        if gives_up {
            self.note_lapse(LapseReason::TokenLost, now);
        }
        gives_up
    }
}

#[cfg(test)]
mod tests;
