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

use crate::{
    domain::{purpose::Purpose, secret::Secret32},
    ports::keys::{KeyError, KeyWrap, PublicKey, Signer, WrappedKey},
};

mod call;
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
            limits,
        })
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
        Ok(self.encrypt(purpose, key, associated).await?)
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        self.decrypt(purpose, wrapped, associated).await
    }

    async fn ready(&self) -> Result<(), KeyError> {
        self.readiness.get(self.ask_for_a_key()).await?;
        Ok(())
    }
}

#[async_trait]
impl Signer for CloudKms {
    async fn public_keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        let published = self.published().await?;
        Ok(published.iter().map(|key| key.public.clone()).collect())
    }

    async fn sign(&self, key_id: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let published = self.published().await?;
        let key = published.iter().find(|key| key.public.key_id == key_id).ok_or(KeyError::VersionUnavailable)?;
        self.sign_with(key, message).await
    }
}
