//! The hub's public keys, as others need them to check what the hub signed.

/// A public key of the hub's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The key's name in JOSE headers.
    pub key_id: String,
    /// The key itself.
    pub numbers: PublicNumbers,
}

/// What a public key is made of. Numbers are big endian, without leading zeroes where their length is not fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicNumbers {
    /// A point of the curve P-256, whose key signs with ES256 (RFC 7518 §3.4).
    P256 {
        /// The first coordinate.
        x: [u8; 32],
        /// The second coordinate.
        y: [u8; 32],
    },
    /// An RSA key, which signs with PS256 (RFC 7518 §3.5).
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

impl PublicNumbers {
    /// The P-256 key of an uncompressed point: 0x04, x, y (SEC 1 §2.3.3). None if it does not have that shape.
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[0x04])?.split_at_checked(32)?;
        Some(Self::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    /// The JOSE name of the only algorithm that the key signs with.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::P256 { .. } => "ES256",
            Self::Rsa { .. } => "PS256",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_uncompressed_point_apart() {
        let point = [&[4][..], &[1; 32], &[2; 32]].concat();
        assert_eq!(PublicNumbers::from_point(&point), Some(PublicNumbers::P256 { x: [1; 32], y: [2; 32] }));
        for wrong in [&point[1..], &point[..64], &[&point[..], &[0]].concat(), &[&[2], &point[1..]].concat(), &[]] {
            assert_eq!(PublicNumbers::from_point(wrong), None, "{wrong:?}");
        }
    }
}
