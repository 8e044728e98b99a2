//! Seals what the hub stores and opens it again: envelope encryption over the key service (promise P2).
//!
//! Every payload gets a data key (DEK) of its own. Unwrapping one is a call to the key service, so unwrapped DEKs are
//! remembered for a while, bounded in number and time. One whose time is over is never used again, and wiped by the
//! cache's upkeep, which later uses of the vault bring about, or when the vault is dropped. A DEK that was just made is not remembered: who may seal
//! need not be allowed to open.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    domain::{
        place::Place,
        purpose::Purpose,
        sealed::Sealed,
        secret::{ExposeSecret, Secret32, SecretSlice},
    },
    ports::{
        entropy::{Entropy, NoEntropy, random},
        keys::{KeyError, KeyWrap, WrappedKey},
    },
    protocol::envelope::{self, Binding, Envelope, EnvelopeError, WrappedDek},
};

mod deks;
mod wiping;

use deks::{DekName, Deks};

/// A value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key service cannot be reached, is too slow, or refuses us.
    #[error("the keys are not available")]
    KeysUnavailable(#[source] Arc<KeyError>),
    /// The version of the key that protects this value is gone or disabled.
    #[error("the key version is not available")]
    VersionUnavailable,
    /// The sealed value was altered, moved, swapped or put back from an older generation.
    #[error("the sealed value does not open")]
    Integrity,
    /// The value is authentic but not of the expected shape. The parser's message is left out: it may quote the value.
    #[error("the sealed value does not have the expected shape")]
    Misshapen,
    /// No randomness could be had.
    #[error("no randomness to seal with")]
    NoEntropy(#[from] NoEntropy),
}

impl From<EnvelopeError> for VaultError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Malformed | EnvelopeError::Rejected => Self::Integrity,
        }
    }
}

impl From<Arc<KeyError>> for VaultError {
    fn from(error: Arc<KeyError>) -> Self {
        match *error {
            KeyError::Unavailable(_) => Self::KeysUnavailable(error),
            KeyError::VersionUnavailable => Self::VersionUnavailable,
            KeyError::Rejected => Self::Integrity,
        }
    }
}

/// How many unwrapped DEKs are remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DekCache {
    /// At most this many.
    pub capacity: u64,
    /// Counted from the unwrapping. So long, at most, a destroyed or disabled key still opens on this instance.
    pub time_to_live: Duration,
}

impl Default for DekCache {
    fn default() -> Self {
        Self { capacity: 10_000, time_to_live: Duration::from_hours(1) }
    }
}

/// Seals and opens. Cheap to clone; clones share the remembered keys.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<dyn KeyWrap>,
    entropy: Arc<dyn Entropy>,
    deks: Deks,
}

impl Vault {
    /// A vault over these keys.
    pub fn new(keys: Arc<dyn KeyWrap>, entropy: Arc<dyn Entropy>, cache: DekCache) -> Self {
        Self { keys, entropy, deks: Deks::new(cache) }
    }

    /// Seals a value for that place, under the purpose's newest key.
    pub async fn seal(&self, purpose: Purpose, place: &Place, plaintext: &[u8]) -> Result<Sealed, VaultError> {
        let binding = Binding { purpose, place };
        let dek = self.fresh_dek()?;
        let nonce = random(&*self.entropy)?;
        let wrapped = self.wrap(&dek, binding).await?;
        Ok(envelope::seal(&dek, view(&wrapped)?, nonce, binding, plaintext)?)
    }

    /// The value that was sealed for that purpose and place.
    pub async fn open(&self, purpose: Purpose, place: &Place, sealed: &Sealed) -> Result<SecretSlice<u8>, VaultError> {
        let binding = Binding { purpose, place };
        let envelope = parse(sealed, purpose)?;
        let dek = self.dek(&envelope, binding).await?;
        Ok(envelope.open(&dek, binding)?)
    }

    /// Seals a value as JSON.
    pub async fn seal_json<T: Serialize + Sync>(
        &self,
        purpose: Purpose,
        place: &Place,
        value: &T,
    ) -> Result<Sealed, VaultError> {
        let plaintext = wiping::to_json(value).map_err(|_| VaultError::Misshapen)?;
        self.seal(purpose, place, &plaintext).await
    }

    /// The value that was sealed as JSON. Whatever secret it has must be in fields that wipe themselves.
    pub async fn open_json<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        place: &Place,
        sealed: &Sealed,
    ) -> Result<T, VaultError> {
        let plaintext = self.open(purpose, place, sealed).await?;
        serde_json::from_slice(plaintext.expose_secret()).map_err(|_| VaultError::Misshapen)
    }

    /// The newest version of the purpose's key, learned by wrapping a key that nobody uses.
    pub async fn newest_version(&self, purpose: Purpose, place: &Place) -> Result<String, VaultError> {
        let dek = self.fresh_dek()?;
        Ok(self.wrap(&dek, Binding { purpose, place }).await?.version)
    }

    /// The same payload with its DEK under the purpose's newest key; nothing if it is there already. The payload is
    /// not decrypted.
    pub async fn rewrap(&self, purpose: Purpose, place: &Place, sealed: &Sealed) -> Result<Option<Sealed>, VaultError> {
        let binding = Binding { purpose, place };
        let envelope = parse(sealed, purpose)?;
        let dek = self.dek(&envelope, binding).await?;
        let wrapped = self.wrap(&dek, binding).await?;
        if wrapped.version == envelope.wrapped().version() {
            return Ok(None);
        }
        Ok(Some(envelope.rewrapped(view(&wrapped)?)?))
    }

    fn fresh_dek(&self) -> Result<Secret32, NoEntropy> {
        let mut outcome = Ok(());
        let dek = Secret32::init_with_mut(|bytes| outcome = self.entropy.fill(bytes));
        outcome.map(|()| dek)
    }

    async fn wrap(&self, dek: &Secret32, binding: Binding<'_>) -> Result<WrappedKey, VaultError> {
        let wrapped = self.keys.wrap(binding.purpose, dek, &binding.associated_data()).await;
        wrapped.map_err(|error| Arc::new(error).into())
    }

    /// The DEK of an envelope. Of several calls that miss the same key at once, one asks the key service.
    async fn dek(&self, envelope: &Envelope<'_>, binding: Binding<'_>) -> Result<Arc<Secret32>, VaultError> {
        let wrapped = envelope.wrapped();
        let associated = binding.associated_data();
        let key = WrappedKey { version: wrapped.version().to_owned(), bytes: wrapped.bytes().to_vec() };
        let unwrap = || self.keys.unwrap(binding.purpose, &key, &associated);
        Ok(self.deks.get(dek_name(wrapped, &associated), unwrap).await?)
    }
}

/// The version of the key that protects a sealed value.
pub fn version_of(sealed: &Sealed) -> Result<&str, VaultError> {
    Ok(Envelope::parse(sealed)?.wrapped().version())
}

/// Refuses an envelope of another purpose before any key is asked for.
fn parse(sealed: &Sealed, purpose: Purpose) -> Result<Envelope<'_>, VaultError> {
    let envelope = Envelope::parse(sealed)?;
    if envelope.purpose() == purpose { Ok(envelope) } else { Err(VaultError::Integrity) }
}

fn view(wrapped: &WrappedKey) -> Result<WrappedDek<'_>, EnvelopeError> {
    WrappedDek::new(&wrapped.version, &wrapped.bytes)
}

/// Names an unwrapped DEK by all that its unwrapping depends on, the associated data (with the purpose) included: a
/// value in the wrong place must miss the cache and be refused by the key service.
fn dek_name(wrapped: WrappedDek<'_>, associated: &[u8]) -> DekName {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in [wrapped.version().as_bytes(), wrapped.bytes(), associated] {
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    let mut name = [0; 32];
    name.copy_from_slice(hash.finish().as_ref());
    name
}

#[cfg(test)]
mod tests;
