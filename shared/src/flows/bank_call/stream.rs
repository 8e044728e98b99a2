//! The audit stream, for what is told of a bank without calling it.

use super::BankCalls;
use crate::{domain::audit::AuditRecord, ports::audit::AuditUnavailable};

impl BankCalls {
    /// Writes a record to the stream in which calls to banks are recorded.
    pub fn note(&self, record: &AuditRecord) -> Result<(), AuditUnavailable> {
        self.audit.write(record)
    }
}
