//! The audit stream as structured log lines, which a log sink takes to where auditors keep them.

use crate::{
    domain::{
        audit::AuditRecord,
        ids::{BankId, Pseudonym, SessionId, TenantId},
    },
    ports::audit::{AuditStream, AuditUnavailable, STREAM},
};

/// Writes each record as one line with the stream's name as its target; no filter of the operator's
/// keeps it back.
pub struct AuditLog;

impl AuditStream for AuditLog {
    fn write(&self, record: &AuditRecord) -> Result<(), AuditUnavailable> {
        let event = serde_json::to_string(&record.event).map_err(|_| AuditUnavailable)?;
        tracing::info!(
            target: STREAM,
            {
                audit.id = record.id(),
                audit.event = event,
                audit.recorded_at = record.recorded_at.to_string(),
                tenant.id = record.tenant.as_ref().map(TenantId::as_str),
                session.id = record.session.as_ref().map(SessionId::as_str),
                psu.pseudonym = record.psu.as_ref().map(Pseudonym::as_str),
                bank.id = record.bank.as_ref().map(BankId::as_str),
            },
            "audit"
        );
        Ok(())
    }
}
