//! What IAM lets the caller do with a key. At first everything; a test takes rights away.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A permission on a key, by the name that Cloud KMS has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Permission {
    /// To encrypt.
    #[serde(rename = "cloudkms.cryptoKeyVersions.useToEncrypt")]
    Encrypt,
    /// To decrypt.
    #[serde(rename = "cloudkms.cryptoKeyVersions.useToDecrypt")]
    Decrypt,
    /// To sign.
    #[serde(rename = "cloudkms.cryptoKeyVersions.useToSign")]
    Sign,
    /// To read a public key.
    #[serde(rename = "cloudkms.cryptoKeyVersions.viewPublicKey")]
    ViewPublicKey,
    /// To see what a key is like.
    #[serde(rename = "cloudkms.cryptoKeys.get")]
    GetKey,
    /// To see what a version is like.
    #[serde(rename = "cloudkms.cryptoKeyVersions.get")]
    GetVersion,
    /// To list a key's versions.
    #[serde(rename = "cloudkms.cryptoKeyVersions.list")]
    ListVersions,
}

/// What the caller may not do: a key and a permission each.
#[derive(Debug, Default)]
pub(crate) struct Denials(BTreeSet<(String, Permission)>);

impl Denials {
    /// Takes the permission on that key away.
    pub(crate) fn deny(&mut self, key: &str, permission: Permission) {
        self.0.insert((key.to_owned(), permission));
    }

    /// Gives every permission back.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Refuses what the caller may not do, in the service's words.
    pub(crate) fn check(&self, key: &str, permission: Option<Permission>) -> Result<(), Refusal> {
        if permission.is_some_and(|permission| self.0.contains(&(key.to_owned(), permission))) {
            return Err(Refusal::of_status(403, format!("Permission denied on {key} (or it may not exist).")));
        }
        Ok(())
    }

    /// Those of the permissions that the caller has. Names that the stand-in does not know are nobody's.
    pub(crate) fn held<'a>(&self, key: &str, wanted: &'a [String]) -> Vec<&'a String> {
        let is_held = |name: &&String| {
            serde_json::from_value(serde_json::json!(name))
                .is_ok_and(|permission| self.check(key, Some(permission)).is_ok())
        };
        wanted.iter().filter(is_held).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_of_one_key_and_one_permission() {
        let mut denials = Denials::default();
        denials.deny("tokens", Permission::Decrypt);
        assert!(denials.check("tokens", Some(Permission::Decrypt)).is_err());
        assert!(denials.check("tokens", Some(Permission::Encrypt)).is_ok());
        assert!(denials.check("flow", Some(Permission::Decrypt)).is_ok() && denials.check("tokens", None).is_ok());
        let names =
            ["useToEncrypt", "useToDecrypt", "useToFly"].map(|name| format!("cloudkms.cryptoKeyVersions.{name}"));
        assert_eq!(denials.held("tokens", &names), [&names[0]]);
        denials.clear();
        assert_eq!(denials.held("tokens", &names), [&names[0], &names[1]]);
    }
}
