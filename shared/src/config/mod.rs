//! Settings and documents: read once at the start, checked whole, every mistake told together and never a secret's value.

mod address;
pub mod bank_document;
pub mod environment;
mod keys_setting;
pub mod mistakes;
mod reader;
pub mod settings;
mod store_setting;
pub mod tenant_document;
mod tenant_identity;

use std::{
    fs,
    path::{Path, PathBuf},
};

use mistakes::Mistakes;

/// Reads every document of a folder (`*.toml`, by name) and gathers the mistakes of all.
fn read_folder<T>(
    folder: &Path,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&Path, &str, &mut Mistakes) -> Option<T>,
) -> Vec<T> {
    let mut documents = Vec::new();
    for path in toml_files(folder, mistakes) {
        match fs::read_to_string(&path) {
            Ok(text) => documents.extend(read(&path, &text, mistakes)),
            Err(error) => mistakes.add(path.display(), format!("cannot be read: {error}")),
        }
    }
    documents
}

fn toml_files(folder: &Path, mistakes: &mut Mistakes) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            mistakes.add(folder.display(), format!("cannot be listed: {error}"));
            return Vec::new();
        }
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    files.sort();
    files
}
