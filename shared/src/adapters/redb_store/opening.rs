//! Opening the file, and saying in one line what is wrong with it.

use std::{
    fs::File,
    io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use redb::{Builder, Database, Error, ReadableTable, StorageError, Table};

use super::tables::{FACTS, LAYOUT, LAYOUT_VERSION, table};
use crate::{
    adapters::private_file::{self, Draft},
    ports::documents::Collection,
};

/// Pages kept in memory; the library's own default would be a gigabyte.
const CACHE_BYTES: usize = 16 * 1_024 * 1_024;

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open, or this one has already.
    #[error("the store {} is already open; stop the other process or use another file", path.display())]
    AlreadyOpen {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a store, or is damaged.
    #[error("the store {} is damaged or is not a store", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<Error>,
    },
    /// The store was written by a release that lays it out differently.
    #[error("the store {} has layout {layout}, but this release reads layout {LAYOUT_VERSION}", path.display())]
    OtherLayout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        layout: u64,
    },
    /// The file or its folder may not be read or written.
    #[error("no permission to read and write the store {}", path.display())]
    NoPermission {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed otherwise.
    #[error("the store {} cannot be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: Box<Error>,
    },
}

impl OpenError {
    fn new(path: &Path, error: Error) -> Self {
        let path = path.to_owned();
        match error {
            Error::DatabaseAlreadyOpen => Self::AlreadyOpen { path },
            Error::Io(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                Self::NoPermission { path, source }
            }
            error if is_damage(&error) => Self::Damaged { path, source: Box::new(error) },
            error => Self::Failed { path, source: Box::new(error) },
        }
    }
}

fn is_damage(error: &Error) -> bool {
    match error {
        Error::Io(error) => matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof),
        Error::Corrupted(_) | Error::TableTypeMismatch { .. } | Error::TableIsMultimap(_) => true,
        _ => false,
    }
}

/// Opens the file, or creates it.
pub(super) fn open(path: &Path) -> Result<Database, OpenError> {
    let (database, layout) = open_or_create(path).map_err(|error| OpenError::new(path, error))?;
    if layout == LAYOUT_VERSION { Ok(database) } else { Err(OpenError::OtherLayout { path: path.to_owned(), layout }) }
}

fn open_or_create(path: &Path) -> Result<(Database, u64), Error> {
    match existing(path) {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => create(path),
        outcome => outcome,
    }
}

fn existing(path: &Path) -> Result<(Database, u64), Error> {
    let file = private_file::open(path)?;
    private_file::close_to_others(&file)?;
    laid_out(file)
}

/// Creates the file under another name first, so that a crash on the way leaves no half-made store behind.
fn create(path: &Path) -> Result<(Database, u64), Error> {
    private_file::make_folder_of(path)?;
    let (draft, file) = Draft::of(path)?;
    let created = laid_out(file)?;
    match draft.publish() {
        Ok(()) => Ok(created),
        // Somebody else was faster; theirs is the store.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => existing(path),
        Err(error) => Err(error.into()),
    }
}

/// The database in that file, with every table made, and its layout.
fn laid_out(file: File) -> Result<(Database, u64), Error> {
    telling_damage(|| {
        let database = Builder::new().set_cache_size(CACHE_BYTES).create_file(file)?;
        let layout = lay_out(&database)?;
        Ok((database, layout))
    })
}

/// The library answers some kinds of damage with a panic.
fn telling_damage<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(Error::Corrupted("the file's structure makes no sense".to_owned())))
}

/// A store that no file holds.
#[cfg(any(test, feature = "testing"))]
pub(super) fn in_memory() -> Result<Database, Error> {
    let database = Builder::new().create_with_backend(redb::backends::InMemoryBackend::new())?;
    lay_out(&database)?;
    Ok(database)
}

/// Makes the tables that are missing, unless the file has another layout. Answers the layout.
fn lay_out(database: &Database) -> Result<u64, Error> {
    let transaction = database.begin_write()?;
    let layout = layout(&mut transaction.open_table(FACTS)?)?;
    if layout == LAYOUT_VERSION {
        for collection in Collection::ALL {
            transaction.open_table(table(collection))?;
        }
        transaction.commit()?;
    }
    Ok(layout)
}

/// The file's layout; a new file gets the current one.
fn layout(facts: &mut Table<'_, &str, u64>) -> Result<u64, StorageError> {
    if let Some(layout) = facts.get(LAYOUT)? {
        return Ok(layout.value());
    }
    facts.insert(LAYOUT, LAYOUT_VERSION)?;
    Ok(LAYOUT_VERSION)
}

#[cfg(test)]
mod tests;
