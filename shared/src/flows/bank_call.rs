//! Every call to a bank goes through here and leaves exactly one audit record, before its answer is used (P11).

use std::sync::Arc;

use super::{
    trail::{Subject, Trail},
    trouble::Trouble,
};
use crate::{
    domain::{audit::AuditEvent, bank::Bank},
    ports::{
        audit::AuditStream,
        bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse},
        clock::Clock,
    },
};

/// Calls banks, on the record.
pub struct BankCalls {
    http: Arc<dyn BankHttp>,
    audit: Arc<dyn AuditStream>,
    clock: Arc<dyn Clock>,
}

impl BankCalls {
    /// Calls over this transport, recorded in this stream.
    pub fn new(http: Arc<dyn BankHttp>, audit: Arc<dyn AuditStream>, clock: Arc<dyn Clock>) -> Self {
        Self { http, audit, clock }
    }

    /// Sends the request once. The answer is given out only after its record is written.
    pub async fn send(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: impl Into<Subject>,
        request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        let started = self.clock.now();
        let mut event = BankCall::of(&request);
        let result = self.http.call(bank, request).await;
        let ended = self.clock.now();
        event.duration_ms = u64::try_from(ended.duration_since(started).as_millis()).unwrap_or(0);
        let mut subject = subject.into();
        subject.bank.get_or_insert_with(|| bank.id.clone());
        self.audit.write(&trail.record(subject, event.ended(&result), ended))?;
        Ok(result?)
    }
}

/// What is known of a call before it is made.
struct BankCall {
    operation: &'static str,
    attended: bool,
    bank_request_id: String,
    duration_ms: u64,
}

impl BankCall {
    fn of(request: &BankRequest) -> Self {
        let id = request.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        Self {
            operation: request.operation.name(),
            attended: request.headers.contains_key("psu-ip-address"),
            bank_request_id: id.to_owned(),
            duration_ms: 0,
        }
    }

    fn ended(self, result: &Result<BankResponse, BankHttpError>) -> AuditEvent {
        let outcome = match result {
            Ok(response) => response.status.as_u16().to_string(),
            Err(error) => word(error).to_owned(),
        };
        let Self { operation, attended, bank_request_id, duration_ms } = self;
        AuditEvent::BankCalled { operation: operation.to_owned(), outcome, attended, duration_ms, bank_request_id }
    }
}

/// The hub's word for why there is no answer.
const fn word(error: &BankHttpError) -> &'static str {
    match error {
        BankHttpError::NotSent(_) => "not_sent",
        BankHttpError::Unreachable(_) => "unreachable",
        BankHttpError::Broken(_) => "broken",
        BankHttpError::Timeout => "timeout",
        BankHttpError::TlsRejected(_) => "tls_rejected",
        BankHttpError::CertificateRefused(_) => "certificate_refused",
        BankHttpError::TooLarge => "too_large",
        BankHttpError::Malformed(_) => "malformed",
    }
}
