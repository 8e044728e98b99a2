//! A key service in memory: rotated, cut off and counted by a test. Its keys are no secret, so it must never meet real
//! data.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::task;

use crate::{
    domain::{
        code_hash::sha256,
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::keys::{KeyError, KeyWrap, WrappedKey},
    protocol::aead,
};

/// A key service for tests. Every call gives way to other tasks once, as a call to a real service does.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    state: Mutex<State>,
}

/// How often the service was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Keys wrapped, or tried to.
    pub wraps: u64,
    /// Keys unwrapped, or tried to.
    pub unwraps: u64,
}

#[derive(Debug, Default)]
struct State {
    calls: Calls,
    cut_off: bool,
    rotations: HashMap<Purpose, u32>,
    destroyed: HashSet<(Purpose, String)>,
}

impl State {
    fn newest(&self, purpose: Purpose) -> String {
        self.rotations.get(&purpose).copied().unwrap_or(0).to_string()
    }

    fn reachable(&self) -> Result<(), KeyError> {
        if self.cut_off { Err(KeyError::Unavailable("cut off by the test".into())) } else { Ok(()) }
    }
}

impl MemoryKeys {
    /// The calls so far.
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// Makes every call fail as unavailable, or no longer.
    pub fn cut_off(&self, cut_off: bool) {
        self.state().cut_off = cut_off;
    }

    /// Makes a new KEK version, which wraps from now on.
    pub fn rotate(&self, purpose: Purpose) {
        *self.state().rotations.entry(purpose).or_default() += 1;
    }

    /// Destroys a KEK version.
    pub fn destroy(&self, purpose: Purpose, version: &str) {
        self.state().destroyed.insert((purpose, version.to_owned()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyWrap for MemoryKeys {
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
        task::yield_now().await;
        let mut state = self.state();
        state.calls.wraps += 1;
        state.reachable()?;
        let version = state.newest(purpose);
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&state.calls.wraps.to_be_bytes());
        let mut bytes = nonce.to_vec();
        aead::seal_onto(&mut bytes, &kek(purpose, &version), nonce, associated, key.expose_secret()).unwrap();
        Ok(WrappedKey { version, bytes })
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        task::yield_now().await;
        let mut state = self.state();
        state.calls.unwraps += 1;
        state.reachable()?;
        if state.destroyed.contains(&(purpose, wrapped.version.clone())) {
            return Err(KeyError::VersionUnavailable);
        }
        let (nonce, ciphertext) = wrapped.bytes.split_first_chunk().ok_or(KeyError::Rejected)?;
        let kek = kek(purpose, &wrapped.version);
        let key = aead::open(&kek, *nonce, associated, ciphertext).map_err(|_| KeyError::Rejected)?;
        let key: [u8; 32] = key.expose_secret().try_into().map_err(|_| KeyError::Rejected)?;
        Ok(Secret32::new(Box::new(key)))
    }

    async fn ready(&self) -> Result<(), KeyError> {
        self.state().reachable()
    }
}

/// A key that anybody can compute.
fn kek(purpose: Purpose, version: &str) -> Secret32 {
    Secret32::new(Box::new(sha256(format!("test key {version} for {purpose}").as_bytes())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn keeps_the_promises_of_a_key_service() {
        let keys = Arc::new(MemoryKeys::default());
        let rotate = async |purpose| keys.rotate(purpose);
        let destroy = async |purpose, version: String| keys.destroy(purpose, &version);
        testing::keys::conformance(keys.clone(), rotate, destroy).await;
    }

    #[tokio::test]
    async fn can_be_cut_off() {
        let keys = MemoryKeys::default();
        keys.cut_off(true);
        assert!(keys.ready().await.is_err());
        let outcome = keys.wrap(Purpose::Flow, &kek(Purpose::Flow, "any"), b"").await;
        assert!(matches!(outcome, Err(KeyError::Unavailable(_))));
        keys.cut_off(false);
        assert!(keys.wrap(Purpose::Flow, &kek(Purpose::Flow, "any"), b"").await.is_ok());
        assert_eq!(keys.calls(), Calls { wraps: 2, unwraps: 0 });
    }
}
