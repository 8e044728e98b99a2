//! Values that must never be printed, serialised or kept longer than needed.
//!
//! Hiding sits in the type: `Debug` shows no value, there is no `Serialize`, memory is wiped on drop, and the
//! value is seen only through [`ExposeSecret::expose_secret`], called at the last moment.

pub use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};

/// A secret of a fixed 32 bytes: a data key, a ticket, a one-time code.
pub type Secret32 = SecretBox<[u8; 32]>;
