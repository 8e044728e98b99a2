//! What the keyring's file is, besides keeping the promises of a key service.

use std::fs;

use super::*;
use crate::{
    domain::{ids::TenantId, secret::ExposeSecret},
    testing::{
        self,
        entropy::{ExhaustedEntropy, SeededEntropy},
    },
};

fn open(path: &Path) -> Result<LocalKeyring, KeyringError> {
    LocalKeyring::open_or_create(path, Arc::new(SeededEntropy::new(1)))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn dek(byte: u8) -> Secret32 {
    Secret32::new(Box::new([byte; 32]))
}

#[tokio::test]
async fn keeps_the_promises_of_a_key_service() {
    let folder = folder();
    let keyring = Arc::new(open(&folder.path().join("keys.json")).unwrap());
    let rotate = async |purpose| drop(keyring.rotate(purpose).unwrap());
    let destroy = async |purpose, version: String| keyring.retire(purpose, &version).unwrap();
    testing::keys::conformance(keyring.clone(), rotate, destroy).await;
    testing::keys::signer_conformance(&*keyring).await;
}

#[tokio::test]
async fn keeps_its_keys_over_a_restart() {
    let folder = folder();
    let path = folder.path().join("missing/too/keys.json");
    let (before, tenant) = (open(&path).unwrap(), TenantId::parse("acme").unwrap());
    let old = before.wrap(Purpose::Tokens, &dek(1), b"somewhere").await.unwrap();
    before.rotate(Purpose::Tokens).unwrap();
    let new = before.wrap(Purpose::Tokens, &dek(2), b"somewhere").await.unwrap();
    let after = LocalKeyring::open_or_create(&path, Arc::new(SeededEntropy::new(2))).unwrap();
    for (byte, wrapped) in [(1, old), (2, new)] {
        let unwrapped = after.unwrap(Purpose::Tokens, &wrapped, b"somewhere").await.unwrap();
        assert_eq!(*unwrapped.expose_secret(), [byte; 32]);
    }
    assert_eq!(before.public_keys().await.unwrap(), after.public_keys().await.unwrap());
    let pseudonym = |keyring: &LocalKeyring| keyring.pseudonym_key().pseudonym(&tenant, "customer-7");
    assert_eq!(pseudonym(&before), pseudonym(&after));
}

#[tokio::test]
async fn wraps_the_same_key_differently_each_time() {
    let folder = folder();
    let keyring = open(&folder.path().join("keys.json")).unwrap();
    let first = keyring.wrap(Purpose::Flow, &dek(1), b"").await.unwrap();
    let second = keyring.wrap(Purpose::Flow, &dek(1), b"").await.unwrap();
    assert_ne!(first.bytes[..12], second.bytes[..12], "a nonce came twice");
}

#[test]
fn every_keyring_has_keys_of_its_own() {
    let folder = folder();
    let fresh = |name, seed| {
        let path = folder.path().join(name);
        LocalKeyring::open_or_create(&path, Arc::new(SeededEntropy::new(seed))).unwrap();
        fs::read_to_string(path).unwrap()
    };
    let (one, two) = (fresh("one", 1), fresh("two", 2));
    let keys = |text: &str| text.split('"').filter(|part| part.len() >= 44).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(keys(&one).len(), 5, "three KEKs, a signing key and a pseudonym key");
    assert!(keys(&one).iter().all(|key| !two.contains(key)));
}

#[test]
fn racing_processes_agree_on_one_keyring() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let text_after_opening = |seed| {
        let path = path.clone();
        std::thread::spawn(move || {
            LocalKeyring::open_or_create(&path, Arc::new(SeededEntropy::new(seed))).unwrap();
            fs::read(path).unwrap()
        })
    };
    let racers: Vec<_> = (0..8).map(text_after_opening).collect();
    let texts: Vec<Vec<u8>> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "one replaced another's keys");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a draft was left behind");
}

#[test]
fn never_retires_the_key_in_use() {
    let folder = folder();
    let keyring = open(&folder.path().join("keys.json")).unwrap();
    for version in ["1", "2", "", "one"] {
        assert!(matches!(keyring.retire(Purpose::Flow, version), Err(KeyringError::NotRetirable)), "{version}");
    }
    assert_eq!(keyring.rotate(Purpose::Flow).unwrap(), "2");
    keyring.retire(Purpose::Flow, "1").unwrap();
    assert_eq!(keyring.rotate(Purpose::Flow).unwrap(), "3", "a version's number came back");
}

#[test]
fn makes_no_keys_without_randomness() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let outcome = LocalKeyring::open_or_create(&path, Arc::new(ExhaustedEntropy));
    assert!(matches!(outcome, Err(KeyringError::NoEntropy(_))));
    assert!(!path.exists());
}

#[test]
fn refuses_what_is_no_keyring_and_leaves_it_alone() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    open(&path).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let bad = [
        String::new(),
        "{}".to_owned(),
        good[..good.len() - 2].to_owned(),
        good.replace("\"format\": 1", "\"format\": 2"),
        good.replace("\"tokens\"", "\"other\""),
        good.replace("\"signing_key\": \"", "\"signing_key\": \"AAAA"),
        good.replace("\"pseudonym_key\": \"", "\"pseudonym_key\": \"AAAA"),
        good.replace("\"pseudonym_key\": \"", "\"pseudonym_key\": \"!"),
    ];
    for text in bad {
        fs::write(&path, &text).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::Malformed { .. }), "{error:?} for {text}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[cfg(unix)]
#[test]
fn refuses_a_file_that_others_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("keys.json");
    open(&path).unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    for others in [0o640, 0o604, 0o620, 0o610, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(others)).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, KeyringError::OpenToOthers { .. }), "{others:o}: {error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    open(&path).unwrap().rotate(Purpose::Flow).unwrap();
    assert_eq!(mode(), 0o600, "a change leaves the file to its owner");
}

#[test]
fn shows_no_key() {
    let folder = folder();
    let shown = format!("{:?}", open(&folder.path().join("keys.json")).unwrap());
    assert!(shown.starts_with("LocalKeyring { path: ") && shown.ends_with(", .. }"), "{shown}");
}
