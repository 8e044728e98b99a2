//! The keyring's file: JSON, for its owner only, replaced as a whole.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    keks::Keks,
    key_text::{Key32, KeyBytes},
    signing,
};
use crate::{
    adapters::private_file::{self, Draft},
    ports::entropy::{Entropy, NoEntropy},
};

/// The keyring could not be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Others than the owner have a right to the file; its keys may be known already.
    #[error("the keyring {} is open to others than its owner; set its mode to 0600", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a keyring of the known format. What is wrong is left out: it may quote a key.
    #[error("the keyring {} is not a keyring of a known format", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system did not let us read or write it.
    #[error("the keyring {} cannot be read or written", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was there and is no more.
    #[error("the keyring {} is gone", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The key version is not there, or is the newest one.
    #[error("the key version is unknown or still in use")]
    NotRetirable,
    /// Every version number is used up.
    #[error("there is no number left for a new key version")]
    NoVersionLeft,
    /// No randomness could be had for a new key.
    #[error("no randomness for a new key")]
    NoEntropy(#[from] NoEntropy),
}

const FORMAT: u32 = 1;

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    format: u32,
    /// KEKs by purpose and version.
    pub(super) keks: Keks,
    /// A P-256 key pair as PKCS#8.
    pub(super) signing_key: KeyBytes,
    /// The key of the keyed hashes.
    pub(super) pseudonym_key: Key32,
}

impl Contents {
    /// New keys throughout.
    pub(super) fn fresh(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self {
            format: FORMAT,
            keks: Keks::fresh(entropy)?,
            signing_key: signing::fresh_pkcs8().map_err(|_| NoEntropy)?,
            pseudonym_key: Key32::fresh(entropy)?,
        })
    }
}

/// The keyring in that file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Contents>, KeyringError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(inaccessible(path))?,
    };
    if private_file::is_open_to_others(&file).map_err(inaccessible(path))? {
        return Err(KeyringError::OpenToOthers { path: path.to_owned() });
    }
    let text = text(file).map_err(inaccessible(path))?;
    let contents: Option<Contents> = serde_json::from_slice(&text).ok();
    let known = contents.filter(|contents| contents.format == FORMAT && contents.keks.are_complete());
    known.map(Some).ok_or_else(|| KeyringError::Malformed { path: path.to_owned() })
}

/// Reads into a buffer that is large enough from the start, so that no copy of a key stays behind.
fn text(mut file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut text = Zeroizing::new(Vec::with_capacity(length + 64));
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// Creates the file with these contents, or reads the one that somebody else has just created.
pub(super) fn create(path: &Path, contents: Contents) -> Result<Contents, KeyringError> {
    private_file::make_folder_of(path).map_err(inaccessible(path))?;
    let draft = draft(path, &contents).map_err(inaccessible(path))?;
    match draft.publish() {
        Ok(()) => Ok(contents),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| KeyringError::Gone { path: path.to_owned() })
        }
        Err(error) => Err(inaccessible(path)(error)),
    }
}

/// Puts these contents in place of the file's.
pub(super) fn replace(path: &Path, contents: &Contents) -> Result<(), KeyringError> {
    draft(path, contents).and_then(Draft::replace).map_err(inaccessible(path))
}

/// Written straight to the file: a buffer would have to be wiped.
fn draft(path: &Path, contents: &Contents) -> io::Result<Draft> {
    let (draft, file) = Draft::of(path)?;
    serde_json::to_writer_pretty(&file, contents)?;
    file.sync_all()?;
    Ok(draft)
}

fn inaccessible(path: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    |source| KeyringError::Inaccessible { path: path.to_owned(), source }
}
