//! Keys as text in a file: base64 (RFC 4648 §4), wiped from memory wherever it passes.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroizing;

use crate::{
    domain::secret::{ExposeSecret, Secret32},
    ports::entropy::{Entropy, NoEntropy},
};

/// A key of any length.
pub(super) struct KeyBytes(Zeroizing<Vec<u8>>);

impl KeyBytes {
    /// The key with these bytes.
    pub(super) const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for KeyBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(&*self.0));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for KeyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Borrowed from the file's text, which is wiped, so that serde makes no copy that is not.
        let text = <&str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(|_| Error::custom("a key is not base64"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// A key of 32 bytes.
pub(super) struct Key32(Secret32);

impl Key32 {
    /// A key made of fresh randomness.
    pub(super) fn fresh(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut outcome = Ok(());
        let key = Secret32::init_with_mut(|bytes| outcome = entropy.fill(bytes));
        outcome.map(|()| Self(key))
    }

    /// The key.
    pub(super) const fn secret(&self) -> &Secret32 {
        &self.0
    }

    /// The key, to be kept elsewhere.
    pub(super) fn into_secret(self) -> Secret32 {
        self.0
    }
}

impl Serialize for Key32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        KeyBytes(Zeroizing::new(self.0.expose_secret().to_vec())).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Key32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = KeyBytes::deserialize(deserializer)?;
        secret32(bytes.expose()).map(Self).ok_or_else(|| Error::custom("a key is not 32 bytes long"))
    }
}

/// The bytes as a secret, if there are 32 of them.
pub(super) fn secret32(bytes: &[u8]) -> Option<Secret32> {
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    Some(Secret32::init_with_mut(|key| key.copy_from_slice(bytes)))
}
