//! The audit trail of one inbound request: numbers its records and knows whom they are about.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

use crate::domain::{
    audit::{AuditEvent, AuditRecord},
    ids::{BankId, Pseudonym, RequestId, SessionId, TenantId},
    session::Session,
};

/// Whom a record is about.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Whose session.
    pub tenant: Option<TenantId>,
    /// Which session.
    pub session: Option<SessionId>,
    /// The PSU, as a keyed hash.
    pub psu: Option<Pseudonym>,
    /// At which bank.
    pub bank: Option<BankId>,
}

impl From<&Session> for Subject {
    fn from(session: &Session) -> Self {
        Self {
            tenant: Some(session.tenant.clone()),
            session: Some(session.id.clone()),
            psu: Some(session.psu.clone()),
            bank: Some(session.bank.clone()),
        }
    }
}

/// The trail of one request.
#[derive(Debug)]
pub struct Trail {
    request_id: RequestId,
    steps: AtomicU32,
}

impl Trail {
    /// The trail of that request, without records so far.
    pub const fn new(request_id: RequestId) -> Self {
        Self { request_id, steps: AtomicU32::new(0) }
    }

    /// The request.
    pub const fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// The next record.
    pub fn record(&self, subject: impl Into<Subject>, event: AuditEvent, now: Timestamp) -> AuditRecord {
        let Subject { tenant, session, psu, bank } = subject.into();
        let step = self.steps.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        AuditRecord { request_id: self.request_id.clone(), step, recorded_at: now, event, tenant, session, psu, bank }
    }
}
