//! The electronic seal of one bank's requests.

use std::{collections::BTreeSet, path::PathBuf};

use crate::domain::{operation::Operation, signature_profile::SignatureProfile};

/// How requests to one bank are signed with the QSEAL.
#[derive(Clone, Debug)]
pub struct SealProfile {
    /// The form of signatures.
    pub signature: SignatureProfile,
    /// What is signed; none named means everything.
    pub operations: Option<BTreeSet<Operation>>,
    /// Where the certificate's key is.
    pub key: SealKey,
}

impl SealProfile {
    /// Whether calls of that kind are signed.
    pub fn covers(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
    }
}

/// Where a QSEAL and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealKey {
    /// Key and full chain together in one PEM file.
    File(PathBuf),
    /// The key in Cloud KMS, the chain in a PEM file.
    CloudKms {
        /// `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V`.
        key_version: String,
        /// The chain.
        certificate: PathBuf,
    },
}
