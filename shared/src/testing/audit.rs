//! Holds audit streams to the promises of `ports::audit`.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    audit::{AuditEvent, AuditRecord},
    ids::{BankId, Pseudonym, RequestId, SessionId, TenantId},
};

/// Filters that an operator may have set; none of them is meant for the auditor.
const FILTERS: [&str; 6] = ["trace", "info", "error", "off", "audit=off", "shared=off"];

/// Every promise of the port. `written` makes a stream where an operator has set that filter, writes the records to it,
/// all of which must be taken, and answers the lines that came of it.
pub fn conformance(written: impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    writes_each_record_as_one_line(&written);
    leaves_nothing_of_a_record_out(&written);
    tells_nothing_but_the_record(&written);
    no_text_breaks_a_line(&written);
    survives_every_filter(&written);
}

/// As many lines as records, in their order, each with its record's id and no other's.
pub fn writes_each_record_as_one_line(written: &impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    let records = records();
    let lines = written("info", &records);
    assert_eq!(lines.len(), records.len(), "not a line for each record");
    for (number, line) in lines.iter().enumerate() {
        let ids = records.iter().map(AuditRecord::id);
        let named: Vec<_> = ids.enumerate().filter(|(_, id)| holds(line, id)).map(|(named, _)| named).collect();
        assert_eq!(named, [number], "line {number} names other records than its own");
    }
}

/// What happened with all its details, whose session, which one, which PSU's and at which bank.
pub fn leaves_nothing_of_a_record_out(written: &impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    let records = records();
    for (line, record) in written("info", &records).iter().zip(&records) {
        for text in texts_of(record) {
            assert!(holds(line, &text), "{:?}: {text} is left out", record.event);
        }
        assert!(events_in(line).contains(&event_of(record)), "{:?} is not told in full", record.event);
    }
}

/// A record without session, PSU and bank has a line without them, whatever was written before it.
pub fn tells_nothing_but_the_record(written: &impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    let full = record(1, AuditEvent::SessionStarted);
    let bare = AuditRecord { tenant: None, session: None, psu: None, bank: None, ..record(2, AuditEvent::GrantStored) };
    let lines = written("info", &[full.clone(), bare]);
    for text in texts_of(&full) {
        assert!(!lines.iter().skip(1).any(|line| holds(line, &text)), "a line tells of another record: {text}");
    }
}

/// Line ends, quotes and escapes in a text stay in their line and come out as they went in.
pub fn no_text_breaks_a_line(written: &impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    for text in ["a\r\nb", "\"}\n{\"", "\u{2028}\u{85}\u{202e}", "\\", &"long ".repeat(200)] {
        let record = record(1, AuditEvent::RefreshFailed { reason: text.to_owned() });
        let lines = written("info", std::slice::from_ref(&record));
        assert_eq!(lines.len(), 1, "{text:?} makes another line");
        assert!(lines.iter().all(|line| events_in(line).contains(&event_of(&record))), "{text:?} comes out altered");
    }
}

/// The same lines whatever the operator wants to hear.
pub fn survives_every_filter(written: &impl Fn(&str, &[AuditRecord]) -> Vec<String>) {
    let records = records();
    for filter in FILTERS {
        let lines = written(filter, &records);
        let kept = lines.iter().zip(&records).filter(|(line, record)| holds(line, &record.id())).count();
        assert_eq!((lines.len(), kept), (records.len(), records.len()), "the filter {filter} keeps records back");
    }
}

/// A record of every kind, and one with every detail that a record can have.
fn records() -> Vec<AuditRecord> {
    let reason = || "access_denied".to_owned();
    let called = AuditEvent::BankCalled {
        operation: "balances".to_owned(),
        outcome: "200".to_owned(),
        attended: true,
        duration_ms: 412,
        bank_request_id: "6f2c1a54-8d0e-4b77-9a53-0c4f0f6f1d11".to_owned(),
    };
    let events = [
        AuditEvent::SessionStarted,
        AuditEvent::AuthorisationFailed { reason: reason() },
        AuditEvent::ConsentLapsed { reason: reason() },
        AuditEvent::RevocationTried { settled: false },
        called,
    ];
    (1..).zip(events).map(|(step, event)| record(step, event)).collect()
}

fn record(step: u32, event: AuditEvent) -> AuditRecord {
    AuditRecord {
        request_id: RequestId::parse("0b5fd8a2-5d1c-4b43-9f5e-3f2a6c1f7d10").unwrap(),
        step,
        recorded_at: Timestamp::UNIX_EPOCH,
        event,
        tenant: Some(TenantId::parse("acme").unwrap()),
        session: Some(SessionId::from_random([11; 16])),
        psu: Some(Pseudonym::from_hash([12; 32])),
        bank: Some(BankId::parse("bank-of-the-suite").unwrap()),
    }
}

fn texts_of(record: &AuditRecord) -> Vec<String> {
    let texts = [
        Some(record.id()),
        record.tenant.as_ref().map(ToString::to_string),
        record.session.as_ref().map(ToString::to_string),
        record.psu.as_ref().map(ToString::to_string),
        record.bank.as_ref().map(ToString::to_string),
    ];
    texts.into_iter().flatten().collect()
}

fn event_of(record: &AuditRecord) -> Value {
    serde_json::to_value(&record.event).unwrap()
}

/// Whether some value in the line is this text.
fn holds(line: &str, text: &str) -> bool {
    values_in(line).iter().any(|value| value == text)
}

/// The objects in the line, those that stand in it as text included.
fn events_in(line: &str) -> Vec<Value> {
    let read = |value: Value| match &value {
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => Some(value),
    };
    values_in(line).into_iter().filter_map(read).filter(Value::is_object).collect()
}

/// Every value at any depth of the line.
fn values_in(line: &str) -> Vec<Value> {
    let mut values = vec![serde_json::from_str(line).unwrap_or_else(|_| panic!("not a structured line: {line}"))];
    let mut next = 0;
    while let Some(value) = values.get(next).cloned() {
        match value {
            Value::Object(fields) => values.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Array(items) => values.extend(items),
            _ => {}
        }
        next += 1;
    }
    values
}
