//! The names of keys and their versions.

use crate::{domain::purpose::Purpose, ports::key_inspection::HubKey};

/// The longest name of a ring with which a version's name fits into a sealed value.
const LONGEST_RING: usize = 200;

/// The key that signs.
pub(super) const SIGNING: &str = "signing";

/// The name of a key ring: `projects/P/locations/L/keyRings/R`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRing(String);

impl KeyRing {
    /// The ring of that name. The project must be named by its id: Cloud KMS answers with ids, and answers are compared.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let segments: Vec<&str> = name.split('/').collect();
        let ["projects", project, "locations", location, "keyRings", ring] = segments.as_slice() else { return None };
        let is_number = project.bytes().all(|byte| byte.is_ascii_digit());
        let are_words = [project, location, ring].into_iter().all(|segment| is_word(segment));
        (are_words && !is_number && name.len() <= LONGEST_RING).then(|| Self(name.to_owned()))
    }

    /// The key that wraps for a purpose; it has the purpose's name.
    pub(super) fn kek(&self, purpose: Purpose) -> KeyName {
        KeyName(format!("{}/cryptoKeys/{purpose}", self.0))
    }

    /// That key.
    pub(super) fn key(&self, key: HubKey) -> KeyName {
        match key {
            HubKey::Wrapping(purpose) => self.kek(purpose),
            HubKey::Signing => self.signing(),
        }
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> KeyName {
        KeyName(format!("{}/cryptoKeys/{SIGNING}", self.0))
    }
}

/// The whole name of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyName(String);

impl KeyName {
    /// The name, as requests have it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of a version of this key; none for the name of anything else.
    pub(super) fn version_number(&self, name: &str) -> Option<u64> {
        let number = name.strip_prefix(&self.0)?.strip_prefix("/cryptoKeyVersions/")?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        if is_number { number.parse().ok() } else { None }
    }
}

/// Whether this is the whole name of a key version:
/// `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V`.
pub(super) fn is_key_version(name: &str) -> bool {
    let Some((ring, key)) = name.split_once("/cryptoKeys/") else { return false };
    let Some((id, _)) = key.split_once('/') else { return false };
    let key = KeyName(format!("{ring}/cryptoKeys/{id}"));
    KeyRing::parse(ring).is_some() && is_word(id) && key.version_number(name).is_some()
}

/// Letters, digits and what else ids may have; nothing that means something in a URL's path.
fn is_word(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: &str = "projects/my-project/locations/europe-west3/keyRings/hub";

    #[test]
    fn takes_whole_names_of_rings_only() {
        assert!(KeyRing::parse(RING).is_some());
        assert!(KeyRing::parse("projects/example.com:my-project/locations/global/keyRings/hub_1").is_some());
        let long = format!("{RING}{}", "x".repeat(200));
        for wrong in [
            "",
            "hub",
            "projects/my-project/locations/europe-west3/keyRings",
            "projects/my-project/locations/europe-west3/keyRings/",
            "projects/123456/locations/europe-west3/keyRings/hub",
            "projects/my-project/locations/europe-west3/keyRings/hub/cryptoKeys/tokens",
            "projects/my-project/locations/../keyRings/hub?",
            "/projects/my-project/locations/europe-west3/keyRings/hub",
            &long,
        ] {
            assert_eq!(KeyRing::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn knows_the_versions_of_a_key_from_those_of_another() {
        let key = KeyRing::parse(RING).unwrap().kek(Purpose::Tokens);
        let number = |rest: &str| key.version_number(&format!("{RING}/cryptoKeys/{rest}"));
        assert_eq!(number("tokens/cryptoKeyVersions/17"), Some(17));
        for wrong in [
            "tokens",
            "tokens/cryptoKeyVersions/",
            "tokens/cryptoKeyVersions/+1",
            "tokens/cryptoKeyVersions/01",
            "tokens/cryptoKeyVersions/1/2",
            "tokens/cryptoKeyVersions/99999999999999999999999",
            "payloads/cryptoKeyVersions/1",
            "tokens2/cryptoKeyVersions/1",
        ] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn takes_whole_names_of_key_versions_only() {
        assert!(is_key_version(&format!("{RING}/cryptoKeys/qseal/cryptoKeyVersions/3")));
        for wrong in [
            "",
            "qseal",
            RING,
            &format!("{RING}/cryptoKeys/qseal"),
            &format!("{RING}/cryptoKeys/qseal/cryptoKeyVersions/latest"),
            &format!("{RING}/cryptoKeys/../cryptoKeyVersions/1/x"),
            &format!("{RING}/cryptoKeys/qseal/cryptoKeyVersions/1:destroy"),
            "hub/cryptoKeys/qseal/cryptoKeyVersions/1",
        ] {
            assert!(!is_key_version(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_version_name_fits_into_a_sealed_value() {
        let longest = format!("projects/p/locations/l/keyRings/{}", "r".repeat(LONGEST_RING - 32));
        let ring = KeyRing::parse(&longest).unwrap();
        for purpose in Purpose::ALL {
            assert!(ring.kek(purpose).as_str().len() + "/cryptoKeyVersions/1234567890".len() <= 255);
        }
    }
}
