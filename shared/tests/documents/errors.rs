//! The catalogue of problems in `docs/errors.md` is the one in the code.

use std::fmt::Write;

use serde_json::{Value, json};
use shared::{
    domain::session::LapseReason,
    http::problem::{Code, NextAction},
};
use utoipa::PartialSchema;

use crate::markdown::{document, hold_to, table_below};

const DOCUMENT: &str = "docs/errors.md";

#[test]
fn every_code_is_documented_as_it_is() {
    let mut table = "| code | status | next_action | title |\n| --- | --- | --- | --- |\n".to_owned();
    for code in Code::ALL {
        let action = json!(code.next_action());
        let (name, status, action) = (code.name(), code.status().as_u16(), action.as_str().unwrap());
        writeln!(table, "| `{name}` | {status} | `{action}` | {} |", code.title()).unwrap();
    }
    hold_to(DOCUMENT, "codes", &table);
}

#[test]
fn every_next_action_and_every_reason_is_explained() {
    for (heading, words) in [("## next_action", words::<NextAction>()), ("## reason", words::<LapseReason>())] {
        let explained: Vec<_> =
            table_below(&document(DOCUMENT), heading).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(explained, words, "{heading}");
    }
}

/// The words of an enumeration, in code marks and in the order of the code.
fn words<T: PartialSchema>() -> Vec<String> {
    let schema = serde_json::to_value(T::schema()).unwrap();
    let words = schema["enum"].as_array().unwrap();
    words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect()
}
