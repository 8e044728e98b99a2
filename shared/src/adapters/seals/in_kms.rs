//! A seal whose key is in Cloud KMS.

use std::sync::Arc;

use async_trait::async_trait;

use super::signing_certificate;
use crate::{
    adapters::cloud_kms::{CloudKmsSealKeys, SealKeyVersion},
    domain::{certificate::CertificateFacts, signature_profile::SignatureAlgorithm},
    ports::{
        identities::{Identity, IdentityFault},
        seals::{Seal, SealError},
    },
    protocol::{certificate::public_key_info, http_signature::SigningCertificate},
};

/// A seal in Cloud KMS.
pub(super) struct KmsSeal {
    keys: Arc<CloudKmsSealKeys>,
    version: SealKeyVersion,
    certificate: SigningCertificate,
    facts: CertificateFacts,
}

impl KmsSeal {
    /// Asks Cloud KMS whose key it is: a certificate of another key would make every signature worthless.
    pub(super) async fn open(keys: Arc<CloudKmsSealKeys>, name: &str, identity: &Identity) -> Result<Self, SealError> {
        let leaf = identity.chain.first().ok_or(SealError::File(IdentityFault::NoCertificate))?;
        let of_certificate = public_key_info(leaf).map_err(|_| SealError::File(IdentityFault::NoCertificate))?;
        let version = keys.version(name).await?;
        if version.public_key_info() != of_certificate {
            return Err(SealError::KeyMismatch);
        }
        Ok(Self { keys, version, certificate: signing_certificate(identity)?, facts: identity.facts.clone() })
    }
}

#[async_trait]
impl Seal for KmsSeal {
    fn certificate(&self) -> &SigningCertificate {
        &self.certificate
    }

    fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    async fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SealError> {
        if self.version.algorithm() != algorithm {
            return Err(SealError::OtherAlgorithm);
        }
        self.keys.sign(&self.version, message).await
    }
}
