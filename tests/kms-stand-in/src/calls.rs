//! What was asked of the stand-in.

use serde::Serialize;

/// How often each operation was asked for, failures included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// `encrypt`
    pub encrypt: u64,
    /// `decrypt`
    pub decrypt: u64,
    /// `asymmetricSign`
    pub asymmetric_sign: u64,
    /// `getPublicKey`
    pub get_public_key: u64,
    /// `cryptoKeys.get` and `cryptoKeyVersions.get`
    pub get: u64,
    /// `cryptoKeyVersions.list`
    pub list: u64,
    /// `testIamPermissions`
    pub test_permissions: u64,
}

impl Calls {
    /// All of them together.
    pub const fn total(&self) -> u64 {
        let uses = self.encrypt + self.decrypt + self.asymmetric_sign;
        uses + self.get_public_key + self.get + self.list + self.test_permissions
    }
}
