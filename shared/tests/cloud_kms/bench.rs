//! A stand-in and the adapter that uses it.

use std::{sync::Arc, time::Duration};

use kms_stand_in::{KmsStandIn, VersionState};
use shared::{
    adapters::cloud_kms::{CloudKms, CloudKmsLimits, CloudKmsSettings},
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::keys::{KeyError, KeyWrap, WrappedKey},
};

/// A stand-in and an adapter.
pub struct Bench {
    pub service: KmsStandIn,
    pub keys: Arc<CloudKms>,
}

/// Nothing is remembered, pauses are short, and no machine is too slow for an attempt.
pub fn limits() -> CloudKmsLimits {
    CloudKmsLimits {
        attempts: 3,
        attempt: Duration::from_mins(1),
        total: Duration::from_mins(2),
        first_pause: Duration::from_millis(1),
        readiness: Duration::from_mins(1),
        readiness_for: Duration::ZERO,
        public_keys_for: Duration::ZERO,
        failure_for: Duration::ZERO,
    }
}

impl Bench {
    pub async fn start() -> Self {
        Self::with(limits()).await
    }

    pub async fn with(limits: CloudKmsLimits) -> Self {
        let service = KmsStandIn::start().await.unwrap();
        let keys = Arc::new(adapter(&service, limits).await);
        Self { service, keys }
    }

    pub async fn wrap(&self) -> Result<WrappedKey, KeyError> {
        self.keys.wrap(Purpose::Tokens, &dek(7), b"somewhere").await
    }

    pub async fn unwrap(&self, wrapped: &WrappedKey) -> Result<[u8; 32], KeyError> {
        let key = self.keys.unwrap(Purpose::Tokens, wrapped, b"somewhere").await?;
        Ok(*key.expose_secret())
    }

    /// Moves the version that wrapped this to another state.
    pub fn set_state(&self, purpose: Purpose, version: &str, state: VersionState) {
        let number = version.rsplit('/').next().unwrap().parse().unwrap();
        self.service.set_state(purpose.name(), number, state).unwrap();
    }
}

/// Another instance of the adapter, which knows nothing of the first.
pub async fn adapter(service: &KmsStandIn, limits: CloudKmsLimits) -> CloudKms {
    let settings = CloudKmsSettings { key_ring: service.key_ring().to_owned(), endpoint: Some(service.url()), limits };
    CloudKms::new(settings).await.unwrap()
}

pub fn dek(byte: u8) -> Secret32 {
    Secret32::new(Box::new([byte; 32]))
}
