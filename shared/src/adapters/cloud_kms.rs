//! Keys in Cloud KMS. Key encryption keys never leave it; what they wrap and unwrap is checked in both directions.
//!
//! One key ring has everything (`docs/cloud-kms.md`): the keys `flow`, `tokens` and `payloads` (symmetric), and
//! `signing` (asymmetric, P-256 or RSA-PSS with SHA-256).
//!
//! Every call has a limit of its own and all attempts share another ([`CloudKmsLimits`]). A call is tried again only
//! when it was not answered, or not well: no connection, too slow, overloaded, wrong checksum, wrong key.

use std::fmt;

use async_trait::async_trait;
use google_cloud_kms_v1::client::KeyManagementService;

use super::missing::Missing;
use crate::{
    domain::{purpose::Purpose, readiness::Component, secret::Secret32},
    ports::keys::{KeyError, KeyWrap, PublicKey, Signer, WrappedKey},
};

mod call;
mod inspection;
mod limits;
mod names;
mod public_keys;
mod readiness;
mod remembered;
mod seal_keys;
mod setup;
mod signature;
mod signing;
mod wrapping;

pub use limits::CloudKmsLimits;
use names::KeyRing;
use public_keys::PublishedKey;
use remembered::Remembered;
pub use seal_keys::{CloudKmsSealKeys, SealKeyVersion};
pub use setup::{CloudKmsSettings, CloudKmsSetupError};

/// Keys of one key ring in Cloud KMS.
pub struct CloudKms {
    client: KeyManagementService,
    ring: KeyRing,
    limits: CloudKmsLimits,
    readiness: Remembered<()>,
    public_keys: Remembered<Vec<PublishedKey>>,
    missing: Missing<(Use, &'static str)>,
}

/// What a key was wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Look,
    Wrap,
    Unwrap,
    Publish,
}

impl CloudKms {
    /// Prepares the client. Nothing is called: whether the service answers is for [`KeyWrap::ready`] to find out.
    pub async fn new(settings: CloudKmsSettings) -> Result<Self, CloudKmsSetupError> {
        let CloudKmsSettings { key_ring, endpoint, limits } = settings;
        let ring = KeyRing::parse(&key_ring).ok_or(CloudKmsSetupError::KeyRing)?;
        Ok(Self {
            client: setup::client(endpoint.as_deref()).await?,
            ring,
            readiness: Remembered::new(limits.readiness_for, limits.readiness_for),
            public_keys: Remembered::new(limits.public_keys_for, limits.failure_for),
            missing: Missing::new(),
            limits,
        })
    }

    /// Remembers of a use whether the key, or the right to it, was missing.
    fn note<T>(&self, wanted: Use, name: &'static str, outcome: &Result<T, KeyError>) {
        let is_missing = match outcome {
            // Of a key that opens, only some versions may be gone, which is no news of the key; one that wraps nothing is.
            Err(KeyError::VersionUnavailable) => wanted != Use::Unwrap,
            // Publishing is one function's, and the others are rightly refused.
            Err(error) if error.is_denied() => wanted != Use::Publish,
            // Whoever cannot be reached does not say what is missing.
            Err(KeyError::Unavailable(_)) => return,
            Ok(_) | Err(KeyError::Rejected) => false,
        };
        self.missing.note((wanted, name), is_missing.then_some(Component::Key(name)));
    }
}

/// Shows where the keys are, and nothing of the client, which has credentials.
impl fmt::Debug for CloudKms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CloudKms").field("ring", &self.ring).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyWrap for CloudKms {
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
        let outcome = self.encrypt(purpose, key, associated).await.map_err(KeyError::from);
        self.note(Use::Wrap, purpose.name(), &outcome);
        outcome
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        let outcome = self.decrypt(purpose, wrapped, associated).await;
        self.note(Use::Unwrap, purpose.name(), &outcome);
        outcome
    }

    async fn ready(&self) -> Result<(), KeyError> {
        let outcome = self.readiness.get(self.ask_for_a_key()).await.map(drop).map_err(KeyError::from);
        self.note(Use::Look, Purpose::Tokens.name(), &outcome);
        outcome
    }

    fn missing(&self) -> Vec<Component> {
        self.missing.all()
    }
}

#[async_trait]
impl Signer for CloudKms {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        let outcome = self.published().await.map_err(KeyError::from);
        self.note(Use::Publish, names::SIGNING, &outcome);
        let published = outcome?;
        Ok(published.iter().map(|key| key.public.clone()).collect())
    }

    async fn sign(&self, key_id: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let published = self.published().await?;
        let key = published.iter().find(|key| key.public.key_id == key_id).ok_or(KeyError::VersionUnavailable)?;
        self.sign_with(key, message).await
    }
}
