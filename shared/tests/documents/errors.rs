//! The catalogue of problems in `docs/errors.md` is the one in the code.

use std::fmt::Write;

use serde_json::{Value, json};
use shared::{
    domain::{meaning::Meaning, session::LapseReason},
    http::{
        problem::{Code, NextAction},
        trouble,
    },
    protocol::berlin_group::codes,
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

/// The word that a value is on the wire.
fn word(action: NextAction) -> String {
    json!(action).as_str().unwrap().to_owned()
}

#[test]
fn what_banks_answer_is_documented_as_it_is_read() {
    let mut table = "| status | code | meaning | problem | next_action |\n| --- | --- | --- | --- | --- |\n".to_owned();
    let rows = codes::TABLE.iter().map(|(status, code, meaning)| (status.to_string(), *code, *meaning));
    for (status, code, meaning) in rows.chain([("any other".to_owned(), None, Meaning::Unexpected)]) {
        let code = code.map_or("any or none".to_owned(), |code| format!("`{code}`"));
        let problem = trouble::meaning(meaning);
        let (name, problem, action) = (meaning.name(), problem.name(), word(problem.next_action()));
        writeln!(table, "| {status} | {code} | `{name}` | `{problem}` | `{action}` |").unwrap();
    }
    hold_to(DOCUMENT, "bank answers", &table);
}

#[test]
fn what_follows_from_a_meaning_is_documented_as_it_is_done() {
    let mut table = "| meaning | repeated | counts for the circuit | what the hub does by itself |\n\
                     | --- | --- | --- | --- |\n"
        .to_owned();
    for meaning in Meaning::ALL {
        let circuit = if meaning.counts_for_circuit() { "yes" } else { "no" };
        let (name, retry, hub) = (meaning.name(), meaning.retry().name(), meaning.what_the_hub_does());
        writeln!(table, "| `{name}` | `{retry}` | {circuit} | {hub} |").unwrap();
    }
    hold_to(DOCUMENT, "meanings", &table);
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
