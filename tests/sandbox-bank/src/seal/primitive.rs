//! The arithmetic of signatures.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

/// What an RSA key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Pkcs1Sha256,
    Pkcs1Sha512,
    PssSha256,
    PssSha512,
}

impl Algorithm {
    /// Every algorithm, for signatures that do not name theirs.
    pub(super) const ALL: [Self; 4] = [Self::Pkcs1Sha256, Self::Pkcs1Sha512, Self::PssSha256, Self::PssSha512];

    /// Whether `signature` over `text` is of this `key`, an `RSAPublicKey` (RFC 8017) in DER.
    pub(super) fn verifies(self, key: &[u8], text: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self {
            Self::Pkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Pkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::PssSha256 => &RSA_PSS_2048_8192_SHA256,
            Self::PssSha512 => &RSA_PSS_2048_8192_SHA512,
        };
        UnparsedPublicKey::new(algorithm, key).verify(text, signature).is_ok()
    }
}
