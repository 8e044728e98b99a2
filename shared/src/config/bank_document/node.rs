//! A document as a tree in which every value knows the file and line that it came from.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::Value as Json;

use super::field_path::FieldPath;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands: at the line of its name.
    pub origin: Origin,
    /// What it is.
    pub value: Value,
}

/// What TOML knows, dates and times as the texts they are written as.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text, a date or a time.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// Lays a document over this one: tables are joined, everything else is replaced.
    pub fn overlay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(fields), Value::Table(others)) => {
                for (name, other) in others {
                    match fields.get_mut(&name) {
                        Some(field) => field.overlay(other),
                        None => _ = fields.insert(name, other),
                    }
                }
            }
            (value, other) => *value = other,
        }
        self.origin = over.origin;
    }

    /// Takes a field out of a table.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        match &mut self.value {
            Value::Table(fields) => fields.remove(name),
            _ => None,
        }
    }

    /// Leaves out what stands there; of a list, all of it.
    pub fn remove(&mut self, path: &FieldPath) {
        let mut steps = path.steps().peekable();
        let mut node = self;
        while let Some(step) = steps.next() {
            let Value::Table(fields) = &mut node.value else { return };
            let holds_entries = fields.get(step).is_some_and(|field| matches!(field.value, Value::List(_)));
            if holds_entries || steps.peek().is_none() {
                fields.remove(step);
                return;
            }
            match fields.get_mut(step) {
                Some(field) => node = field,
                None => return,
            }
        }
    }

    /// The field or entry of that name or number.
    pub fn get(&self, step: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(fields) => fields.get(step),
            Value::List(entries) => entries.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Where the value of this path stands, or the nearest thing around it that is there.
    pub fn origin_of(&self, path: &FieldPath) -> &Origin {
        let mut node = self;
        for step in path.steps() {
            match node.get(step) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        &node.origin
    }

    /// Every text in it, to be changed.
    pub fn each_text(&mut self, path: &FieldPath, change: &mut impl FnMut(&FieldPath, &Origin, &mut String)) {
        match &mut self.value {
            Value::Text(text) => change(path, &self.origin, text),
            Value::List(entries) => {
                for (number, entry) in entries.iter_mut().enumerate() {
                    entry.each_text(&path.then(&number.to_string()), change);
                }
            }
            Value::Table(fields) => {
                for (name, field) in fields {
                    field.each_text(&path.then(name), change);
                }
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
        }
    }

    /// The same as JSON, for the schema.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(truth) => (*truth).into(),
            Value::List(entries) => entries.iter().map(Self::to_json).collect(),
            Value::Table(fields) => fields.iter().map(|(name, field)| (name.clone(), field.to_json())).collect(),
        }
    }
}
