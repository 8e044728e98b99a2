//! The port [`KeyInspection`]: rights and standing of keys, without using one.

use std::time::Duration;

use async_trait::async_trait;
use google_cloud_kms_v1::model::{
    CryptoKey, CryptoKeyVersion, ProtectionLevel, crypto_key::RotationSchedule,
    crypto_key_version::CryptoKeyVersionState,
};

use super::{
    CloudKms,
    call::{CallFault, retried},
    names::KeyName,
};
use crate::{
    domain::purpose::Purpose,
    ports::{
        key_inspection::{HubKey, KeyInspection, KeyStanding, Rights},
        keys::KeyError,
    },
};

/// The permissions that wrapping and unwrapping take.
const ENCRYPT: &str = "cloudkms.cryptoKeyVersions.useToEncrypt";
const DECRYPT: &str = "cloudkms.cryptoKeyVersions.useToDecrypt";

/// No key of the hub has more versions for a long time; what is beyond them is not looked at.
const MOST_VERSIONS: i32 = 100;

#[async_trait]
impl KeyInspection for CloudKms {
    async fn rights(&self, purpose: Purpose) -> Result<Rights, KeyError> {
        let name = self.ring.kek(purpose);
        let attempt = || async {
            let request = self.client.test_iam_permissions().set_resource(name.as_str());
            Ok(request.set_permissions([ENCRYPT, DECRYPT]).send().await?.permissions)
        };
        let held: Vec<String> = retried(&self.limits, attempt).await?;
        let holds = |permission: &str| held.iter().any(|name| name == permission);
        Ok(Rights { encrypt: holds(ENCRYPT), decrypt: holds(DECRYPT) })
    }

    async fn standing(&self, key: HubKey) -> Result<KeyStanding, KeyError> {
        let name = self.ring.key(key);
        let (looked_at, versions) = (self.look_at(&name).await?, self.every_version(&name).await?);
        Ok(standing(&looked_at, &versions))
    }
}

impl CloudKms {
    async fn look_at(&self, name: &KeyName) -> Result<CryptoKey, CallFault> {
        let attempt = || async {
            let key = self.client.get_crypto_key().set_name(name.as_str()).send().await?;
            if key.name == name.as_str() { Ok(key) } else { Err(CallFault::OtherKey) }
        };
        retried(&self.limits, attempt).await
    }

    async fn every_version(&self, name: &KeyName) -> Result<Vec<CryptoKeyVersion>, CallFault> {
        let attempt = || async {
            let request = self.client.list_crypto_key_versions().set_parent(name.as_str());
            Ok(request.set_page_size(MOST_VERSIONS).send().await?.crypto_key_versions)
        };
        retried(&self.limits, attempt).await
    }
}

/// What a key and its versions come to. A key that signs has no primary version: any that is enabled will do.
fn standing(key: &CryptoKey, versions: &[CryptoKeyVersion]) -> KeyStanding {
    let is_enabled = |version: &CryptoKeyVersion| version.state == CryptoKeyVersionState::Enabled;
    let rotation = match &key.rotation_schedule {
        Some(RotationSchedule::RotationPeriod(period)) => u64::try_from(period.seconds()).ok().map(Duration::from_secs),
        _ => None,
    };
    let level = key.version_template.as_ref().map(|template| &template.protection_level);
    let in_use = versions.iter().filter(|version| is_enabled(version)).map(|version| &version.protection_level);
    let is_hardware = |level: &ProtectionLevel| *level == ProtectionLevel::Hsm;
    KeyStanding {
        is_usable: key.primary.as_ref().map_or_else(|| versions.iter().any(is_enabled), is_enabled),
        is_in_hardware: level.into_iter().chain(in_use).all(is_hardware),
        rotation,
        doomed: versions.iter().filter(|version| version.state == CryptoKeyVersionState::DestroyScheduled).count(),
    }
}

#[cfg(test)]
mod tests {
    use google_cloud_kms_v1::model::CryptoKeyVersionTemplate;

    use super::*;

    fn version(state: CryptoKeyVersionState, level: ProtectionLevel) -> CryptoKeyVersion {
        CryptoKeyVersion::new().set_state(state).set_protection_level(level)
    }

    fn key(level: ProtectionLevel) -> CryptoKey {
        CryptoKey::new().set_version_template(CryptoKeyVersionTemplate::new().set_protection_level(level))
    }

    #[test]
    fn a_key_is_as_usable_as_its_primary_version() {
        let enabled = version(CryptoKeyVersionState::Enabled, ProtectionLevel::Hsm);
        let disabled = version(CryptoKeyVersionState::Disabled, ProtectionLevel::Hsm);
        let wrapping = key(ProtectionLevel::Hsm).set_primary(disabled.clone());
        assert!(!standing(&wrapping, &[enabled.clone(), disabled.clone()]).is_usable);
        let signing = key(ProtectionLevel::Hsm);
        assert!(
            standing(&signing, &[disabled.clone(), enabled]).is_usable && !standing(&signing, &[disabled]).is_usable
        );
    }

    #[test]
    fn counts_what_will_be_destroyed_and_sees_soft_keys() {
        let doomed = version(CryptoKeyVersionState::DestroyScheduled, ProtectionLevel::Hsm);
        let found = standing(&key(ProtectionLevel::Hsm), &[doomed.clone(), doomed]);
        assert_eq!((found.doomed, found.is_in_hardware), (2, true));
        assert!(!standing(&key(ProtectionLevel::Software), &[]).is_in_hardware);
        let soft = version(CryptoKeyVersionState::Enabled, ProtectionLevel::Software);
        assert!(!standing(&key(ProtectionLevel::Hsm), &[soft]).is_in_hardware);
    }
}
