//! What may still be read of an account without the PSU, and what a planned refresh would cost. Calls no bank, and writes
//! nothing.

use jiff::Timestamp;

use super::{ReadError, Reader, quota};
use crate::domain::{
    data_kind::DataKind,
    ids::AccountId,
    ledger::{LedgerKey, View},
};

/// What may still be read of an account without the PSU.
pub struct Allowance {
    /// How it stands with each kind of data; the list of accounts is the session's as a whole.
    pub kinds: Vec<(DataKind, View)>,
    /// By the store's clock.
    pub as_of: Timestamp,
}

/// What a planned refresh would cost.
pub struct Cost {
    /// Reads of each kind that is wanted.
    pub reads: Vec<(DataKind, u32)>,
    /// When it could be made as a whole: now, later, or never, where more is wanted than a day's limit.
    pub possible_at: Option<Timestamp>,
}

impl Reader {
    /// How it stands with an account that the session has.
    pub async fn allowance(&self, account: &AccountId) -> Result<Allowance, ReadError> {
        self.known(account).await?.ok_or(ReadError::AccountUnknown)?;
        let (limit, as_of) = self.limit_now()?;
        let ledger = &self.session.record.ledger;
        let view = |kind| (kind, ledger.view(&LedgerKey::of(account, kind), limit, as_of));
        Ok(Allowance { kinds: DataKind::ALL.map(view).into(), as_of })
    }

    /// What it would cost to read these kinds of data once each at that time; a kind may stand there more than once. A
    /// list is one read, as long as it has one page at a bank that counts each.
    pub fn cost(&self, account: &AccountId, planned: &[DataKind], now: Timestamp) -> Result<Cost, ReadError> {
        let (limit, _) = self.limit_now()?;
        let count = |kind: &DataKind| u32::try_from(planned.iter().filter(|other| *other == kind).count()).ok();
        let reads: Vec<_> = DataKind::ALL.into_iter().filter_map(|kind| Some((kind, count(&kind)?))).collect();
        let reads: Vec<_> = reads.into_iter().filter(|(_, count)| *count > 0).collect();
        let keys: Vec<_> = reads.iter().map(|(kind, count)| (LedgerKey::of(account, *kind), *count)).collect();
        let later = self.session.record.ledger.possible_at(&keys, limit, now);
        let is_ever = reads.iter().all(|(_, count)| *count <= limit);
        let possible_at = is_ever.then(|| later.map_or(now, |exhausted| exhausted.until));
        Ok(Cost { reads, possible_at })
    }

    fn limit_now(&self) -> Result<(u32, Timestamp), ReadError> {
        let limit = quota::limit(&self.deps, &self.session.record)?;
        Ok((limit, self.session.store_now(&*self.deps.clock)))
    }
}
