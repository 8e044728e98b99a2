//! Signing requests with the electronic seal (QSEAL).
//!
//! Promises, held by `tests/certificates`:
//!
//! - **One piece.** Certificate and signature of one seal belong together, also while a new one takes its place.
//! - **As asked.** A signature is of the algorithm that was asked for, or there is none.
//! - **Closed.** A seal that has expired, is of another type, or whose key is out of reach signs nothing.

use std::sync::Arc;

use async_trait::async_trait;

use super::identities::IdentityFault;
use crate::{
    domain::{
        bank::Bank,
        certificate::{CertificateFacts, Misfit},
        signature_profile::SignatureAlgorithm,
    },
    protocol::http_signature::SigningCertificate,
};

/// There is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The bank's document names no seal.
    #[error("the bank has no seal")]
    None,
    /// The file of the seal is not good, and never was.
    #[error("the seal's file is not usable")]
    File(#[source] IdentityFault),
    /// The seal is not in its time.
    #[error("the seal is not valid now")]
    NotValid(#[source] Misfit),
    /// The key does not sign with the algorithm of the bank's profile.
    #[error("the seal's key does not sign with the algorithm of the bank's profile")]
    OtherAlgorithm,
    /// The key in the key service is not that of the certificate.
    #[error("the key in Cloud KMS does not belong to the seal's certificate")]
    KeyMismatch,
    /// The key version is not there, disabled or destroyed; or its name is none.
    #[error("the seal's key version is not available")]
    VersionUnavailable,
    /// The key service cannot be reached, is too slow, or refuses us.
    #[error("the service that holds the seal's key is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The library did not sign.
    #[error("the signature could not be made")]
    NotSigned,
}

impl SealError {
    /// Whether the same may work in a moment, without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// One seal: a certificate and its key.
#[async_trait]
pub trait Seal: Send + Sync {
    /// The certificate, as signatures tell it.
    fn certificate(&self) -> &SigningCertificate;

    /// What the certificate says.
    fn facts(&self) -> &CertificateFacts;

    /// The signature over the message: for RSA as long as the modulus, for ECDSA r and s, 32 bytes each.
    async fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SealError>;
}

/// Knows our seals.
#[async_trait]
pub trait Seals: Send + Sync + 'static {
    /// The bank's seal as it is now, in its time.
    async fn seal(&self, bank: &Bank) -> Result<Arc<dyn Seal>, SealError>;
}
