//! Who we are to a bank: the QWAC and its key, as they are now.
//!
//! Promises, held by `tests/certificates`:
//!
//! - **One each.** A bank is given the identity that its own document names, and no other.
//! - **As it is now.** A new identity is taken without a restart, once it is good: whole, of the right type, in its time.
//! - **Never worse.** One that is not good does not take the place of one that is; the operator is told once.

use std::{fmt, io, sync::Arc};

use async_trait::async_trait;

use crate::{
    domain::{
        bank::TlsProfile,
        certificate::{CertificateFacts, Misfit},
        secret::SecretSlice,
    },
    protocol::certificate::UnreadableCertificate,
};

/// A key, its certificate, and the chain up to a root that the other side has.
pub struct Identity {
    /// What the certificate says.
    pub facts: CertificateFacts,
    /// The certificate and those above it, DER, each issued by the next. A root at the end of the file is left out.
    pub chain: Vec<Vec<u8>>,
    /// The certificate's private key, DER: PKCS #8, PKCS #1 or SEC 1.
    pub key: SecretSlice<u8>,
}

/// Shows whose it is.
impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Why a file is not taken as an identity. Written for the operator, and quotes nothing of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// It is not there, or not ours to read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// Nobody's certificates are that long.
    #[error("the file is larger than 256 KiB")]
    TooLarge,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It has no section of PEM (RFC 7468).
    #[error("the file is not PEM; DER and PKCS #12 are not read")]
    NotPem,
    /// A section is cut, or is not base64.
    #[error("a section of the PEM is damaged")]
    Damaged,
    /// It has no certificate.
    #[error("the file holds no certificate")]
    NoCertificate,
    /// It has no private key.
    #[error("the file holds no private key")]
    NoKey,
    /// Its key is under a password, which the hub does not have.
    #[error("the private key is encrypted; take the password off and guard the file instead")]
    EncryptedKey,
    /// Which of them is meant would be a guess.
    #[error("the file holds more than one private key")]
    SeveralKeys,
    /// A key lies where only a certificate should, because the key is in Cloud KMS.
    #[error("the file holds a private key, though the key is said to be in Cloud KMS")]
    StrayKey,
    /// The key cannot be used.
    #[error("the private key is damaged or of a kind that is not supported")]
    UnusableKey,
    /// The key is of none of the certificates.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// The key is of a certificate that is not the first.
    #[error("the certificates are in the wrong order: certificate {0} is the key's own and must come first")]
    LeafNotFirst(usize),
    /// The certificates do not follow each other.
    #[error("the certificates are in the wrong order: certificate {0} is not of the issuer of the one before it")]
    ChainOrder(usize),
    /// One of the certificates cannot be read.
    #[error("certificate {position}: {error}")]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// Why.
        error: UnreadableCertificate,
    },
    /// It would make the hub somebody else while it runs: client ids and consents are of the organisation.
    #[error("the certificate is of another organisation than the one in use; that takes a restart")]
    OtherOrganisation,
    /// It is whole, but not what is needed.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Knows our identities.
#[async_trait]
pub trait Identities: Send + Sync + 'static {
    /// The identity for mutual TLS under that profile, the last good one. Whether it is in its time is for the caller to
    /// judge: the only one there is may have expired. An error only if there never was a good one.
    async fn transport(&self, profile: &TlsProfile) -> Result<Arc<Identity>, IdentityFault>;

    /// What is known of that identity, without looking at its file; none before it was first asked for.
    fn facts(&self, profile: &TlsProfile) -> Option<CertificateFacts>;

    /// Whether what lay in the file at the last look was not taken, so that an older identity serves. Looks at no file.
    fn is_refused(&self, _: &TlsProfile) -> bool {
        false
    }
}
