//! The key encryption keys (KEKs): numbered versions for each purpose, of which the newest wraps.
//!
//! A wrapped key is nonce (12 bytes), AES-256-GCM ciphertext (32) and tag (16). Nonces are random, which bounds one
//! version to 2^32 wrapped keys (NIST SP 800-38D §8.3): more than a laptop makes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key_text::{Key32, secret32};
use crate::{
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::{
        entropy::{Entropy, NoEntropy},
        keys::{KeyError, WrappedKey},
    },
    protocol::aead::{self, NONCE_BYTES},
};

type Versions = BTreeMap<u32, Key32>;

/// Every KEK.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keks {
    flow: Versions,
    tokens: Versions,
    payloads: Versions,
}

impl Keks {
    /// Version 1 for every purpose.
    pub(super) fn fresh(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let first = || Ok(BTreeMap::from([(1, Key32::fresh(entropy)?)]));
        Ok(Self { flow: first()?, tokens: first()?, payloads: first()? })
    }

    /// Whether every purpose has a version to wrap with.
    pub(super) fn are_complete(&self) -> bool {
        Purpose::ALL.into_iter().all(|purpose| !self.versions(purpose).is_empty())
    }

    /// Adds a version to the purpose, and answers its number: none if the numbers are used up.
    pub(super) fn add(&mut self, purpose: Purpose, key: Key32) -> Option<u32> {
        let versions = self.versions_mut(purpose);
        let number = versions.keys().next_back().unwrap_or(&0).checked_add(1)?;
        versions.insert(number, key);
        Some(number)
    }

    /// Removes a version other than the newest. Answers whether it did.
    pub(super) fn remove(&mut self, purpose: Purpose, version: &str) -> bool {
        let versions = self.versions_mut(purpose);
        let newest = versions.keys().next_back().copied();
        let old = version.parse().ok().filter(|number| Some(*number) != newest);
        old.and_then(|number: u32| versions.remove(&number)).is_some()
    }

    /// Wraps a key under the purpose's newest version.
    pub(super) fn wrap(
        &self,
        purpose: Purpose,
        key: &Secret32,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
    ) -> Result<WrappedKey, KeyError> {
        let (version, kek) = self.versions(purpose).last_key_value().ok_or(KeyError::VersionUnavailable)?;
        let mut bytes = nonce.to_vec();
        aead::seal_onto(&mut bytes, kek.secret(), nonce, associated, key.expose_secret())
            .map_err(|error| KeyError::Unavailable(Box::new(error)))?;
        Ok(WrappedKey { version: version.to_string(), bytes })
    }

    /// The key again.
    pub(super) fn unwrap(
        &self,
        purpose: Purpose,
        wrapped: &WrappedKey,
        associated: &[u8],
    ) -> Result<Secret32, KeyError> {
        let number = wrapped.version.parse().ok();
        let kek = number.and_then(|number: u32| self.versions(purpose).get(&number));
        let kek = kek.ok_or(KeyError::VersionUnavailable)?;
        let (nonce, ciphertext) = wrapped.bytes.split_first_chunk().ok_or(KeyError::Rejected)?;
        let key = aead::open(kek.secret(), *nonce, associated, ciphertext).map_err(|_| KeyError::Rejected)?;
        secret32(key.expose_secret()).ok_or(KeyError::Rejected)
    }

    const fn versions(&self, purpose: Purpose) -> &Versions {
        match purpose {
            Purpose::Flow => &self.flow,
            Purpose::Tokens => &self.tokens,
            Purpose::Payloads => &self.payloads,
        }
    }

    const fn versions_mut(&mut self, purpose: Purpose) -> &mut Versions {
        match purpose {
            Purpose::Flow => &mut self.flow,
            Purpose::Tokens => &mut self.tokens,
            Purpose::Payloads => &mut self.payloads,
        }
    }
}
