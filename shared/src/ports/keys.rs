//! Key encryption keys (KEKs) and signing keys. Their material never leaves the adapter.
//!
//! Promises, held by `testing::keys`:
//!
//! - **Split by purpose.** What was wrapped for one purpose does not unwrap for another.
//! - **Bound.** A key unwraps only with the very associated data it was wrapped with.
//! - **Rotation.** After a new version was made, older wrapped keys unwrap and new ones name the new version.
//! - **Closed.** If a version is gone or unreachable the answer is an error; never a new key on the spot.

use async_trait::async_trait;

pub use crate::domain::public_key::{PublicKey, PublicNumbers};
use crate::domain::{purpose::Purpose, readiness::Component, secret::Secret32};

/// A data key (DEK) under a KEK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which version of the purpose's KEK wrapped it; 1 to 255 bytes of text.
    pub version: String,
    /// The wrapped bytes; at most 1,024.
    pub bytes: Vec<u8>,
}

/// A key operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key service cannot be reached, is too slow, or refuses us.
    #[error("the key service is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// That version of the key is not there, disabled or destroyed.
    #[error("the key version is not available")]
    VersionUnavailable,
    /// The wrapped key or its associated data is not what was wrapped.
    #[error("the wrapped key does not open")]
    Rejected,
}

/// The right to use the key is missing. Adapters give it as the cause of [`KeyError::Unavailable`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Denied(pub Box<dyn std::error::Error + Send + Sync>);

impl KeyError {
    /// The reason in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unavailable(cause) if cause.is::<Denied>() => "denied",
            Self::Unavailable(_) => "unavailable",
            Self::VersionUnavailable => "version_unavailable",
            Self::Rejected => "rejected",
        }
    }

    /// Whether the service answers, and refuses us this one thing.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if cause.is::<Denied>())
    }
}

/// Wraps and unwraps data keys.
#[async_trait]
pub trait KeyWrap: Send + Sync + 'static {
    /// Wraps a data key under the purpose's newest KEK version, bound to the associated data.
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError>;

    /// The data key again.
    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError>;

    /// Whether the key service answers: a cheap call for `/ready`.
    async fn ready(&self) -> Result<(), KeyError>;

    /// The keys that were last found missing, unusable or forbidden. From memory: nothing is asked.
    fn missing(&self) -> Vec<Component> {
        Vec::new()
    }
}

/// Signs for the hub, with ES256 or PS256 (RFC 7518 §3.4 and §3.5) as the key is.
///
/// Promises, held by `testing::keys`: every published key signs and its signatures verify; a key that is not published
/// does not sign.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// The key to sign with, then those whose signatures may still be about. All of them are usable; names are unique.
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError>;

    /// The signature over the message in JOSE form: r and s, 32 bytes each, or as long as the RSA modulus.
    /// [`KeyError::VersionUnavailable`] if no such key is published.
    async fn sign(&self, key_id: &str, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}
