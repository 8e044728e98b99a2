//! The schema of bank documents as a file, and the page about them: fields from the schema, knobs from a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
};

use serde_json::Value;
use shared::config::bank_document::schema;

use crate::markdown::{code_words, document, hold_to, repository, table_below};

const SCHEMA: &str = "docs/bank-document.schema.json";
const PAGE: &str = "docs/bank-documents.md";

#[test]
fn the_published_schema_is_the_one_that_documents_are_judged_by() {
    let made = format!("{}\n", serde_json::to_string_pretty(schema()).unwrap());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(repository().join(SCHEMA), &made).unwrap();
    }
    let written = fs::read_to_string(repository().join(SCHEMA)).unwrap_or_default();
    assert!(written == made, "{SCHEMA} is not what the code makes of it: run the tests once with UPDATE_DOCS=1");
}

#[test]
fn every_field_is_listed() {
    let mut tables = Tables::default();
    tables.gather("", schema());
    hold_to(PAGE, "fields", &tables.text);
}

/// The tables of a document, outer ones first.
#[derive(Default)]
struct Tables {
    text: String,
    fields: BTreeSet<String>,
}

impl Tables {
    /// Writes one table and then those within it.
    fn gather(&mut self, path: &str, part: &Value) {
        let part = resolved(part);
        let required: BTreeSet<_> =
            part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let heading = if path.is_empty() { "The document itself".to_owned() } else { format!("`[{path}]`") };
        let _ = write!(self.text, "### {heading}\n\n{}\n\n", words(&part["description"]));
        self.text.push_str("| field | what it is | default | meaning |\n| --- | --- | --- | --- |\n");
        let mut inner = Vec::new();
        for (name, field) in properties(part) {
            let whole = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.fields.insert(whole.clone());
            let table = table_of(field);
            let default = match (required.contains(name.as_str()), &field["default"], table.is_some()) {
                (true, ..) => "**required**".to_owned(),
                (_, Value::Null, _) | (_, _, true) => String::new(),
                (_, default, _) => format!("`{}`", written(default)),
            };
            let meaning = words(&field["description"]);
            let _ = writeln!(self.text, "| `{name}` | {} | {default} | {meaning} |", kind(field));
            inner.extend(table.map(|table| (whole, table)));
        }
        self.text.push('\n');
        for (path, table) in inner {
            // Every kind of call has the same fields.
            if path.starts_with("operations.") && path != "operations.every" {
                properties(resolved(table)).for_each(|(name, _)| _ = self.fields.insert(format!("{path}.{name}")));
            } else {
                self.gather(&path, table);
            }
        }
    }
}

fn resolved(part: &Value) -> &Value {
    match part["$ref"].as_str() {
        Some(reference) => resolved(schema().pointer(reference.trim_start_matches('#')).unwrap()),
        None => part,
    }
}

fn properties(part: &Value) -> impl Iterator<Item = (&String, &Value)> {
    part["properties"].as_object().into_iter().flatten()
}

/// The table that a field is, or that its entries are, if it has fields of its own.
fn table_of(field: &Value) -> Option<&Value> {
    let part = resolved(field);
    let part = if part["type"] == "array" { resolved(&part["items"]) } else { part };
    // A map of headers about the PSU has no names of its own to explain.
    let is_map = properties(part).all(|(_, field)| *field == serde_json::json!({ "type": "string" }));
    (part.get("properties").is_some() && !is_map).then_some(part)
}

/// One line of Markdown in a cell.
fn words(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// What a field is.
fn kind(field: &Value) -> String {
    let part = resolved(field);
    let choices: Vec<_> = ["oneOf", "anyOf"].iter().filter_map(|name| part[*name].as_array()).flatten().collect();
    let named: Vec<_> = choices.iter().filter_map(|choice| choice["const"].as_str()).collect();
    let listed: Vec<_> = part["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let words: Vec<_> = named.iter().chain(&listed).map(|word| format!("`{word}`")).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    match part["type"].as_str() {
        Some("string") if part["format"] == "uri" => "address".to_owned(),
        Some("string") => part["x-form"].as_str().unwrap_or("text").to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => format!("number{}", bounds(field, part)),
        Some("array") => format!("list: {}", kind(&part["items"])),
        Some("object") if table_of(field).is_some() => "table".to_owned(),
        Some("object") => "table of texts".to_owned(),
        _ => choices.iter().map(|choice| kind(choice)).collect::<Vec<_>>().join(" or "),
    }
}

fn bounds(field: &Value, part: &Value) -> String {
    let of = |name: &str| field[name].as_i64().or(part[name].as_i64());
    // A type's own bound is nobody's rule.
    let of_types = [u8::MAX.into(), u16::MAX.into(), i16::MAX.into(), i16::MIN.into()];
    let said = |name: &str| of(name).filter(|bound| !of_types.contains(bound));
    match (said("minimum").filter(|least| *least != 0), said("maximum")) {
        (None, None) => String::new(),
        (Some(least), None) => format!(", at least {least}"),
        (least, Some(most)) => format!(", {} to {most}", least.unwrap_or(0)),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name} = {}", written(value))).collect();
            if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        Value::Array(entries) => format!("[{}]", entries.iter().map(written).collect::<Vec<_>>().join(", ")),
        plain => plain.to_string(),
    }
}

/// The knobs of the page, by their numbers.
fn knobs() -> BTreeMap<u32, Vec<String>> {
    let rows = table_below(&document(PAGE), "## Knobs");
    rows.into_iter().map(|row| (row[0].parse().unwrap(), row)).collect()
}

#[test]
fn every_knob_has_a_field_a_hook_or_a_reason() {
    let mut tables = Tables::default();
    tables.gather("", schema());
    let knobs = knobs();
    assert_eq!(knobs.keys().copied().collect::<Vec<_>>(), (1..=84).collect::<Vec<_>>());
    for (number, row) in knobs {
        let [_, what, how, where_] = row.as_slice() else { panic!("{number}: not four cells") };
        assert!(!what.is_empty() && !where_.is_empty(), "{number}");
        assert!(["field", "hook", "rule", "out"].contains(&how.as_str()), "{number}: {how}");
        let named: Vec<_> = code_words(where_).into_iter().filter(|word| is_field_like(word)).collect();
        assert!(how != "field" || !named.is_empty(), "{number} names no field");
        for name in named {
            let is_known = tables.fields.contains(name)
                || tables.fields.iter().any(|field| field.starts_with(&format!("{name}.")));
            assert!(is_known, "{number}: there is no field {name}");
        }
    }
}

/// Whether a word in code marks is meant as a field: words with points or of one table.
fn is_field_like(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte))
}
