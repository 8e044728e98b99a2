//! Where the state is saved: one JSON document, replaced by an atomic rename.
//!
//! A killed process leaves the old document or the new one. Nothing is flushed to the disk itself:
//! this bank has to survive `kill -9`, not a power cut.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::state::State;

/// The bank's data directory, held by this process alone.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Locked as long as it is open; the system lets go when the process ends, however it ends.
    _lock: File,
}

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process works in it.
    #[error("another sandbox bank uses the data directory")]
    InUse,
    /// It cannot be read or written.
    #[error("the data directory cannot be read or written")]
    Io(#[from] io::Error),
    /// The saved state is not one that this version wrote.
    #[error("the saved state cannot be understood")]
    Unreadable(#[from] serde_json::Error),
}

impl DataDir {
    /// Makes the directory if need be and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        fs::create_dir_all(path)?;
        let lock = File::create(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The path of something inside the directory.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The saved state, if there is one.
    pub(crate) fn load(&self) -> Result<Option<State>, DataDirError> {
        match fs::read(self.join("state.json")) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the saved state.
    pub(crate) fn save(&self, state: &State) -> Result<(), DataDirError> {
        let fresh = self.join("state.json.new");
        fs::write(&fresh, serde_json::to_vec(state)?)?;
        Ok(fs::rename(fresh, self.join("state.json"))?)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::policy::Policy;
    use crate::settings::TokenPolicy;

    #[test]
    fn gives_back_what_it_saved() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        assert!(data.load().unwrap().is_none());
        let mut state = State::new(TokenPolicy::default(), Timestamp::UNIX_EPOCH);
        state.policy.several_consents = true;
        data.save(&state).unwrap();
        assert!(data.load().unwrap().unwrap().policy.several_consents);
    }

    #[test]
    fn reads_what_an_earlier_bank_saved() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        let mut saved = serde_json::to_value(State::new(TokenPolicy::default(), Timestamp::UNIX_EPOCH)).unwrap();
        let known = ["opened_on", "clock_advance", "tokens", "consents", "grants", "reads", "desk", "faults"];
        saved.as_object_mut().unwrap().retain(|name, _| known.contains(&name.as_str()));
        saved["several_consents"] = true.into();
        fs::write(data.join("state.json"), saved.to_string()).unwrap();
        let read = data.load().unwrap().unwrap();
        assert_eq!(read.policy, Policy { several_consents: true, ..Policy::default() });
    }

    #[test]
    fn lets_only_one_bank_into_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDir::open(directory.path()).unwrap();
        assert!(matches!(DataDir::open(directory.path()), Err(DataDirError::InUse)));
        drop(first);
        assert!(DataDir::open(directory.path()).is_ok());
    }

    #[test]
    fn refuses_a_state_it_does_not_understand() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        fs::write(data.join("state.json"), b"{}").unwrap();
        assert!(matches!(data.load(), Err(DataDirError::Unreadable(_))));
    }
}
