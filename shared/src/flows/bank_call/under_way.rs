//! A call on its way, which leaves its one record however it ends: also if whoever waited for it has gone (promise P11).

use jiff::Timestamp;

use super::{BankCalls, record::BankCall};
use crate::{
    domain::{audit::AuditEvent, bank::Bank},
    flows::{
        trail::{Subject, Trail},
        trouble::Trouble,
    },
    ports::{
        audit::AuditUnavailable,
        bank_http::{BankHttpError, BankResponse},
    },
};

/// A call on its way. Dropped without an end, it is recorded as given up.
pub(super) struct UnderWay<'a> {
    calls: &'a BankCalls,
    trail: &'a Trail,
    subject: Subject,
    started: Timestamp,
    call: Option<BankCall>,
}

impl<'a> UnderWay<'a> {
    /// The call begins.
    pub fn begun(calls: &'a BankCalls, bank: &Bank, trail: &'a Trail, mut subject: Subject, call: BankCall) -> Self {
        subject.bank.get_or_insert_with(|| bank.id.clone());
        Self { calls, trail, subject, started: calls.clock.now(), call: Some(call) }
    }

    /// When it began.
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// It has ended so.
    pub fn ended(mut self, result: &Result<BankResponse, Trouble>) -> Result<(), AuditUnavailable> {
        self.record(|call| call.ended(result))
    }

    /// The handshake has ended so.
    pub fn met(mut self, result: &Result<(), BankHttpError>) -> Result<(), AuditUnavailable> {
        self.record(|call| call.met(result))
    }

    fn record(&mut self, event: impl FnOnce(BankCall) -> AuditEvent) -> Result<(), AuditUnavailable> {
        let Some(mut call) = self.call.take() else { return Ok(()) };
        let ended = self.calls.clock.now();
        call.duration_ms = u64::try_from(ended.duration_since(self.started).as_millis()).unwrap_or(0);
        self.calls.audit.write(&self.trail.record(self.subject.clone(), event(call), ended))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.record(BankCall::given_up).is_err() {
            tracing::error!("a call to a bank that nobody waits for any more could not be recorded");
        }
    }
}

#[cfg(test)]
mod tests;
