//! Banks that know us by nothing: for tests whose calls need no certificates.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    domain::{
        bank::{Bank, TlsProfile},
        certificate::CertificateFacts,
    },
    ports::{
        identities::{Identities, Identity, IdentityFault},
        seals::{Seal, SealError, Seals},
    },
};

/// Has no certificate at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCertificates;

#[async_trait]
impl Identities for NoCertificates {
    async fn transport(&self, _: &TlsProfile) -> Result<Arc<Identity>, IdentityFault> {
        Err(IdentityFault::NoCertificate)
    }

    fn facts(&self, _: &TlsProfile) -> Option<CertificateFacts> {
        None
    }
}

#[async_trait]
impl Seals for NoCertificates {
    async fn seal(&self, _: &Bank) -> Result<Arc<dyn Seal>, SealError> {
        Err(SealError::None)
    }
}
