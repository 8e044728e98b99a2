//! The places in the code that write a line: macros of `tracing`, read from the sources.

use std::{fs, path::Path};

use crate::markdown::{files, repository};

/// The macros that write a line.
const MACROS: [&str; 5] =
    ["tracing::trace!(", "tracing::debug!(", "tracing::info!(", "tracing::warn!(", "tracing::error!("];

/// One place.
pub struct Call {
    /// What stands between the brackets, without spaces around dots and signs.
    text: String,
    /// Whether the log never hears it.
    pub is_inside: bool,
}

impl Call {
    /// Whether it says that.
    pub fn says(&self, message: &str) -> bool {
        self.text.contains(&format!("\"{message}\""))
    }

    /// Whether its line has that field, or may have it.
    pub fn has(&self, field: &str) -> bool {
        if field == "message" {
            return true;
        }
        let begins = |before: &str| before.is_empty() || before.ends_with([' ', '(', '{', '\n', '%', '?']);
        let goes_on = |after: &str| after.trim_start().starts_with(['=', ',']) && !after.trim_start().starts_with("==");
        self.text
            .match_indices(field)
            .any(|(at, _)| begins(&self.text[..at]) && goes_on(&self.text[at + field.len()..]))
    }
}

/// Every place in the hub's own code.
pub fn calls() -> Vec<Call> {
    let folders = ["shared/src", "functions"].map(|folder| repository().join(folder));
    let sources = folders.iter().flat_map(|folder| files(folder, "rs"));
    sources.filter(|file| is_shipped(file)).flat_map(|file| in_text(&code(&file))).collect()
}

fn is_shipped(file: &Path) -> bool {
    let path = file.display().to_string();
    !path.contains("/src/testing/") && !path.contains("/tests/")
}

/// A file without its tests.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

fn in_text(text: &str) -> Vec<Call> {
    let begins = MACROS.iter().flat_map(|name| text.match_indices(name).map(|(at, name)| at + name.len()));
    begins
        .map(|at| {
            let text = inner(&text[at..]).to_owned();
            Call { is_inside: text.contains("target: INSIDE"), text }
        })
        .collect()
}

/// What stands before the bracket that closes.
fn inner(text: &str) -> &str {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string && depth == 0 => return &text[..at],
            ')' if !in_string => depth -= 1,
            _ => {}
        }
    }
    text
}
