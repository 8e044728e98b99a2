//! The reads without the PSU that a session has made in the last 24 hours (promise P4), and what may still be read.
//!
//! A bank counts the reads of one account and kind of data in any 24 hours, by the instants at which they reach it. The
//! hub writes each read down before the call ([`Ledger::reserve`]), by compare-and-set on the session, so that no two
//! instances take one slot. The instants are the store's, not the instances' own; and since the call reaches the bank a
//! little later than it was written down, a slot is taken for [`WINDOW`], which is a little longer than a day.
//!
//! Pure decisions: whoever calls them writes the session.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{data_kind::DataKind, ids::AccountId};

mod limit;
mod moment;
#[cfg(test)]
mod tests;
mod view;

pub use limit::{BY_LAW, daily_limit};
use moment::Moment;
pub use view::View;

/// How long a slot is taken: a day, and what may pass between the reservation and the bank's seeing the call. That is
/// [`RESERVED_FOR`], the longest that a call lasts (30 s, and 6 s for its signature, perhaps twice), and the longest that
/// the store takes to tell its time (8 s).
pub const WINDOW: SignedDuration = SignedDuration::from_mins(24 * 60 + 5);

/// How long a reservation is good for: a call that leaves later must reserve anew.
pub const RESERVED_FOR: Duration = Duration::from_mins(3);

/// The reads without the PSU that a session has made, by account and kind of data, and the refreshes of its tokens.
///
/// It belongs to the session and outlives a consent: a renewal gives no new reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// What is known of each account and kind; nothing is kept of what was not read for a day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Line>,
    /// When the tokens were refreshed, the earliest first, at banks that bound it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    token_refreshes: Vec<Moment>,
    /// Until when nothing may be read, because it is not known what was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed_until: Option<Moment>,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerKey {
    /// The account; none for the list of accounts.
    account: Option<AccountId>,
    /// The kind of data.
    kind: DataKind,
}

impl LedgerKey {
    /// The list of accounts, those of cards included.
    pub const ACCOUNTS: Self = Self { account: None, kind: DataKind::Accounts };

    /// That kind of data of that account.
    pub fn of(account: &AccountId, kind: DataKind) -> Self {
        Self { account: (kind != DataKind::Accounts).then(|| account.clone()), kind }
    }
}

/// The reads of one account and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: LedgerKey,
    /// When it was read, the earliest first.
    reads: Vec<Moment>,
    /// Until when the bank wants no more, whatever was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked_until: Option<Moment>,
}

/// A slot that was taken for one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What it is for.
    pub key: LedgerKey,
    at: Moment,
}

impl Ticket {
    /// The instant under which it stands in the ledger.
    pub fn taken_at(&self) -> Timestamp {
        self.at.into()
    }
}

/// Nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// When what was wanted may be had.
    pub until: Timestamp,
    /// Whether the bank said so; otherwise the hub counted.
    pub by_bank: bool,
}

impl Ledger {
    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.token_refreshes.is_empty() && self.closed_until.is_none()
    }

    /// Takes a slot for each of the keys, or none at all. A key may stand there more than once. `now` is the store's time;
    /// a clock that was set back does not make time run again.
    pub fn reserve(&mut self, keys: &[LedgerKey], limit: u32, now: Timestamp) -> Result<Vec<Ticket>, Exhausted> {
        let present = self.tidy(now);
        let missing = keys.iter().filter_map(|key| {
            let wanted = keys.iter().filter(|other| *other == key).count();
            self.missing(key, wanted, limit, present)
        });
        if let Some(exhausted) = missing.max_by_key(|missing| missing.until) {
            return Err(exhausted);
        }
        for key in keys {
            self.change(key, |line| line.reads.push(present));
        }
        Ok(keys.iter().map(|key| Ticket { key: key.clone(), at: present }).collect())
    }

    /// Gives a slot back, for a call that the bank surely never saw. Answers whether it was still there.
    pub fn give_back(&mut self, ticket: &Ticket) -> bool {
        let Some(line) = self.lines.iter_mut().find(|line| line.key == ticket.key) else { return false };
        let Some(place) = line.reads.iter().rposition(|read| *read == ticket.at) else { return false };
        line.reads.remove(place);
        self.lines.retain(Line::says_something);
        true
    }

    /// Notes that the bank wants no more of this until then, whatever the hub has counted. Never longer than [`WINDOW`].
    pub fn fill(&mut self, key: &LedgerKey, until: Timestamp, now: Timestamp) {
        let present = self.tidy(now);
        let until = Moment::after(until).min(present.later(WINDOW));
        if until > present {
            self.change(key, |line| line.blocked_until = line.blocked_until.max(Some(until)));
        }
    }

    /// Lets nothing through before a day has passed since that instant, because reads until then may be missing here: the
    /// store was put back to an earlier time. Never longer than [`WINDOW`] from now.
    pub fn close(&mut self, unknown_until: Timestamp, now: Timestamp) {
        let present = self.tidy(now);
        let until = Moment::after(unknown_until).later(WINDOW).min(present.later(WINDOW));
        if until > present {
            self.closed_until = self.closed_until.max(Some(until));
        }
    }

    /// When a day's limit that the bank calls met is surely over: when the oldest read that we know of leaves, or in a day.
    pub fn day_ends_at(&self, key: &LedgerKey, now: Timestamp) -> Timestamp {
        let present = self.present(now);
        let line = self.lines.iter().find(|line| line.key == *key);
        let leaves = line.into_iter().flat_map(|line| &line.reads).map(|read| read.later(WINDOW));
        leaves.filter(|leaves| *leaves > present).min().unwrap_or_else(|| present.later(WINDOW)).into()
    }

    /// Counts a refresh of the tokens, if the bank's limit allows one.
    pub fn reserve_token_refresh(&mut self, limit: u32, now: Timestamp) -> Result<(), Exhausted> {
        let present = self.tidy(now);
        if let Some(until) = self.closed_until.max(next_free(&self.token_refreshes, 1, limit, present)) {
            return Err(Exhausted { until: until.into(), by_bank: false });
        }
        self.token_refreshes.push(present);
        Ok(())
    }

    /// The present by the ledger: the store's time, or the latest instant in the ledger if that is later. An instant more
    /// than a day ahead is a clock's mistake and does not count.
    fn present(&self, now: Timestamp) -> Moment {
        let now = Moment::after(now);
        let reads = self.lines.iter().flat_map(|line| &line.reads).chain(&self.token_refreshes);
        reads.copied().filter(|read| *read <= now.later(WINDOW)).fold(now, Moment::max)
    }

    /// Forgets what is over, and mends what a clock far ahead has written. Answers the present.
    fn tidy(&mut self, now: Timestamp) -> Moment {
        let present = self.present(now);
        let tidy = |instants: &mut Vec<Moment>| {
            for instant in instants.iter_mut() {
                *instant = present.min(*instant);
            }
            instants.retain(|instant| instant.later(WINDOW) > present);
        };
        for line in &mut self.lines {
            tidy(&mut line.reads);
            let lasts = line.blocked_until.filter(|until| *until > present);
            line.blocked_until = lasts.map(|until| until.min(present.later(WINDOW)));
        }
        tidy(&mut self.token_refreshes);
        let lasts = self.closed_until.filter(|until| *until > present);
        self.closed_until = lasts.map(|until| until.min(present.later(WINDOW)));
        self.lines.retain(Line::says_something);
        present
    }

    /// Why so many reads cannot be had of it now, if they cannot.
    fn missing(&self, key: &LedgerKey, wanted: usize, limit: u32, present: Moment) -> Option<Exhausted> {
        let line = self.lines.iter().find(|line| line.key == *key);
        let reads = line.map_or(&[][..], |line| line.reads.as_slice());
        let blocked = line.and_then(|line| line.blocked_until);
        let until = blocked.max(self.closed_until).max(next_free(reads, wanted, limit, present))?;
        Some(Exhausted { until: until.into(), by_bank: blocked.is_some() })
    }

    /// Changes the line of that key, which is there from then on.
    fn change(&mut self, key: &LedgerKey, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == *key) {
            return change(line);
        }
        let mut line = Line { key: key.clone(), reads: Vec::new(), blocked_until: None };
        change(&mut line);
        self.lines.push(line);
    }
}

impl Line {
    const fn says_something(&self) -> bool {
        !self.reads.is_empty() || self.blocked_until.is_some()
    }
}

/// When so many slots will be free beside those taken at these instants, the earliest first; nothing if they are now.
fn next_free(taken: &[Moment], wanted: usize, limit: u32, present: Moment) -> Option<Moment> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let too_many = taken.len().saturating_add(wanted).checked_sub(limit).filter(|many| *many > 0)?;
    Some(taken.get(too_many - 1).map_or(present, |taken| *taken).later(WINDOW))
}
