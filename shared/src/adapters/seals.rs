//! The port [`Seals`]: certificates in files, keys beside them or in Cloud KMS.

mod in_kms;
mod pem_key;

use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;

use self::{in_kms::KmsSeal, pem_key::PemSeal};
use super::{
    cloud_kms::CloudKmsSealKeys,
    identity_files::{IdentityFiles, KeyPlace},
};
use crate::{
    domain::{
        bank::{Bank, SealKey},
        certificate::Usage,
        ids::BankId,
    },
    ports::{
        clock::Clock,
        identities::{Identity, IdentityFault},
        seals::{Seal, SealError, Seals},
    },
    protocol::http_signature::{MalformedCertificate, SigningCertificate},
};

/// Opens seals, and keeps them open as long as their files stay as they are.
pub struct OpenSeals {
    files: Arc<IdentityFiles>,
    kms: Option<Arc<CloudKmsSealKeys>>,
    clock: Arc<dyn Clock>,
    open: RwLock<HashMap<BankId, Open>>,
}

/// A seal, and what it was made of.
struct Open {
    key: SealKey,
    identity: Arc<Identity>,
    seal: Arc<dyn Seal>,
}

impl OpenSeals {
    /// Seals of these files; keys in Cloud KMS are found if there is a client for them.
    pub fn new(files: Arc<IdentityFiles>, kms: Option<Arc<CloudKmsSealKeys>>, clock: Arc<dyn Clock>) -> Self {
        Self { files, kms, clock, open: RwLock::default() }
    }

    async fn make(&self, key: &SealKey, identity: &Arc<Identity>) -> Result<Arc<dyn Seal>, SealError> {
        Ok(match key {
            SealKey::File(_) => Arc::new(PemSeal::new(identity)?),
            SealKey::CloudKms { key_version, .. } => {
                let keys = self.kms.as_ref().ok_or(SealError::VersionUnavailable)?;
                Arc::new(KmsSeal::open(Arc::clone(keys), key_version, identity).await?)
            }
        })
    }

    fn known(&self, bank: &BankId, key: &SealKey, identity: &Arc<Identity>) -> Option<Arc<dyn Seal>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |open: &&Open| open.key == *key && Arc::ptr_eq(&open.identity, identity);
        open.get(bank).filter(fits).map(|open| Arc::clone(&open.seal))
    }
}

#[async_trait]
impl Seals for OpenSeals {
    async fn seal(&self, bank: &Bank) -> Result<Arc<dyn Seal>, SealError> {
        let key = &bank.seal.as_ref().ok_or(SealError::None)?.key;
        let (path, place) = place(key);
        let identity = self.files.current(path, bank.tls.demand(Usage::Seal), place).await.map_err(SealError::File)?;
        identity.facts.check_time(self.clock.now()).map_err(SealError::NotValid)?;
        if let Some(known) = self.known(&bank.id, key, &identity) {
            return Ok(known);
        }
        let seal = self.make(key, &identity).await?;
        let open = Open { key: key.clone(), identity, seal: Arc::clone(&seal) };
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(bank.id.clone(), open);
        Ok(seal)
    }
}

/// The file to read, and what is in it.
fn place(key: &SealKey) -> (&Path, KeyPlace) {
    match key {
        SealKey::File(path) => (path, KeyPlace::Beside),
        SealKey::CloudKms { certificate, .. } => (certificate, KeyPlace::Elsewhere),
    }
}

/// The certificate as signatures tell it.
fn signing_certificate(identity: &Identity) -> Result<SigningCertificate, SealError> {
    let leaf = identity.chain.first().map_or(Err(MalformedCertificate::NoPem), |der| SigningCertificate::from_der(der));
    leaf.map_err(|_| SealError::File(IdentityFault::NoCertificate))
}

/// Shows nothing of the seals.
impl fmt::Debug for OpenSeals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OpenSeals").finish_non_exhaustive()
    }
}
