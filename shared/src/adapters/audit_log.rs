//! The audit stream as structured log lines, which a log sink takes to where auditors keep them.

use std::time::Duration;

use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord},
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
        let call = Call::of(&record.event);
        tracing::info!(
            target: STREAM,
            {
                audit.id = record.id(),
                audit.kind = record.event.kind(),
                audit.event = event,
                audit.recorded_at = record.recorded_at.to_string(),
                tenant.id = record.tenant.as_ref().map(TenantId::as_str),
                session.id = record.session.as_ref().map(SessionId::as_str),
                psu.pseudonym = record.psu.as_ref().map(Pseudonym::as_str),
                bank.id = record.bank.as_ref().map(BankId::as_str),
                bank.operation = call.as_ref().map(|call| call.operation),
                bank.outcome = call.as_ref().map(|call| call.outcome),
                bank.attended = call.as_ref().map(|call| call.attended),
                bank.seconds = call.as_ref().map(|call| call.seconds),
                limited_by = call.as_ref().filter(|call| call.outcome == RATE_LIMITED).map(|_| "bank"),
            },
            "audit"
        );
        Ok(())
    }
}

/// What is counted of a call to a bank, as fields of their own beside the whole record.
struct Call<'a> {
    operation: &'a str,
    outcome: &'static str,
    attended: bool,
    seconds: f64,
}

impl<'a> Call<'a> {
    fn of(event: &'a AuditEvent) -> Option<Self> {
        let AuditEvent::BankCalled { operation, outcome, attended, duration_ms, .. } = event else { return None };
        let seconds = Duration::from_millis(*duration_ms).as_secs_f64();
        Some(Self { operation, outcome: word(outcome), attended: *attended, seconds })
    }
}

/// The bank said that it gets too many calls (RFC 6585 §4).
const RATE_LIMITED: &str = "rate_limited";

/// The outcome of a call as one of a few words: the class of the bank's status, or why there is none.
fn word(outcome: &str) -> &'static str {
    match outcome {
        "met" => "ok",
        "timeout" => "timeout",
        "unreachable" => "unreachable",
        "broken" => "broken",
        "certificate_refused" => "certificate_refused",
        "tls_rejected" => "tls_rejected",
        "too_large" | "malformed" => "invalid_answer",
        "not_sent" | "not_signed" | "qwac_expired" => "not_sent",
        "given_up" => "given_up",
        status => match status.parse::<u16>() {
            Ok(429) => RATE_LIMITED,
            Ok(200..=299) => "ok",
            Ok(300..=399) => "redirected",
            Ok(400..=499) => "client_error",
            Ok(500..=599) => "server_error",
            Ok(_) | Err(_) => "invalid_answer",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_few_words() {
        for (outcome, expected) in [
            ("200", "ok"),
            ("met", "ok"),
            ("302", "redirected"),
            ("404", "client_error"),
            ("429", RATE_LIMITED),
            ("503", "server_error"),
            ("timeout", "timeout"),
            ("malformed", "invalid_answer"),
            ("qwac_expired", "not_sent"),
            ("999", "invalid_answer"),
            ("what the bank says", "invalid_answer"),
        ] {
            assert_eq!(word(outcome), expected, "{outcome}");
        }
    }
}
