//! Guards the graph of the layers of `shared`: which of the crate's parts may use which others.
//!
//! The sources are read, not the compiled crate, because the compiler allows every module to use every other. The test
//! walks the module tree from `src/lib.rs` and looks at each path that leads to the crate's root: in `use` trees, inline,
//! and by way of `super`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test reports by panicking")]

mod paths;
mod tokens;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use paths::{Child, Module, Use, read};

/// What a part of the crate may use besides itself.
enum Sees {
    Only(&'static [&'static str]),
    Everything,
}

/// Every part of the crate. The first five are the layers, each of which uses those before it.
const PARTS: [(&str, Sees); 10] = [
    ("domain", Sees::Only(&[])),
    ("protocol", Sees::Only(&["domain"])),
    ("ports", Sees::Only(&["domain", "protocol"])),
    ("flows", Sees::Only(&["domain", "protocol", "ports"])),
    ("http", Sees::Only(&["domain", "protocol", "ports", "flows"])),
    ("adapters", Sees::Only(&["domain", "protocol", "ports"])),
    ("config", Sees::Only(&["domain", "protocol"])),
    ("telemetry", Sees::Only(&["domain", "ports"])),
    ("testing", Sees::Everything),
    ("wiring", Sees::Everything),
];

/// What the code of tests may use whatever its part may.
const FOR_TESTS: &str = "testing";

/// Uses against the graph that are there for a reason: file, what it uses, why. This list only shrinks: a line that is
/// no longer needed fails the test as well.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("http/layers.rs", "telemetry", "the span that names a request is the outermost layer around every handler")];

/// A use that the graph does not allow.
type Violation = (String, String);

#[test]
fn every_part_uses_only_what_it_may() {
    let found = violations();
    let excepted: BTreeSet<Violation> =
        EXCEPTIONS.iter().map(|(file, used, _)| ((*file).to_owned(), (*used).to_owned())).collect();
    let new: Vec<_> = found.difference(&excepted).collect();
    assert!(new.is_empty(), "these files use what their layer may not: {new:?}");
    let stale: Vec<_> = excepted.difference(&found).collect();
    assert!(stale.is_empty(), "these exceptions are no longer needed, so take them away: {stale:?}");
}

#[test]
fn every_part_has_its_place_in_the_graph() {
    let known: BTreeSet<_> = PARTS.iter().map(|(part, _)| (*part).to_owned()).collect();
    let text = fs::read_to_string(source_folder().join("lib.rs")).unwrap();
    let parts: BTreeSet<_> = read(&text, &Module::root()).children.into_iter().map(|child| child.name).collect();
    assert_eq!(parts, known);
}

#[test]
fn every_source_file_was_read() {
    let mut read = BTreeSet::new();
    walk(&Module::root(), &source_folder().join("lib.rs"), &mut |file, _, _| {
        read.insert(file.to_owned());
    });
    assert_eq!(read, files_below(&source_folder()));
}

fn violations() -> BTreeSet<Violation> {
    let mut found = BTreeSet::new();
    walk(&Module::root(), &source_folder().join("lib.rs"), &mut |file, module, uses| {
        let file = file.strip_prefix(source_folder()).unwrap().display().to_string();
        let Some(part) = module.path.first() else { return };
        found.extend(uses.iter().filter(|used| !may(part, used)).map(|used| (file.clone(), used.part.clone())));
    });
    found
}

fn may(part: &str, used: &Use) -> bool {
    let (_, sees) = PARTS.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part} has no place"));
    let allowed = match sees {
        Sees::Everything => true,
        Sees::Only(others) => others.contains(&used.part.as_str()),
    };
    allowed || used.part == part || (used.in_test && used.part == FOR_TESTS)
}

/// Visits a module's file and those of all modules below it.
fn walk(module: &Module, file: &Path, visit: &mut dyn FnMut(&Path, &Module, &[Use])) {
    let text = fs::read_to_string(file).unwrap();
    let source = read(&text, module);
    visit(file, module, &source.uses);
    for child in &source.children {
        let below = module.below(child);
        walk(&below, &file_of(&below, child), visit);
    }
}

/// `a/b.rs` or `a/b/mod.rs`: a `path` attribute would break this, and is not used.
fn file_of(module: &Module, child: &Child) -> PathBuf {
    let place = module.path.iter().fold(source_folder(), |place, name| place.join(name));
    let files = [place.with_extension("rs"), place.join("mod.rs")];
    files.into_iter().find(|file| file.exists()).unwrap_or_else(|| panic!("no file for the module {}", child.name))
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { BTreeSet::from([path]) }).collect()
}
