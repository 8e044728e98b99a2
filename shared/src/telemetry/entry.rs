//! Finishes the JSON entries of `tracing_stackdriver` for Cloud Logging.
//!
//! The library writes the fields of a span inside `span` and `spans`, where Cloud Logging does not look for a trace,
//! and passes text on at any length. So a writer stands around the real one that lifts what names the request to the
//! root of the entry, cuts long text and escapes what could look like a line of its own.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::{Map, Value};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// The fields of the request span that belong to the root of each entry.
const LIFTED: [&str; 4] = [
    "logging.googleapis.com/trace",
    "logging.googleapis.com/spanId",
    "logging.googleapis.com/trace_sampled",
    "request_id",
];

/// Bytes of one text. Entries of more than 256 KiB are refused by Cloud Logging as a whole.
const MAX_TEXT_BYTES: usize = 4 * 1024;

/// Written for an entry that cannot be read back. Its text is dropped: nobody knows what it holds.
const UNREADABLE: &str = r#"{"severity":"ERROR","message":"a log entry was lost: it was not well-formed"}"#;

/// Makes writers that finish entries.
pub(super) struct Entries<M> {
    inner: M,
}

impl<M> Entries<M> {
    pub(super) const fn new(inner: M) -> Self {
        Self { inner }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Entries<M> {
    type Writer = Entry<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Entry { inner: self.inner.make_writer() }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Entry { inner: self.inner.make_writer_for(metadata) }
    }
}

/// Finishes one entry. The formatter hands each over in a single write.
pub(super) struct Entry<W> {
    inner: W,
}

impl<W: Write> Write for Entry<W> {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        self.inner.write_all(finished(entry).as_bytes())?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The entry as it is to be written, with its line end.
fn finished(entry: &[u8]) -> String {
    let mut text = match serde_json::from_slice(entry) {
        Ok(Value::Object(fields)) => escaped(&Value::Object(lifted(fields)).to_string()),
        _ => UNREADABLE.to_owned(),
    };
    text.push('\n');
    text
}

fn lifted(mut entry: Map<String, Value>) -> Map<String, Value> {
    // The innermost span once more; it is also the last of `spans`.
    entry.remove("span");
    let mut spans = entry.remove("spans").unwrap_or(Value::Null);
    for span in spans.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in LIFTED {
            entry.extend(span.remove_entry(name));
        }
    }
    if !spans.is_null() {
        entry.insert("spans".to_owned(), spans);
    }
    entry.values_mut().for_each(cut);
    entry
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => cut_text(text),
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut_text(text: &mut String) {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push_str("[cut]");
    }
}

/// JSON with those characters escaped that JSON allows but terminals and other readers take for line ends, commands or
/// a change of direction. They can only stand inside of strings, where an escape means the same.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if is_treacherous(character) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// DEL and the control characters of ISO 6429, line and paragraph separator, marks and overrides of direction. The
/// control characters of ASCII are escaped in any JSON.
const fn is_treacherous(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finish(entry: &Value) -> Value {
        let line = finished(entry.to_string().as_bytes());
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn lifts_what_names_the_request_to_the_root() {
        let request = json!({"name": "request", "request_id": "r-1", "method": "GET",
            "logging.googleapis.com/trace": "projects/p/traces/t", "logging.googleapis.com/spanId": "s",
            "logging.googleapis.com/trace_sampled": true});
        let read = json!({"name": "read", "bank.id": "acme"});
        let entry = json!({"severity": "INFO", "message": "m", "span": read, "spans": [request, read]});
        let expected = json!({"severity": "INFO", "message": "m", "request_id": "r-1",
            "logging.googleapis.com/trace": "projects/p/traces/t", "logging.googleapis.com/spanId": "s",
            "logging.googleapis.com/trace_sampled": true,
            "spans": [{"name": "request", "method": "GET"}, {"name": "read", "bank.id": "acme"}]});
        assert_eq!(finish(&entry), expected);
    }

    #[test]
    fn leaves_an_entry_outside_of_any_request_as_it_is() {
        let entry = json!({"severity": "INFO", "message": "started", "port": 8080});
        assert_eq!(finish(&entry), entry);
    }

    #[test]
    fn cuts_long_text_between_characters() {
        let entry = json!({"message": "ä".repeat(1_000_000), "nested": [{"more": "b".repeat(5_000)}]});
        let finished = finish(&entry);
        let message = finished["message"].as_str().unwrap();
        assert_eq!(message.len(), MAX_TEXT_BYTES + "[cut]".len());
        assert!(finished["nested"][0]["more"].as_str().unwrap().ends_with("b[cut]"));
    }

    #[test]
    fn nothing_in_a_text_can_look_like_another_line() {
        let hostile = "a\r\nb\u{1b}[31m\u{85}\u{9b}\u{2028}\u{2029}\u{202e}c";
        let line = finished(json!({ "message": hostile }).to_string().as_bytes());
        assert!(line.trim_end().chars().all(|character| (' '..='~').contains(&character)), "{line:?}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["message"], hostile);
    }

    #[test]
    fn an_unreadable_entry_is_replaced() {
        for odd in ["", "{", "[]", "secret"] {
            assert_eq!(finished(odd.as_bytes()), format!("{UNREADABLE}\n"));
        }
    }
}
