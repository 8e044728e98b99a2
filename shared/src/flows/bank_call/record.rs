//! What the audit trail keeps of a call to a bank.

use super::X_REQUEST_ID;
use crate::{
    domain::audit::AuditEvent,
    flows::trouble::{BankFault, Trouble},
    ports::bank_http::{BankHttpError, BankRequest, BankResponse},
};

/// What is known of a call before it is made.
pub(super) struct BankCall {
    operation: &'static str,
    attended: bool,
    bank_request_id: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl BankCall {
    /// What the request tells.
    pub fn of(request: &BankRequest) -> Self {
        let id = request.headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
        Self {
            operation: request.operation.name(),
            attended: request.headers.contains_key("psu-ip-address"),
            bank_request_id: id.to_owned(),
            duration_ms: 0,
        }
    }

    /// A handshake and nothing more, to see how the bank is.
    pub const fn probe() -> Self {
        Self { operation: "handshake", attended: false, bank_request_id: String::new(), duration_ms: 0 }
    }

    /// The record of a handshake.
    pub fn met(self, result: &Result<(), BankHttpError>) -> AuditEvent {
        let outcome = result.as_ref().map_or_else(word, |()| "met");
        self.with(outcome.to_owned())
    }

    /// The record, once it is known how the call ended.
    pub fn ended(self, result: &Result<BankResponse, Trouble>) -> AuditEvent {
        let outcome = match result {
            Ok(response) => response.status.as_u16().to_string(),
            Err(Trouble::Bank(BankFault::Http(error))) => word(error).to_owned(),
            Err(_) => "not_signed".to_owned(),
        };
        self.with(outcome)
    }

    /// The record of a call that nobody waits for any more. The bank may have seen it.
    pub fn given_up(self) -> AuditEvent {
        self.with("given_up".to_owned())
    }

    fn with(self, outcome: String) -> AuditEvent {
        let Self { operation, attended, bank_request_id, duration_ms } = self;
        AuditEvent::BankCalled { operation: operation.to_owned(), outcome, attended, duration_ms, bank_request_id }
    }
}

/// The hub's word for why there is no answer.
const fn word(error: &BankHttpError) -> &'static str {
    match error {
        BankHttpError::NotSent(_) => "not_sent",
        BankHttpError::QwacExpired(_) => "qwac_expired",
        BankHttpError::Unreachable(_) => "unreachable",
        BankHttpError::Broken(_) => "broken",
        BankHttpError::Timeout => "timeout",
        BankHttpError::TlsRejected(_) => "tls_rejected",
        BankHttpError::CertificateRefused(_) => "certificate_refused",
        BankHttpError::TooLarge => "too_large",
        BankHttpError::Malformed(_) => "malformed",
    }
}
