//! The names of keys and versions, and what is asked of them.

use crate::permission::Permission;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Encrypt,
    Decrypt,
    Sign,
    PublicKey,
    GetKey,
    GetVersion,
    ListVersions,
    TestPermissions,
}

impl Operation {
    /// The permission that IAM wants for it; none for asking what one may.
    pub(crate) const fn permission(&self) -> Option<Permission> {
        Some(match self {
            Self::Encrypt => Permission::Encrypt,
            Self::Decrypt => Permission::Decrypt,
            Self::Sign => Permission::Sign,
            Self::PublicKey => Permission::ViewPublicKey,
            Self::GetKey => Permission::GetKey,
            Self::GetVersion => Permission::GetVersion,
            Self::ListVersions => Permission::ListVersions,
            Self::TestPermissions => return None,
        })
    }
}

/// A key of the ring, or one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) ring: String,
    pub(crate) key: String,
    pub(crate) version: Option<u32>,
}

/// What a path below `/v1/` asks for, if it is something that the stand-in has.
pub(crate) fn read(is_post: bool, path: &str) -> Option<(Operation, Resource)> {
    let (ring, rest) = path.strip_prefix("/v1/")?.split_once("/cryptoKeys/")?;
    let (name, verb) = rest.split_once(':').map_or((rest, None), |(name, verb)| (name, Some(verb)));
    let mut segments = name.split('/');
    let key = segments.next().filter(|key| !key.is_empty())?;
    let below: Vec<&str> = segments.collect();
    let (version, operation) = match (below.as_slice(), is_post, verb) {
        ([], true, Some("encrypt")) => (None, Operation::Encrypt),
        ([], true, Some("decrypt")) => (None, Operation::Decrypt),
        ([], true, Some("testIamPermissions")) => (None, Operation::TestPermissions),
        ([], false, None) => (None, Operation::GetKey),
        (["cryptoKeyVersions"], false, None) => (None, Operation::ListVersions),
        (["cryptoKeyVersions", number], true, Some("encrypt")) => (Some(number), Operation::Encrypt),
        (["cryptoKeyVersions", number], true, Some("asymmetricSign")) => (Some(number), Operation::Sign),
        (["cryptoKeyVersions", number], false, None) => (Some(number), Operation::GetVersion),
        (["cryptoKeyVersions", number, "publicKey"], false, None) => (Some(number), Operation::PublicKey),
        _ => return None,
    };
    let version = version.map(|number| number.parse()).transpose().ok()?;
    Some((operation, Resource { ring: ring.to_owned(), key: key.to_owned(), version }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: &str = "projects/p/locations/l/keyRings/r";

    fn operation(is_post: bool, rest: &str) -> Option<(Operation, Option<u32>)> {
        let (operation, resource) = read(is_post, &format!("/v1/{RING}/cryptoKeys/{rest}"))?;
        assert_eq!((resource.ring.as_str(), resource.key.as_str()), (RING, "k"));
        Some((operation, resource.version))
    }

    #[test]
    fn tells_what_is_asked_for() {
        assert_eq!(operation(true, "k:encrypt"), Some((Operation::Encrypt, None)));
        assert_eq!(operation(true, "k:decrypt"), Some((Operation::Decrypt, None)));
        assert_eq!(operation(true, "k/cryptoKeyVersions/7:encrypt"), Some((Operation::Encrypt, Some(7))));
        assert_eq!(operation(true, "k/cryptoKeyVersions/7:asymmetricSign"), Some((Operation::Sign, Some(7))));
        assert_eq!(operation(false, "k/cryptoKeyVersions/7/publicKey"), Some((Operation::PublicKey, Some(7))));
        assert_eq!(operation(false, "k/cryptoKeyVersions"), Some((Operation::ListVersions, None)));
        assert_eq!(operation(false, "k"), Some((Operation::GetKey, None)));
        assert_eq!(operation(true, "k:testIamPermissions"), Some((Operation::TestPermissions, None)));
    }

    #[test]
    fn refuses_what_it_does_not_have() {
        for (is_post, rest) in [(true, "k"), (false, "k:encrypt"), (true, "k:other"), (false, "k/cryptoKeyVersions/x")]
        {
            assert_eq!(operation(is_post, rest), None, "{rest}");
        }
        assert_eq!(read(false, "/v2/x/cryptoKeys/k"), None);
        assert_eq!(read(false, &format!("/v1/{RING}/cryptoKeys/")), None);
    }
}
