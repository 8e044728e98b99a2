//! What keys are made of, and what they do.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Digest, SHA256},
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    error::Unspecified,
    rand,
    rsa::{self, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaSignatureEncoding,
    },
};
use serde::{Deserialize, Serialize};

/// The algorithm of a key version, named as Cloud KMS names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Algorithm {
    /// AES-256-GCM.
    GoogleSymmetricEncryption,
    /// ECDSA over P-256 with SHA-256.
    EcSignP256Sha256,
    /// RSA-PSS with 2,048 bits.
    #[serde(rename = "RSA_SIGN_PSS_2048_SHA256")]
    RsaSignPss2048Sha256,
    /// RSA PKCS#1 v1.5 with 2,048 bits, for electronic seals.
    #[serde(rename = "RSA_SIGN_PKCS1_2048_SHA256")]
    RsaSignPkcs12048Sha256,
}

impl Algorithm {
    /// The number that stands for it when enums are sent as numbers.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::GoogleSymmetricEncryption => 1,
            Self::RsaSignPss2048Sha256 => 2,
            Self::RsaSignPkcs12048Sha256 => 5,
            Self::EcSignP256Sha256 => 12,
        }
    }

    /// Whether it encrypts, rather than signs.
    pub(crate) const fn encrypts(self) -> bool {
        matches!(self, Self::GoogleSymmetricEncryption)
    }
}

/// A key could not be made or read.
#[derive(Debug, thiserror::Error)]
#[error("a key could not be made or read")]
pub struct MaterialError;

impl From<Unspecified> for MaterialError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::KeyRejected> for MaterialError {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self
    }
}

/// The material of a key version.
pub(crate) enum Material {
    Symmetric([u8; 32]),
    P256 { pair: EcdsaKeyPair, pkcs8: Vec<u8> },
    Rsa { pair: rsa::KeyPair, encoding: &'static RsaSignatureEncoding },
}

impl Material {
    /// A fresh key for that algorithm.
    pub(crate) fn fresh(algorithm: Algorithm) -> Result<Self, MaterialError> {
        match algorithm {
            Algorithm::GoogleSymmetricEncryption => Ok(Self::Symmetric(random()?)),
            Algorithm::EcSignP256Sha256 => {
                let random = rand::SystemRandom::new();
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)?;
                Self::read(algorithm, document.as_ref())
            }
            Algorithm::RsaSignPss2048Sha256 | Algorithm::RsaSignPkcs12048Sha256 => {
                Ok(Self::rsa(algorithm, rsa::KeyPair::generate(KeySize::Rsa2048)?))
            }
        }
    }

    /// The key in these bytes.
    pub(crate) fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, MaterialError> {
        match algorithm {
            Algorithm::GoogleSymmetricEncryption => Ok(Self::Symmetric(bytes.try_into().map_err(|_| MaterialError)?)),
            Algorithm::EcSignP256Sha256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, bytes)?;
                Ok(Self::P256 { pair, pkcs8: bytes.to_vec() })
            }
            Algorithm::RsaSignPss2048Sha256 | Algorithm::RsaSignPkcs12048Sha256 => {
                Ok(Self::rsa(algorithm, rsa::KeyPair::from_pkcs8(bytes)?))
            }
        }
    }

    fn rsa(algorithm: Algorithm, pair: rsa::KeyPair) -> Self {
        let encoding = match algorithm {
            Algorithm::RsaSignPkcs12048Sha256 => &RSA_PKCS1_SHA256,
            _ => &RSA_PSS_SHA256,
        };
        Self::Rsa { pair, encoding }
    }

    /// The key as bytes that [`Material::read`] reads.
    pub(crate) fn write(&self) -> Result<Vec<u8>, MaterialError> {
        match self {
            Self::Symmetric(bytes) => Ok(bytes.to_vec()),
            Self::P256 { pkcs8, .. } => Ok(pkcs8.clone()),
            Self::Rsa { pair, .. } => {
                let document: Pkcs8V1Der<'static> = pair.as_der()?;
                Ok(document.as_ref().to_vec())
            }
        }
    }

    /// Nonce, ciphertext and tag.
    pub(crate) fn encrypt(&self, plaintext: &[u8], associated: &[u8]) -> Result<Vec<u8>, MaterialError> {
        let Self::Symmetric(key) = self else { return Err(MaterialError) };
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut text = plaintext.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        cipher(key)?.seal_in_place_append_tag(unique, Aad::from(associated), &mut text)?;
        Ok([&nonce, &*text].concat())
    }

    /// The plaintext of what [`Material::encrypt`] answered.
    pub(crate) fn decrypt(&self, ciphertext: &[u8], associated: &[u8]) -> Result<Vec<u8>, MaterialError> {
        let Self::Symmetric(key) = self else { return Err(MaterialError) };
        let (nonce, text) = ciphertext.split_first_chunk::<NONCE_LEN>().ok_or(MaterialError)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        Ok(cipher(key)?.open_in_place(nonce, Aad::from(associated), &mut text)?.to_vec())
    }

    /// The signature over a SHA-256: DER (RFC 3279 §2.2.3) for ECDSA, the bare number for RSA.
    pub(crate) fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, MaterialError> {
        let digest = Digest::import_less_safe(digest, &SHA256)?;
        match self {
            Self::Symmetric(_) => Err(MaterialError),
            Self::P256 { pair, .. } => Ok(pair.sign_digest(&digest)?.as_ref().to_vec()),
            Self::Rsa { pair, encoding } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(*encoding, &digest, &mut signature)?;
                Ok(signature)
            }
        }
    }

    /// The public half as `SubjectPublicKeyInfo` (RFC 5280 §4.1), DER.
    pub(crate) fn public_key(&self) -> Result<Vec<u8>, MaterialError> {
        let document: PublicKeyX509Der<'static> = match self {
            Self::Symmetric(_) => return Err(MaterialError),
            Self::P256 { pair, .. } => pair.public_key().as_der()?,
            Self::Rsa { pair, .. } => pair.public_key().as_der()?,
        };
        Ok(document.as_ref().to_vec())
    }
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, MaterialError> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?))
}

fn random<const N: usize>() -> Result<[u8; N], MaterialError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        for algorithm in [Algorithm::EcSignP256Sha256, Algorithm::RsaSignPss2048Sha256] {
            let key = Material::fresh(algorithm).unwrap();
            let again = Material::read(algorithm, &key.write().unwrap()).unwrap();
            assert_eq!(key.public_key().unwrap(), again.public_key().unwrap());
        }
        let key = Material::fresh(Algorithm::GoogleSymmetricEncryption).unwrap();
        let again = Material::read(Algorithm::GoogleSymmetricEncryption, &key.write().unwrap()).unwrap();
        let ciphertext = key.encrypt(b"text", b"somewhere").unwrap();
        assert_eq!(again.decrypt(&ciphertext, b"somewhere").unwrap(), b"text");
        assert!(again.decrypt(&ciphertext, b"elsewhere").is_err());
    }

    #[test]
    fn keys_do_only_what_they_are_for() {
        let symmetric = Material::fresh(Algorithm::GoogleSymmetricEncryption).unwrap();
        assert!(symmetric.sign(&[0; 32]).is_err() && symmetric.public_key().is_err());
        let signing = Material::fresh(Algorithm::EcSignP256Sha256).unwrap();
        assert!(signing.encrypt(b"text", b"").is_err() && signing.decrypt(&[0; 40], b"").is_err());
        assert!(signing.sign(&[0; 31]).is_err(), "not a SHA-256");
    }
}
