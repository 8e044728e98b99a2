//! A seal whose key lies beside its certificate.

use async_trait::async_trait;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use rustls_pki_types::PrivateKeyDer;

use super::signing_certificate;
use crate::{
    domain::{certificate::CertificateFacts, secret::ExposeSecret, signature_profile::SignatureAlgorithm},
    ports::{
        identities::{Identity, IdentityFault},
        seals::{Seal, SealError},
    },
    protocol::http_signature::SigningCertificate,
};

/// A seal in a file.
pub(super) struct PemSeal {
    certificate: SigningCertificate,
    facts: CertificateFacts,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl PemSeal {
    pub(super) fn new(identity: &Identity) -> Result<Self, SealError> {
        let key = Key::read(identity).ok_or(SealError::File(IdentityFault::UnusableKey))?;
        Ok(Self { certificate: signing_certificate(identity)?, facts: identity.facts.clone(), key })
    }
}

impl Key {
    /// The key: RSA of 2,048 to 8,192 bits, or of P-256.
    fn read(identity: &Identity) -> Option<Self> {
        match PrivateKeyDer::try_from(identity.key.expose_secret()).ok()? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(Self::Rsa),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).ok().map(Self::Rsa);
                rsa.or_else(|| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok().map(Self::P256))
            }
            PrivateKeyDer::Sec1(der) => {
                let der = der.secret_sec1_der();
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok().map(Self::P256)
            }
            _ => None,
        }
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let encoding = rsa_encoding(algorithm).ok_or(SealError::OtherAlgorithm)?;
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature).map_err(|_| SealError::NotSigned)?;
                Ok(signature)
            }
            Self::P256(key) if algorithm == SignatureAlgorithm::EcdsaP256Sha256 => {
                let signature = key.sign(&random, message).map_err(|_| SealError::NotSigned)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::P256(_) => Err(SealError::OtherAlgorithm),
        }
    }
}

/// How an RSA key signs (RFC 8017 §8); none for the algorithms of other keys.
fn rsa_encoding(algorithm: SignatureAlgorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => Some(&RSA_PKCS1_SHA256),
        SignatureAlgorithm::RsaPkcs1Sha512 => Some(&RSA_PKCS1_SHA512),
        SignatureAlgorithm::RsaPssSha256 => Some(&RSA_PSS_SHA256),
        SignatureAlgorithm::RsaPssSha512 => Some(&RSA_PSS_SHA512),
        SignatureAlgorithm::EcdsaP256Sha256 => None,
    }
}

#[async_trait]
impl Seal for PemSeal {
    fn certificate(&self) -> &SigningCertificate {
        &self.certificate
    }

    fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    async fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SealError> {
        self.key.sign(algorithm, message)
    }
}
