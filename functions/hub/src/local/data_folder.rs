//! The data folder: what lies where, and that one hub at a time uses it.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::private_file;

/// The data folder. Knows the place of everything the local mode keeps.
#[derive(Clone, Debug)]
pub struct DataFolder {
    root: PathBuf,
}

/// Held while the hub runs; another hub on the same folder is refused. The system frees it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// A file is in its place, or it cannot be made.
    #[error("HUB_DATA: the folder {} cannot be made", .0.display())]
    NotAFolder(PathBuf, #[source] io::Error),
    /// Nothing can be written there.
    #[error("HUB_DATA: nothing can be written into the folder {}", .0.display())]
    NotWritable(PathBuf, #[source] io::Error),
    /// Another hub runs on it.
    #[error("HUB_DATA: another hub is using the folder {}; stop it or choose another folder", .0.display())]
    InUse(PathBuf),
    /// A file in it cannot be read or written.
    #[error("HUB_DATA: the file {} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A file in it does not hold what the hub wrote there.
    #[error("HUB_DATA: the file {} is damaged; mend or delete it", .0.display())]
    Damaged(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DataFolder {
    /// The folder at that place, which may not be there yet.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folder if needed, checks that it can be written, and takes it for this process alone.
    pub fn take(&self) -> Result<FolderLock, DataFolderError> {
        private_file::make_folder(&self.root).map_err(|error| DataFolderError::NotAFolder(self.root.clone(), error))?;
        let not_writable = |error| DataFolderError::NotWritable(self.root.clone(), error);
        let file = File::create(self.root.join("lock")).map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(self.root.clone())),
            Err(TryLockError::Error(error)) => Err(not_writable(error)),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The hub's store.
    pub fn store(&self) -> PathBuf {
        self.root.join("store.redb")
    }

    /// The hub's local key ring.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys.json")
    }

    /// The folder of bank documents.
    pub fn banks(&self) -> PathBuf {
        self.root.join("banks")
    }

    /// The folder of tenant documents.
    pub fn tenants(&self) -> PathBuf {
        self.root.join("tenants")
    }

    /// What the sandbox bank keeps.
    pub fn sandbox_bank(&self) -> PathBuf {
        self.root.join("bank")
    }

    /// The sandbox bank's ports.
    pub fn bank_ports(&self) -> PathBuf {
        self.root.join("bank-ports.json")
    }

    /// The key of a development issuer.
    pub fn issuer_key(&self, issuer: &str) -> PathBuf {
        self.root.join("issuers").join(format!("{issuer}.pem"))
    }

    /// What scripts read.
    pub fn local_json(&self) -> PathBuf {
        self.root.join("local.json")
    }

    /// The demo CRM's connections.
    pub fn demo_connections(&self) -> PathBuf {
        self.root.join("demo-crm.json")
    }
}

/// Reads a JSON file of the folder; `None` if it is not there.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, DataFolderError> {
    let text = private_file::read(path).map_err(|error| DataFolderError::File(path.to_owned(), error))?;
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|error| DataFolderError::Damaged(path.to_owned(), Box::new(error)))
}

/// Writes a JSON file of the folder, readable for its owner only.
pub fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), DataFolderError> {
    let text = serde_json::to_vec_pretty(value).map_err(io::Error::other);
    let written = text.and_then(|text| private_file::write(path, &text));
    written.map_err(|error| DataFolderError::File(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_hub_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().join("a/b"));
        let lock = folder.take().unwrap();
        assert!(matches!(folder.take(), Err(DataFolderError::InUse(_))));
        drop(lock);
        folder.take().unwrap();
    }

    #[test]
    fn a_file_in_its_place_is_told_by_name() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let error = DataFolder::at(place.path().to_owned()).take().unwrap_err();
        assert!(error.to_string().starts_with("HUB_DATA: the folder /"), "{error}");
        assert!(error.to_string().ends_with("cannot be made"), "{error}");
    }

    #[test]
    fn damaged_json_names_its_file() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("bank-ports.json");
        std::fs::write(&path, "{").unwrap();
        let error = read_json::<serde_json::Value>(&path).unwrap_err();
        assert!(error.to_string().contains("bank-ports.json is damaged"), "{error}");
    }
}
