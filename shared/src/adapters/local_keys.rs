//! Keys of a hub without a key service: one file that only its owner may read. For a laptop, a demo and tests; who can
//! read the file can open everything.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::{
    domain::{pseudonym::PseudonymKey, purpose::Purpose, secret::Secret32},
    ports::{
        entropy::{Entropy, random},
        keys::{KeyError, KeyWrap, PublicKey, Signer, WrappedKey},
    },
};

mod file;
mod keks;
mod key_text;
mod signing;

use file::Contents;
pub use file::KeyringError;
use keks::Keks;
use key_text::Key32;
use signing::SigningKey;

/// The keys in one file: versioned KEKs per purpose, the signing key, the pseudonym key.
pub struct LocalKeyring {
    path: PathBuf,
    entropy: Arc<dyn Entropy>,
    keks: ArcSwap<Keks>,
    signing: SigningKey,
    pseudonym: PseudonymKey,
    /// Held while the file is changed.
    changing: Mutex<()>,
}

impl LocalKeyring {
    /// Opens the file, or creates it with fresh keys. Refuses a file that others than its owner have a right to. The
    /// randomness serves new keys, and later the nonces of wrapping.
    pub fn open_or_create(path: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, KeyringError> {
        let contents = match file::read(path)? {
            Some(contents) => contents,
            None => file::create(path, Contents::fresh(&*entropy)?)?,
        };
        let malformed = || KeyringError::Malformed { path: path.to_owned() };
        Ok(Self {
            path: path.to_owned(),
            entropy,
            signing: SigningKey::from_pkcs8(contents.signing_key.expose()).ok_or_else(malformed)?,
            pseudonym: PseudonymKey::new(contents.pseudonym_key.into_secret()),
            keks: ArcSwap::from_pointee(contents.keks),
            changing: Mutex::new(()),
        })
    }

    /// The key of the keyed hashes.
    pub const fn pseudonym_key(&self) -> &PseudonymKey {
        &self.pseudonym
    }

    /// Adds a KEK version, which wraps from now on. Answers its name.
    pub fn rotate(&self, purpose: Purpose) -> Result<String, KeyringError> {
        let key = Key32::fresh(&*self.entropy)?;
        self.change(|keks| Ok(keks.add(purpose, key).ok_or(KeyringError::NoVersionLeft)?.to_string()))
    }

    /// Destroys an old KEK version. What it wraps is lost: move everything to the newest version first, which itself
    /// cannot be retired.
    pub fn retire(&self, purpose: Purpose, version: &str) -> Result<(), KeyringError> {
        self.change(|keks| if keks.remove(purpose, version) { Ok(()) } else { Err(KeyringError::NotRetirable) })
    }

    /// Changes the file first, then what this process uses.
    fn change<T>(&self, change: impl FnOnce(&mut Keks) -> Result<T, KeyringError>) -> Result<T, KeyringError> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contents = file::read(&self.path)?.ok_or_else(|| KeyringError::Gone { path: self.path.clone() })?;
        let outcome = change(&mut contents.keks)?;
        file::replace(&self.path, &contents)?;
        self.keks.store(Arc::new(contents.keks));
        Ok(outcome)
    }
}

/// Shows where the keys are, not what they are.
impl fmt::Debug for LocalKeyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LocalKeyring").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyWrap for LocalKeyring {
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
        let nonce = random(&*self.entropy).map_err(|error| KeyError::Unavailable(Box::new(error)))?;
        self.keks.load().wrap(purpose, key, nonce, associated)
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        self.keks.load().unwrap(purpose, wrapped, associated)
    }

    async fn ready(&self) -> Result<(), KeyError> {
        Ok(())
    }
}

#[async_trait]
impl Signer for LocalKeyring {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        Ok(vec![self.signing.public().clone()])
    }

    async fn sign(&self, key_id: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if self.signing.public().key_id != key_id {
            return Err(KeyError::VersionUnavailable);
        }
        self.signing.sign(message).map_err(|error| KeyError::Unavailable(Box::new(error)))
    }
}

#[cfg(test)]
mod tests;
