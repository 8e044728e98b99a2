//! The adapter `AuditLog`, under every filter that an operator can set.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use shared::{
    adapters::audit_log::AuditLog,
    domain::audit::AuditRecord,
    ports::audit::AuditStream,
    telemetry::Format,
    testing::{audit, logs::Captured},
};

fn written(filter: &str, records: &[AuditRecord]) -> Vec<String> {
    let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, filter);
    for record in records {
        AuditLog.write(record).unwrap();
    }
    captured.text().lines().map(str::to_owned).collect()
}

#[test]
fn keeps_the_promises_of_the_port() {
    audit::conformance(written);
}
