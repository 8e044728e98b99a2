//! The audit stream: where reads leave their record before their answer leaves (promise P11). State changes put
//! theirs in the store, in the same commit.

use crate::domain::audit::AuditRecord;

/// The stream's name: the target of its lines.
pub const STREAM: &str = "audit";

/// The record could not be written, so what it speaks of must not go on.
#[derive(Debug, thiserror::Error)]
#[error("the audit stream takes no records")]
pub struct AuditUnavailable;

/// Takes records. A record that was taken is written as one structured line, once.
pub trait AuditStream: Send + Sync + 'static {
    /// Writes the record.
    fn write(&self, record: &AuditRecord) -> Result<(), AuditUnavailable>;
}
