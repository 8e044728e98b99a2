//! The hub's own signing key: ES256 (RFC 7518 §3.4) over P-256.

use aws_lc_rs::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use zeroize::Zeroizing;

use super::key_text::KeyBytes;
use crate::{
    ports::keys::{PublicKey, PublicNumbers},
    protocol::jwk::named_by_thumbprint,
};

/// A key pair, and its public half as others need it.
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key in these PKCS#8 bytes (RFC 5208), if there is a P-256 key in them.
    pub(super) fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).ok()?;
        let public = named_by_thumbprint(PublicNumbers::from_point(pair.public_key().as_ref())?);
        Some(Self { pair, public })
    }

    /// The public half.
    pub(super) const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature over the message: r and s, 32 bytes each.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        Ok(self.pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec())
    }
}

/// A new key pair as PKCS#8. The library insists on its own randomness.
pub(super) fn fresh_pkcs8() -> Result<KeyBytes, Unspecified> {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
    Ok(KeyBytes::new(Zeroizing::new(document.as_ref().to_vec())))
}
