//! Calls that wait and calls under way, told to the instruments of this process as they come and go.

use crate::{domain::ids::BankId, ports::measuring::INSIDE};

/// A call that is counted until this is dropped.
pub(super) struct Counted<'a> {
    bank: &'a BankId,
    tell: fn(&BankId, i64),
}

impl<'a> Counted<'a> {
    /// It waits for its turn.
    pub fn waiting(bank: &'a BankId) -> Self {
        Self::begun(bank, |bank, change| {
            tracing::trace!(target: INSIDE, { bank.id = bank.as_str(), calls.waiting = change }, "calls wait");
        })
    }

    /// It is under way.
    pub fn in_flight(bank: &'a BankId) -> Self {
        Self::begun(bank, |bank, change| {
            tracing::trace!(target: INSIDE, { bank.id = bank.as_str(), calls.in_flight = change }, "calls are under way");
        })
    }

    fn begun(bank: &'a BankId, tell: fn(&BankId, i64)) -> Self {
        tell(bank, 1);
        Self { bank, tell }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        (self.tell)(self.bank, -1);
    }
}
