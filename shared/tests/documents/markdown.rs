//! Reads Markdown as far as these tests need it: files, tables, words in code marks, parts made from the code.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of a document, by its path in the repository.
pub fn document(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder of the repository with that ending; build folders and hidden ones are left out.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        !name.starts_with('.') && name != "target"
    };
    let below = |path: PathBuf| {
        if path.is_dir() {
            return files(&path, ending);
        }
        if path.extension().is_some_and(|kind| kind == ending) { vec![path] } else { Vec::new() }
    };
    entries.filter(wanted).flat_map(below).collect()
}

/// The rows of the table that follows this heading, without its head, cell by cell.
pub fn table_below(text: &str, heading: &str) -> Vec<Vec<String>> {
    let marked = format!("\n{heading}\n");
    let (_, below) = text.split_once(&marked).unwrap_or_else(|| panic!("no heading {heading}"));
    let lines = below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    lines.skip(2).map(cells).collect()
}

fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// What stands between code marks, outside of blocks of code.
pub fn code_words(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let outside = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    outside.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Compares a document's part between `<!-- NAME -->` and `<!-- end -->` with what the code makes of it, or rewrites it.
pub fn hold_to(path: &str, name: &str, made: &str) {
    let text = document(path);
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap_or_else(|| panic!("no part {name}"));
    let (written, after) = rest.split_once("<!-- end -->").unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        // Renamed into its place, because other tests read it meanwhile.
        let (place, draft) = (repository().join(path), repository().join(format!("{path}.new")));
        fs::write(&draft, format!("{before}<!-- {name} -->\n{made}<!-- end -->{after}")).unwrap();
        fs::rename(draft, place).unwrap();
    } else {
        assert_eq!(written, made, "{path} is not what the code makes of it: run the tests once with UPDATE_DOCS=1");
    }
}
