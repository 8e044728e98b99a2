//! Reads the audit stream as Cloud Logging gives it back, or as the hub wrote it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Evidence, forgotten_by};
use crate::domain::{audit::AuditEvent, ids::SessionId, session::Forgotten};

/// The text is not what was asked for. A line that cannot be read might be the one that matters, so none is passed over.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableStream {
    /// It is neither a JSON array nor a JSON object on each line.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// An entry is no object.
    #[error("entry {0} is no log entry")]
    NoEntry(usize),
    /// An entry has none of the audit stream's fields: the filter was another one.
    #[error("entry {0} is not of the audit stream")]
    OtherStream(usize),
    /// An entry's record cannot be read.
    #[error("entry {0} has a record that cannot be read")]
    Record(usize),
}

impl Evidence {
    /// What the entries tell: a JSON array of log entries (`gcloud logging read --format=json`), or one entry a line.
    pub fn read(text: &str) -> Result<Self, UnreadableStream> {
        let mut sessions = BTreeMap::new();
        for (number, entry) in (1..).zip(entries(text)?) {
            if let Some((session, forgotten)) = told(number, &entry)? {
                let known: &mut Forgotten = sessions.entry(session).or_default();
                *known = known.or(forgotten);
            }
        }
        Ok(Self::Stream(sessions))
    }
}

fn entries(text: &str) -> Result<Vec<Value>, UnreadableStream> {
    if text.trim_start().starts_with('[') {
        return Ok(serde_json::from_str(text)?);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).map_err(UnreadableStream::NotJson)).collect()
}

/// The session that an entry is about, and what it says.
fn told(number: usize, entry: &Value) -> Result<Option<(SessionId, Forgotten)>, UnreadableStream> {
    let entry = entry.as_object().ok_or(UnreadableStream::NoEntry(number))?;
    let fields = entry.get("jsonPayload").and_then(Value::as_object).unwrap_or(entry);
    let event = text(fields, "auditEvent").ok_or(UnreadableStream::OtherStream(number))?;
    let event: AuditEvent = serde_json::from_str(event).map_err(|_| UnreadableStream::Record(number))?;
    let Some(forgotten) = forgotten_by(&event) else { return Ok(None) };
    let Some(session) = text(fields, "sessionId") else { return Ok(None) };
    let session = SessionId::parse(session).map_err(|_| UnreadableStream::Record(number))?;
    Ok(Some((session, forgotten)))
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SESSION: &str = "9eCJ3tev26xg0fjXdOVVvw";

    fn entry(operation: &str) -> Value {
        let event = json!({"kind": "bank_called", "operation": operation, "outcome": "200", "attended": true,
            "duration_ms": 12, "bank_request_id": "x"});
        json!({"jsonPayload": {"auditEvent": event.to_string(), "sessionId": SESSION, "target": "audit"}})
    }

    fn read(text: &str) -> Forgotten {
        let Evidence::Stream(sessions) = Evidence::read(text).unwrap() else { panic!("no stream") };
        sessions.get(&SessionId::parse(SESSION).unwrap()).copied().unwrap_or_default()
    }

    #[test]
    fn reads_what_cloud_logging_gives_back_and_what_the_hub_wrote() {
        let used = Forgotten { read: true, refreshed: true, ended: false };
        assert_eq!(read(&json!([entry("refresh_tokens"), entry("balances"), entry("metadata")]).to_string()), used);
        let lines = [entry("card_transactions"), entry("refresh_tokens")].map(|entry| entry["jsonPayload"].to_string());
        assert_eq!(read(&lines.join("\n")), used);
        assert_eq!(read(&entry("delete_consent").to_string()), Forgotten { ended: true, ..Forgotten::default() });
        assert_eq!(read("[]"), Forgotten::default());
        assert_eq!(read(""), Forgotten::default());
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        let wrong = |text: &str| Evidence::read(text).unwrap_err().to_string();
        assert!(wrong("{").starts_with("not JSON"));
        assert_eq!(wrong("[1]"), "entry 1 is no log entry");
        assert_eq!(wrong("{\"message\": \"x\"}"), "entry 1 is not of the audit stream");
        let mut entry = entry("balances");
        entry["jsonPayload"]["auditEvent"] = "{\"kind\":\"unheard_of\"}".into();
        assert_eq!(wrong(&entry.to_string()), "entry 1 has a record that cannot be read");
        let mut entry = self::entry("balances");
        entry["jsonPayload"]["sessionId"] = "short".into();
        assert_eq!(wrong(&entry.to_string()), "entry 1 has a record that cannot be read");
    }
}
