//! What the ledger tells whoever may see it.

use jiff::Timestamp;

use super::{Exhausted, Ledger, LedgerKey, WINDOW};

/// How many reads of one account and kind were made, and how many are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Reads allowed in any 24 hours.
    pub limit: u32,
    /// Reads that count now.
    pub used: u32,
    /// Reads that are left now; none if the bank has said so.
    pub left: u32,
    /// When there will be one more than now, if one was used.
    pub resets_at: Option<Timestamp>,
    /// Why there is none left, if there is none.
    pub exhausted: Option<Exhausted>,
}

impl Ledger {
    /// How it stands with that account and kind.
    pub fn view(&self, key: &LedgerKey, limit: u32, now: Timestamp) -> View {
        let mut ledger = self.clone();
        let present = ledger.tidy(now);
        let line = ledger.lines.iter().find(|line| line.key == *key);
        let reads = line.map_or(&[][..], |line| line.reads.as_slice());
        let used = u32::try_from(reads.len()).unwrap_or(u32::MAX);
        let exhausted = ledger.missing(key, 1, limit, present);
        let left = if exhausted.is_some() { 0 } else { limit.saturating_sub(used) };
        let oldest_leaves = reads.first().map(|read| read.later(WINDOW).into());
        View { limit, used, left, resets_at: exhausted.map(|gone| gone.until).or(oldest_leaves), exhausted }
    }

    /// When it was read last, as far as that is known.
    pub fn last_read(&self, key: &LedgerKey) -> Option<Timestamp> {
        let line = self.lines.iter().find(|line| line.key == *key)?;
        line.reads.last().map(|read| (*read).into())
    }

    /// When so many more reads of each may be had; nothing if now.
    pub fn possible_at(&self, wanted: &[(LedgerKey, u32)], limit: u32, now: Timestamp) -> Option<Exhausted> {
        let mut ledger = self.clone();
        let present = ledger.tidy(now);
        let missing = wanted.iter().filter_map(|(key, reads)| {
            ledger.missing(key, usize::try_from(*reads).unwrap_or(usize::MAX), limit, present)
        });
        missing.max_by_key(|missing| missing.until)
    }
}
