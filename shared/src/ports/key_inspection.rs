//! Looking at keys without using them: what we may do with each, and how it stands.

use std::time::Duration;

use async_trait::async_trait;

use super::keys::KeyError;
use crate::domain::purpose::Purpose;

/// One of the hub's own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubKey {
    /// The key that wraps for a purpose.
    Wrapping(Purpose),
    /// The key that signs.
    Signing,
}

impl HubKey {
    /// Every key.
    pub const ALL: [Self; 4] = [
        Self::Wrapping(Purpose::Flow),
        Self::Wrapping(Purpose::Tokens),
        Self::Wrapping(Purpose::Payloads),
        Self::Signing,
    ];

    /// The key's name in its ring.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wrapping(purpose) => purpose.name(),
            Self::Signing => "signing",
        }
    }
}

/// What we may do with a wrapping key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// To encrypt.
    pub encrypt: bool,
    /// To decrypt.
    pub decrypt: bool,
}

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStanding {
    /// Whether the version that is used for what is new is enabled.
    pub is_usable: bool,
    /// Whether its material is in hardware.
    pub is_in_hardware: bool,
    /// How often it is rotated by itself, if it is.
    pub rotation: Option<Duration>,
    /// How many versions will be destroyed after their delay.
    pub doomed: usize,
}

/// Looks at keys.
#[async_trait]
pub trait KeyInspection: Send + Sync + 'static {
    /// What we may do with the key of that purpose, as the service's own rules say it. Anybody may ask, and nothing is
    /// encrypted or decrypted.
    async fn rights(&self, purpose: Purpose) -> Result<Rights, KeyError>;

    /// How the key stands. That takes a right of its own, which functions do not have: [`KeyError::is_denied`].
    async fn standing(&self, key: HubKey) -> Result<KeyStanding, KeyError>;
}
