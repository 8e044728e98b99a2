//! Tells of each operation of the key service what it was for, how it ended and how long it took. A failure is a line in
//! the log; the rest is heard by the instruments of this process only.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;

use crate::{
    domain::{purpose::Purpose, secret::Secret32},
    ports::{
        keys::{KeyError, KeyWrap, PublicKey, Signer, WrappedKey},
        measuring::INSIDE,
    },
};

/// Keys whose operations are told of.
pub struct MeasuredKeys<K: ?Sized>(Arc<K>);

impl<K: ?Sized> MeasuredKeys<K> {
    /// Around these keys.
    pub const fn new(keys: Arc<K>) -> Self {
        Self(keys)
    }
}

/// What the hub's own signing key is for.
const SIGNING: &str = "signing";

#[async_trait]
impl<K: KeyWrap + ?Sized> KeyWrap for MeasuredKeys<K> {
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
        let begun = Instant::now();
        let result = self.0.wrap(purpose, key, associated).await;
        tell(purpose.name(), "wrap", begun, result)
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        let begun = Instant::now();
        let result = self.0.unwrap(purpose, wrapped, associated).await;
        tell(purpose.name(), "unwrap", begun, result)
    }

    async fn ready(&self) -> Result<(), KeyError> {
        self.0.ready().await
    }
}

#[async_trait]
impl<K: Signer + ?Sized> Signer for MeasuredKeys<K> {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        let begun = Instant::now();
        let result = self.0.public_keys().await;
        tell(SIGNING, "public_keys", begun, result)
    }

    async fn sign(&self, key_id: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let begun = Instant::now();
        let result = self.0.sign(key_id, message).await;
        tell(SIGNING, "sign", begun, result)
    }
}

fn tell<T>(
    purpose: &'static str,
    operation: &'static str,
    begun: Instant,
    result: Result<T, KeyError>,
) -> Result<T, KeyError> {
    let outcome = result.as_ref().map_or_else(KeyError::word, |_| "ok");
    let seconds = begun.elapsed().as_secs_f64();
    tracing::trace!(
        target: INSIDE,
        { key.purpose = purpose, key.operation = operation, key.outcome = outcome, key.seconds = seconds },
        "a key was used"
    );
    if result.is_err() {
        tracing::warn!(
            key.purpose = purpose,
            key.operation = operation,
            key.reason = outcome,
            "an operation of the key service failed"
        );
    }
    result
}
