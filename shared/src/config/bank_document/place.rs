//! A document whose fields are being checked.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{field_path::FieldPath, findings::Findings, node::Node};

/// A document whose fields are being checked: mistakes are noted where the field stands. Of a field that something is
/// wrong with already, nothing more is said.
pub(super) struct Place<'a> {
    document: &'a Node,
    earlier: &'a Findings,
    findings: Findings,
}

impl<'a> Place<'a> {
    /// A document, and what was found before.
    pub fn new(document: &'a Node, earlier: &'a Findings) -> Self {
        Self { document, earlier, findings: Findings::default() }
    }

    /// What was found.
    pub fn into_findings(self) -> Findings {
        self.findings
    }

    /// Notes a mistake.
    pub fn add(&mut self, field: &str, what: impl fmt::Display) {
        let field = FieldPath::dotted(field);
        if !self.earlier.touch(&field) {
            self.findings.add_in(self.document, &field, what);
        }
    }

    /// The value, or its mistake noted.
    pub fn take<T, E: fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, error)).ok()
    }

    /// Notes a mistake unless something holds.
    pub fn demand(&mut self, field: &str, holds: bool, what: impl fmt::Display) {
        if !holds {
            self.add(field, what);
        }
    }

    /// Where a file lies that this field names: beside the document that names it.
    pub fn beside(&self, field: &str, name: &Path) -> PathBuf {
        let naming = &self.document.origin_of(&FieldPath::dotted(field)).file;
        naming.parent().unwrap_or(Path::new("")).join(name)
    }

    /// The text of a file that this field names.
    pub fn file(&mut self, field: &str, name: &Path) -> Option<String> {
        let beside = self.beside(field, name);
        let text = fs::read_to_string(&beside).map_err(|error| format!("{} cannot be read: {error}", beside.display()));
        self.take(field, text)
    }
}
