//! The hub's own signing key: ES256 (RFC 7518 §3.4) over P-256.

use aws_lc_rs::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::key_text::KeyBytes;
use crate::{domain::code_hash::sha256, ports::keys::PublicKey};

/// A key pair, and its public half as others need it.
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key in these PKCS#8 bytes (RFC 5208), if there is a P-256 key in them.
    pub(super) fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).ok()?;
        let point = pair.public_key().as_ref().to_vec();
        let public = PublicKey { key_id: thumbprint(&point)?, point };
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

/// The key's name: its JWK thumbprint (RFC 7638 §3), the SHA-256 of the required members in alphabetic order.
fn thumbprint(point: &[u8]) -> Option<String> {
    let (x, y) = point.strip_prefix(&[0x04])?.split_at_checked(32)?;
    let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    Some(URL_SAFE_NO_PAD.encode(sha256(members.as_bytes())))
}
