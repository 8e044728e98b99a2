//! TOML into a tree that remembers lines.

use std::{path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{
    field_path::FieldPath,
    findings::Findings,
    node::{Node, Origin, Value},
};

/// The tree of a text. All that can be read is in it, even if mistakes were found.
pub fn parse(file: &Path, text: &str, findings: &mut Findings) -> Node {
    let mut reading = Reading { file: file.into(), starts: line_starts(text), findings };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = reading.origin(error.span().map_or(0, |span| span.start));
        reading.findings.add(&origin, &FieldPath::default(), error.message());
    }
    let root = Origin { file: Arc::clone(&reading.file), line: 1 };
    Node { origin: root, value: reading.table(table.get_ref(), &FieldPath::default()) }
}

/// A text being read.
struct Reading<'a> {
    file: Arc<Path>,
    starts: Vec<usize>,
    findings: &'a mut Findings,
}

fn line_starts(text: &str) -> Vec<usize> {
    let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    [0].into_iter().chain(after_breaks).collect()
}

impl Reading<'_> {
    fn origin(&self, offset: usize) -> Origin {
        Origin { file: Arc::clone(&self.file), line: self.starts.partition_point(|start| *start <= offset) }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &FieldPath) -> Value {
        let field = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &Spanned<std::borrow::Cow<'_, str>> = name;
            let origin = self.origin(name.span().start);
            let value = self.value(value.get_ref(), &path.then(name.get_ref()), &origin);
            (name.get_ref().to_string(), Node { origin, value })
        };
        Value::Table(table.iter().map(field).collect())
    }

    fn value(&mut self, value: &DeValue<'_>, path: &FieldPath, origin: &Origin) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => self.integer(number, path, origin),
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(truth) => Value::Boolean(*truth),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(entries) => {
                let entry = |(number, entry): (usize, &Spanned<DeValue<'_>>)| {
                    let origin = self.origin(entry.span().start);
                    let value = self.value(entry.get_ref(), &path.then(&number.to_string()), &origin);
                    Node { origin, value }
                };
                Value::List(entries.iter().enumerate().map(entry).collect())
            }
            DeValue::Table(table) => self.table(table, path),
        }
    }

    fn integer(&mut self, number: &DeInteger<'_>, path: &FieldPath, origin: &Origin) -> Value {
        Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or_else(|_| {
            self.findings.add(origin, path, "is too large a number");
            0
        }))
    }
}
