//! What is wrong with one bank's document, gathered from every step of its reading.

use std::{collections::BTreeSet, fmt};

use super::{
    field_path::FieldPath,
    node::{Node, Origin},
};
use crate::config::mistakes::Mistakes;

/// What is wrong, each told once, in the order of files and lines.
#[derive(Debug, Default)]
pub struct Findings(BTreeSet<Finding>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    origin: Origin,
    field: FieldPath,
    what: String,
}

impl Findings {
    /// Notes what is wrong with a field; never its value.
    pub fn add(&mut self, origin: &Origin, field: &FieldPath, what: impl fmt::Display) {
        self.0.insert(Finding { origin: origin.clone(), field: field.clone(), what: what.to_string() });
    }

    /// The same for a field of a document, wherever it or what is around it stands.
    pub fn add_in(&mut self, document: &Node, field: &FieldPath, what: impl fmt::Display) {
        self.add(document.origin_of(field), field, what);
    }

    /// Whether something is wrong already with that field, with one inside it or with one around it.
    pub fn touch(&self, field: &FieldPath) -> bool {
        self.0.iter().any(|finding| finding.field.touches(field))
    }

    /// Whether something is wrong already with that very field.
    pub fn has(&self, field: &FieldPath) -> bool {
        self.fields().any(|other| other == field)
    }

    /// The fields with which something is wrong.
    pub fn fields(&self) -> impl Iterator<Item = &FieldPath> {
        self.0.iter().map(|finding| &finding.field)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Joins those of another reading.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Hands all of them to the mistakes of a start: `FILE:LINE: FIELD: WHAT`.
    pub fn tell(self, mistakes: &mut Mistakes) {
        for Finding { origin, field, what } in self.0 {
            let place = format!("{}:{}", origin.file.display(), origin.line);
            match field.last() {
                Some(_) => mistakes.add(format!("{place}: {field}"), what),
                None => mistakes.add(place, what),
            }
        }
    }
}
