//! What a document builds on (`extends`), and what it says for one environment only (`environments`).

use std::{
    fs, iter,
    path::{Component, Path, PathBuf},
};

use super::{
    field_path::FieldPath,
    findings::Findings,
    node::{Node, Value},
    parse::parse,
};
use crate::config::environment::Environment;

/// The field that names the document beneath.
pub const EXTENDS: &str = "extends";

/// The table of what holds in one environment only.
pub const ENVIRONMENTS: &str = "environments";

/// How many documents may lie on each other: a bank, its group, its core, and one to spare.
const DEEPEST: usize = 4;

/// A file's document laid over those that it builds on. Environments are still apart.
pub fn read_chain(file: &Path, text: &str, findings: &mut Findings) -> Node {
    let mut visited = vec![identity(file)];
    let mut layers = vec![parse(file, text, findings)];
    while let Some(next) = layers.last_mut().and_then(|layer| base_of(layer, &visited, findings)) {
        visited.push(identity(&next.file));
        layers.push(parse(&next.file, &next.text, findings));
    }
    let mut from_the_bottom = layers.into_iter().rev();
    // There is one at least: the file's own.
    let Some(mut document) = from_the_bottom.next() else { return parse(file, "", findings) };
    from_the_bottom.for_each(|layer| document.overlay(layer));
    document
}

/// A document that another builds on.
struct Base {
    file: PathBuf,
    text: String,
}

/// The document that this one names as its base, if it does and if that can be had.
fn base_of(layer: &mut Node, visited: &[PathBuf], findings: &mut Findings) -> Option<Base> {
    let field = FieldPath::dotted(EXTENDS);
    let named = layer.take(EXTENDS)?;
    let found = match &named.value {
        Value::Text(name) => open(&named.origin.file, Path::new(name), visited),
        _ => Err("must be the name of a file".to_owned()),
    };
    found.map_err(|what| findings.add(&named.origin, &field, what)).ok()
}

fn open(from: &Path, name: &Path, visited: &[PathBuf]) -> Result<Base, String> {
    if name.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
        return Err("must be relative to this file".to_owned());
    }
    let file = from.parent().unwrap_or(Path::new("")).join(name);
    if visited.contains(&identity(&file)) {
        return Err("leads back to itself".to_owned());
    }
    if visited.len() >= DEEPEST {
        return Err(format!("leads on to more than {DEEPEST} documents"));
    }
    let text = fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(Base { file, text })
}

/// One name for a file that can be named in several ways.
fn identity(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// The document as it is in one environment.
pub fn in_environment(document: &Node, environment: Environment) -> Node {
    let mut document = document.clone();
    let chosen = document.take(ENVIRONMENTS).and_then(|mut all| all.take(environment.name()));
    if let Some(chosen) = chosen {
        document.overlay(chosen);
    }
    document
}

/// The environments that a document says something about, and the mistakes in their names.
pub fn environments(document: &Node, findings: &mut Findings) -> Vec<Environment> {
    let Some(all) = document.get(ENVIRONMENTS) else { return Vec::new() };
    let field = FieldPath::dotted(ENVIRONMENTS);
    let Value::Table(tables) = &all.value else {
        findings.add(&all.origin, &field, "must be a table");
        return Vec::new();
    };
    let mut known = Vec::new();
    for (name, table) in tables {
        match (name.parse(), &table.value) {
            (Ok(environment), Value::Table(_)) => known.push(environment),
            (Ok(_), _) => findings.add(&table.origin, &field.then(name), "must be a table"),
            (Err(what), _) => findings.add(&table.origin, &field.then(name), what),
        }
    }
    for inner in tables
        .values()
        .flat_map(|table| iter::once(EXTENDS).chain([ENVIRONMENTS]).filter_map(|name| Some((name, table.get(name)?))))
    {
        findings.add(&inner.1.origin, &field.then(inner.0), "stands at the top of a document only");
    }
    known
}
