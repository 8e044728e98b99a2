//! What the vault adds to the format: which keys it asks for, and what it makes of their answers.

use std::collections::HashSet;

use futures::future::join_all;
use serde::Deserialize;

use super::*;
use crate::{
    domain::ids::TenantId,
    testing::{
        entropy::{ExhaustedEntropy, SeededEntropy},
        memory_keys::{Calls, MemoryKeys},
    },
};

const PURPOSE: Purpose = Purpose::Tokens;

fn place(generation: u64) -> Place {
    Place {
        collection: "sessions",
        document: "doc-1".to_owned(),
        field: "grant",
        tenant: TenantId::parse("acme").unwrap(),
        generation,
    }
}

fn vault(keys: &Arc<MemoryKeys>) -> Vault {
    Vault::new(keys.clone(), Arc::new(SeededEntropy::new(1)), DekCache::default())
}

fn keys() -> Arc<MemoryKeys> {
    Arc::default()
}

/// Opens as another instance would, that remembers nothing.
async fn open_anew(keys: &Arc<MemoryKeys>, generation: u64, sealed: &Sealed) -> Result<Vec<u8>, VaultError> {
    let opened = vault(keys).open(PURPOSE, &place(generation), sealed).await?;
    Ok(opened.expose_secret().to_vec())
}

#[tokio::test]
async fn opens_what_it_sealed() {
    let keys = keys();
    for plaintext in [&b""[..], b"secret", &vec![0xff; 100_000]] {
        let sealed = vault(&keys).seal(PURPOSE, &place(1), plaintext).await.unwrap();
        assert_eq!(open_anew(&keys, 1, &sealed).await.unwrap(), plaintext);
    }
}

#[tokio::test]
async fn every_payload_has_a_key_and_a_nonce_of_its_own() {
    let (keys, mut deks, mut nonces) = (keys(), HashSet::new(), HashSet::new());
    let (vault, plaintext) = (vault(&keys), b"the same");
    let place = place(1);
    let associated = Binding { purpose: PURPOSE, place: &place }.associated_data();
    for _ in 0..1_000 {
        let sealed = vault.seal(PURPOSE, &place, plaintext).await.unwrap();
        let wrapped = Envelope::parse(&sealed).unwrap().wrapped();
        let wrapped = WrappedKey { version: wrapped.version().to_owned(), bytes: wrapped.bytes().to_vec() };
        let dek = keys.unwrap(PURPOSE, &wrapped, &associated).await.unwrap();
        assert!(deks.insert(*dek.expose_secret()), "a data key was used twice");
        let nonce_and_text = sealed.as_bytes().rchunks(12 + plaintext.len() + 16).next().unwrap();
        assert!(nonces.insert(nonce_and_text[..12].to_vec()), "a nonce came twice");
    }
}

#[tokio::test]
async fn refuses_a_flipped_bit_at_every_position() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    vault.open(PURPOSE, &place(1), &sealed).await.unwrap();
    for position in 0..sealed.as_bytes().len() * 8 {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[position / 8] ^= 1 << (position % 8);
        let flipped = Sealed::from_bytes(bytes);
        // The first vault remembers the right data key, which must not help.
        assert!(vault.open(PURPOSE, &place(1), &flipped).await.is_err(), "bit {position}, with a warm cache");
        assert!(open_anew(&keys, 1, &flipped).await.is_err(), "bit {position}");
    }
}

#[tokio::test]
async fn refuses_what_was_swapped_between_documents() {
    let keys = keys();
    let vault = vault(&keys);
    let [one, two] = ["doc-1", "doc-2"].map(|document| Place { document: document.to_owned(), ..place(1) });
    let [first, second] =
        [vault.seal(PURPOSE, &one, b"1").await.unwrap(), vault.seal(PURPOSE, &two, b"2").await.unwrap()];
    vault.open(PURPOSE, &one, &first).await.unwrap();
    vault.open(PURPOSE, &two, &second).await.unwrap();
    assert!(matches!(vault.open(PURPOSE, &one, &second).await, Err(VaultError::Integrity)));
    assert!(matches!(vault.open(PURPOSE, &two, &first).await, Err(VaultError::Integrity)));
}

#[tokio::test]
async fn refuses_a_generation_put_back() {
    let keys = keys();
    let vault = vault(&keys);
    let old = vault.seal(PURPOSE, &place(1), b"old").await.unwrap();
    vault.open(PURPOSE, &place(1), &old).await.unwrap();
    assert!(matches!(vault.open(PURPOSE, &place(2), &old).await, Err(VaultError::Integrity)));
}

#[tokio::test]
async fn refuses_another_purpose_without_asking_for_a_key() {
    let keys = keys();
    let sealed = vault(&keys).seal(Purpose::Flow, &place(1), b"secret").await.unwrap();
    assert!(matches!(open_anew(&keys, 1, &sealed).await, Err(VaultError::Integrity)));
    assert_eq!(keys.calls(), Calls { wraps: 1, unwraps: 0 });
}

#[tokio::test]
async fn many_readers_share_one_unwrap() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    let here = place(1);
    for opened in join_all((0..64).map(|_| vault.open(PURPOSE, &here, &sealed))).await {
        assert_eq!(opened.unwrap().expose_secret(), b"secret");
    }
    assert_eq!(keys.calls(), Calls { wraps: 1, unwraps: 1 });
}

#[tokio::test]
async fn remembers_no_key_that_it_only_sealed_with() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    keys.cut_off(true);
    assert!(matches!(vault.open(PURPOSE, &place(1), &sealed).await, Err(VaultError::KeysUnavailable(_))));
}

#[tokio::test]
async fn a_cache_without_room_asks_every_time() {
    let keys = keys();
    let cache = DekCache { capacity: 0, ..DekCache::default() };
    let vault = Vault::new(keys.clone(), Arc::new(SeededEntropy::new(1)), cache);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    for _ in 0..3 {
        vault.open(PURPOSE, &place(1), &sealed).await.unwrap();
    }
    assert_eq!(keys.calls().unwraps, 3);
}

#[tokio::test]
async fn forgets_a_key_when_its_time_is_over() {
    let keys = keys();
    let cache = DekCache { time_to_live: Duration::from_nanos(1), ..DekCache::default() };
    let vault = Vault::new(keys.clone(), Arc::new(SeededEntropy::new(1)), cache);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    for opened in 1..=3 {
        vault.open(PURPOSE, &place(1), &sealed).await.unwrap();
        assert_eq!(keys.calls().unwraps, opened);
        let read = std::time::Instant::now();
        while read.elapsed() < Duration::from_micros(10) {}
    }
    keys.cut_off(true);
    assert!(vault.open(PURPOSE, &place(1), &sealed).await.is_err());
}

#[tokio::test]
async fn a_reader_who_goes_away_leaves_the_others_their_unwrap() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    let here = place(1);
    let mut first = Box::pin(vault.open(PURPOSE, &here, &sealed));
    assert!(futures::poll!(&mut first).is_pending(), "the unwrap is under way");
    let mut second = Box::pin(vault.open(PURPOSE, &here, &sealed));
    assert!(futures::poll!(&mut second).is_pending(), "it waits for the first");
    drop(first);
    assert_eq!(second.await.unwrap().expose_secret(), b"secret");
}

#[tokio::test]
async fn fails_closed_without_keys_and_recovers() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    keys.cut_off(true);
    assert!(matches!(vault.seal(PURPOSE, &place(1), b"new").await, Err(VaultError::KeysUnavailable(_))));
    assert!(matches!(vault.open(PURPOSE, &place(1), &sealed).await, Err(VaultError::KeysUnavailable(_))));
    keys.cut_off(false);
    assert!(vault.open(PURPOSE, &place(1), &sealed).await.is_ok(), "a failure was remembered");
}

#[tokio::test]
async fn fails_closed_without_randomness() {
    let keys = keys();
    let vault = Vault::new(keys.clone(), Arc::new(ExhaustedEntropy), DekCache::default());
    assert!(matches!(vault.seal(PURPOSE, &place(1), b"new").await, Err(VaultError::NoEntropy(_))));
    assert_eq!(keys.calls(), Calls::default());
}

#[tokio::test]
async fn opens_under_an_old_key_and_seals_under_the_new_one() {
    let keys = keys();
    let old = vault(&keys).seal(PURPOSE, &place(1), b"old").await.unwrap();
    keys.rotate(PURPOSE);
    let new = vault(&keys).seal(PURPOSE, &place(2), b"new").await.unwrap();
    assert_eq!(open_anew(&keys, 1, &old).await.unwrap(), b"old");
    assert_eq!(open_anew(&keys, 2, &new).await.unwrap(), b"new");
    let version = |sealed| Envelope::parse(sealed).unwrap().wrapped().version().to_owned();
    assert_ne!(version(&old), version(&new));
}

#[tokio::test]
async fn a_destroyed_key_version_is_said_to_be_gone() {
    let keys = keys();
    let old = vault(&keys).seal(PURPOSE, &place(1), b"old").await.unwrap();
    keys.rotate(PURPOSE);
    let new = vault(&keys).seal(PURPOSE, &place(2), b"new").await.unwrap();
    keys.destroy(PURPOSE, Envelope::parse(&old).unwrap().wrapped().version());
    assert!(matches!(open_anew(&keys, 1, &old).await, Err(VaultError::VersionUnavailable)));
    assert_eq!(open_anew(&keys, 2, &new).await.unwrap(), b"new");
}

#[tokio::test]
async fn a_rewrap_outlives_the_old_key() {
    let keys = keys();
    let vault = vault(&keys);
    let old = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    assert_eq!(vault.rewrap(PURPOSE, &place(1), &old).await.unwrap(), None, "nothing to do yet");
    keys.rotate(PURPOSE);
    let new = vault.rewrap(PURPOSE, &place(1), &old).await.unwrap().unwrap();
    keys.destroy(PURPOSE, Envelope::parse(&old).unwrap().wrapped().version());
    assert_eq!(open_anew(&keys, 1, &new).await.unwrap(), b"secret");
    assert!(matches!(open_anew(&keys, 2, &new).await, Err(VaultError::Integrity)), "still bound to its place");
}

#[tokio::test]
async fn a_rewrap_refuses_what_does_not_belong_there() {
    let keys = keys();
    let vault = vault(&keys);
    let sealed = vault.seal(PURPOSE, &place(1), b"secret").await.unwrap();
    keys.rotate(PURPOSE);
    assert!(matches!(vault.rewrap(PURPOSE, &place(2), &sealed).await, Err(VaultError::Integrity)));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

#[tokio::test]
async fn opens_the_json_that_it_sealed() {
    let vault = vault(&keys());
    let note = Note { text: "line\n\"quoted\"".to_owned() };
    let sealed = vault.seal_json(PURPOSE, &place(1), &note).await.unwrap();
    assert_eq!(vault.open_json::<Note>(PURPOSE, &place(1), &sealed).await.unwrap(), note);
}

#[tokio::test]
async fn tells_nothing_of_a_misshapen_value() {
    let vault = vault(&keys());
    let sealed = vault.seal(PURPOSE, &place(1), br#""hush""#).await.unwrap();
    let error = vault.open_json::<Note>(PURPOSE, &place(1), &sealed).await.unwrap_err();
    assert!(matches!(error, VaultError::Misshapen));
    assert!(!format!("{error} {error:?}").contains("hush"));
}
