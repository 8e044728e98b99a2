//! The key ring: keys, their versions and the states of these.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    material::{Algorithm, Material, MaterialError},
    refusal::Refusal,
};

/// Whether a version may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VersionState {
    /// Yes.
    Enabled,
    /// Not for now.
    Disabled,
    /// Never again: the material is gone.
    Destroyed,
}

impl VersionState {
    /// The number that stands for it when enums are sent as numbers.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Enabled => 1,
            Self::Disabled => 2,
            Self::Destroyed => 3,
        }
    }
}

/// A change of the ring is not possible.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// There is no such key or version.
    #[error("there is no such key or version")]
    Unknown,
    /// What was destroyed stays so.
    #[error("the version was destroyed")]
    Destroyed,
    /// The key encrypts and the algorithm signs, or the other way round.
    #[error("the algorithm is not for what the key is for")]
    OtherPurpose,
    /// No key could be made.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The change could not be saved.
    #[error(transparent)]
    File(#[from] crate::keys_file::KeysFileError),
}

/// One version of a key.
pub(crate) struct Version {
    pub(crate) algorithm: Algorithm,
    pub(crate) state: VersionState,
    /// None once destroyed.
    pub(crate) material: Option<Material>,
}

impl Version {
    fn fresh(algorithm: Algorithm) -> Result<Self, MaterialError> {
        Ok(Self { algorithm, state: VersionState::Enabled, material: Some(Material::fresh(algorithm)?) })
    }
}

/// A key: versions from 1 on.
pub(crate) type Versions = BTreeMap<u32, Version>;

/// All keys by name.
pub(crate) struct Ring {
    pub(crate) name: String,
    pub(crate) keys: BTreeMap<String, Versions>,
}

impl Ring {
    /// A ring with the keys that the hub uses.
    pub(crate) fn fresh(name: &str) -> Result<Self, MaterialError> {
        let kek = Algorithm::GoogleSymmetricEncryption;
        let keys = [("flow", kek), ("tokens", kek), ("payloads", kek), ("signing", Algorithm::EcSignP256Sha256)];
        let keys = keys.map(|(key, algorithm)| Ok((key.to_owned(), BTreeMap::from([(1, Version::fresh(algorithm)?)]))));
        Ok(Self { name: name.to_owned(), keys: keys.into_iter().collect::<Result<_, MaterialError>>()? })
    }

    /// The versions of a key.
    pub(crate) fn versions(&self, key: &str) -> Result<&Versions, Refusal> {
        self.keys.get(key).ok_or_else(|| Refusal::not_found(&format!("{}/cryptoKeys/{key}", self.name)))
    }

    /// The version that encrypts when none is asked for: the newest, whatever state it is in.
    pub(crate) fn primary(&self, key: &str) -> Result<u32, Refusal> {
        let newest = self.versions(key)?.keys().next_back().copied();
        newest.ok_or_else(|| Refusal::precondition("The key has no version."))
    }

    /// A version that may be used, with its material.
    pub(crate) fn usable(&self, key: &str, number: u32) -> Result<(&Version, &Material), Refusal> {
        let name = self.version_name(key, number);
        let version = self.versions(key)?.get(&number).ok_or_else(|| Refusal::not_found(&name))?;
        match (&version.material, version.state) {
            (Some(material), VersionState::Enabled) => Ok((version, material)),
            (_, state) => Err(Refusal::precondition(format!("{name} is not enabled, current state is: {state:?}."))),
        }
    }

    /// The whole name of a version.
    pub(crate) fn version_name(&self, key: &str, number: u32) -> String {
        format!("{}/cryptoKeys/{key}/cryptoKeyVersions/{number}", self.name)
    }

    /// Adds a version, of the algorithm of the newest one if none is named. Answers its number.
    pub(crate) fn rotate(&mut self, key: &str, algorithm: Option<Algorithm>) -> Result<u32, RingError> {
        let versions = self.keys.get_mut(key).ok_or(RingError::Unknown)?;
        let (newest, version) = versions.last_key_value().ok_or(RingError::Unknown)?;
        let algorithm = algorithm.unwrap_or(version.algorithm);
        if algorithm.encrypts() != version.algorithm.encrypts() {
            return Err(RingError::OtherPurpose);
        }
        let number = newest + 1;
        versions.insert(number, Version::fresh(algorithm)?);
        Ok(number)
    }

    /// Moves a version to a state.
    pub(crate) fn set_state(&mut self, key: &str, number: u32, state: VersionState) -> Result<(), RingError> {
        let version = self.keys.get_mut(key).and_then(|versions| versions.get_mut(&number));
        let version = version.ok_or(RingError::Unknown)?;
        if version.state == VersionState::Destroyed {
            return Err(RingError::Destroyed);
        }
        version.state = state;
        if state == VersionState::Destroyed {
            version.material = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_version_never_comes_back() {
        let mut ring = Ring::fresh("ring").unwrap();
        assert_eq!(ring.rotate("tokens", None).unwrap(), 2);
        ring.set_state("tokens", 1, VersionState::Disabled).unwrap();
        assert!(ring.usable("tokens", 1).is_err());
        ring.set_state("tokens", 1, VersionState::Enabled).unwrap();
        assert!(ring.usable("tokens", 1).is_ok());
        ring.set_state("tokens", 1, VersionState::Destroyed).unwrap();
        assert!(matches!(ring.set_state("tokens", 1, VersionState::Enabled), Err(RingError::Destroyed)));
        assert!(ring.usable("tokens", 1).is_err() && ring.usable("tokens", 2).is_ok());
        assert_eq!(ring.primary("tokens").unwrap(), 2);
    }

    #[test]
    fn a_key_keeps_its_purpose() {
        let mut ring = Ring::fresh("ring").unwrap();
        let outcome = ring.rotate("tokens", Some(Algorithm::EcSignP256Sha256));
        assert!(matches!(outcome, Err(RingError::OtherPurpose)));
        assert!(matches!(ring.rotate("other", None), Err(RingError::Unknown)));
    }
}
