//! Keys of electronic seals in Cloud KMS. Each is named by its version, in whatever ring it is; its algorithm is fixed.

use std::fmt;

use aws_lc_rs::digest::{SHA512, digest};
use bytes::Bytes;
use google_cloud_kms_v1::{
    client::KeyManagementService,
    model::{
        Digest,
        crypto_key_version::CryptoKeyVersionAlgorithm::{
            self, EcSignP256Sha256, RsaSignPkcs12048Sha256, RsaSignPkcs13072Sha256, RsaSignPkcs14096Sha256,
            RsaSignPkcs14096Sha512, RsaSignPss2048Sha256, RsaSignPss3072Sha256, RsaSignPss4096Sha256,
            RsaSignPss4096Sha512,
        },
    },
};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};

use super::{
    CloudKmsLimits, CloudKmsSetupError,
    call::{CallFault, retried},
    names, setup,
    signature::{jose_form, numbers_from_pem},
    wrapping::checksum,
};
use crate::{
    domain::{code_hash::sha256, signature_profile::SignatureAlgorithm},
    ports::{keys::PublicNumbers, seals::SealError},
};

/// Signs with key versions that are named in banks' documents.
pub struct CloudKmsSealKeys {
    client: KeyManagementService,
    limits: CloudKmsLimits,
}

/// A key version that signs for a seal.
#[derive(Clone, Debug)]
pub struct SealKeyVersion {
    name: String,
    algorithm: SignatureAlgorithm,
    numbers: PublicNumbers,
    public_key_info: Vec<u8>,
}

impl SealKeyVersion {
    /// What it signs with.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Its public half: `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), DER.
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }
}

impl CloudKmsSealKeys {
    /// Prepares the client; nothing is called. The endpoint is as in `CloudKmsSettings`.
    pub async fn new(endpoint: Option<&str>, limits: CloudKmsLimits) -> Result<Self, CloudKmsSetupError> {
        Ok(Self { client: setup::client(endpoint).await?, limits })
    }

    /// The version of that whole name, if it is there and signs with an algorithm that banks know.
    pub async fn version(&self, name: &str) -> Result<SealKeyVersion, SealError> {
        if !names::is_key_version(name) {
            return Err(SealError::VersionUnavailable);
        }
        let attempt = || async {
            let answer = self.client.get_public_key().set_name(name).send().await?;
            if answer.name != name {
                return Err(CallFault::OtherKey);
            }
            if answer.pem_crc32c != Some(checksum(answer.pem.as_bytes())) {
                return Err(CallFault::Corrupted);
            }
            let numbers = numbers_from_pem(&answer.pem).ok_or(CallFault::Misshapen)?;
            let info = SubjectPublicKeyInfoDer::from_pem_slice(answer.pem.as_bytes());
            Ok((algorithm(&answer.algorithm), numbers, info.map_err(|_| CallFault::Misshapen)?))
        };
        let (algorithm, numbers, info) = retried(&self.limits, attempt).await?;
        let algorithm = algorithm.ok_or(SealError::OtherAlgorithm)?;
        Ok(SealKeyVersion { name: name.to_owned(), algorithm, numbers, public_key_info: info.to_vec() })
    }

    /// The signature over the message. Cloud KMS gets the hash of it alone.
    pub async fn sign(&self, version: &SealKeyVersion, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let (hash, bytes) = hash(version.algorithm, message);
        let attempt = || async {
            let request = self
                .client
                .asymmetric_sign()
                .set_name(&version.name)
                .set_digest(hash.clone())
                .set_digest_crc32c(checksum(&bytes));
            let answer = request.send().await?;
            if answer.name != version.name {
                return Err(CallFault::OtherKey);
            }
            if !answer.verified_digest_crc32c || answer.signature_crc32c != Some(checksum(&answer.signature)) {
                return Err(CallFault::Corrupted);
            }
            jose_form(&version.numbers, &answer.signature).ok_or(CallFault::Misshapen)
        };
        Ok(retried(&self.limits, attempt).await?)
    }
}

/// What a key signs with; none for algorithms that no bank asks for.
const fn algorithm(of_version: &CryptoKeyVersionAlgorithm) -> Option<SignatureAlgorithm> {
    match of_version {
        RsaSignPkcs12048Sha256 | RsaSignPkcs13072Sha256 | RsaSignPkcs14096Sha256 => {
            Some(SignatureAlgorithm::RsaPkcs1Sha256)
        }
        RsaSignPkcs14096Sha512 => Some(SignatureAlgorithm::RsaPkcs1Sha512),
        RsaSignPss2048Sha256 | RsaSignPss3072Sha256 | RsaSignPss4096Sha256 => Some(SignatureAlgorithm::RsaPssSha256),
        RsaSignPss4096Sha512 => Some(SignatureAlgorithm::RsaPssSha512),
        EcSignP256Sha256 => Some(SignatureAlgorithm::EcdsaP256Sha256),
        _ => None,
    }
}

/// The hash that the algorithm signs.
fn hash(algorithm: SignatureAlgorithm, message: &[u8]) -> (Digest, Bytes) {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha512 | SignatureAlgorithm::RsaPssSha512 => {
            let bytes = Bytes::copy_from_slice(digest(&SHA512, message).as_ref());
            (Digest::new().set_sha512(bytes.clone()), bytes)
        }
        SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::EcdsaP256Sha256 => {
            let bytes = Bytes::copy_from_slice(&sha256(message));
            (Digest::new().set_sha256(bytes.clone()), bytes)
        }
    }
}

impl From<CallFault> for SealError {
    fn from(fault: CallFault) -> Self {
        match fault {
            CallFault::Missing | CallFault::Unusable => Self::VersionUnavailable,
            other => Self::Unavailable(Box::new(other)),
        }
    }
}

/// Shows nothing of the client, which has credentials.
impl fmt::Debug for CloudKmsSealKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CloudKmsSealKeys").finish_non_exhaustive()
    }
}
