//! Holds key services to the promises of `ports::keys`.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::{
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::keys::{KeyError, KeyWrap, Signer, WrappedKey},
};

/// Every promise of [`KeyWrap`]. `rotate` makes a new version of a purpose's KEK; `destroy` destroys an old one.
pub async fn conformance(
    keys: Arc<dyn KeyWrap>,
    rotate: impl AsyncFn(Purpose),
    destroy: impl AsyncFn(Purpose, String),
) {
    keys.ready().await.unwrap();
    for purpose in Purpose::ALL {
        unwraps_what_it_wrapped(&*keys, purpose).await;
        splits_keys_by_purpose(&*keys, purpose).await;
        binds_the_associated_data(&*keys, purpose).await;
        refuses_altered_bytes(&*keys, purpose).await;
        stays_within_the_sizes(&*keys, purpose).await;
        rotates(&*keys, purpose, &rotate).await;
        never_replaces_a_destroyed_version(&*keys, purpose, &rotate, &destroy).await;
    }
}

fn dek(byte: u8) -> Secret32 {
    Secret32::new(Box::new([byte; 32]))
}

async fn assert_opens(keys: &dyn KeyWrap, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8], byte: u8) {
    let unwrapped = keys.unwrap(purpose, wrapped, associated).await.unwrap();
    assert!(*unwrapped.expose_secret() == [byte; 32], "{purpose}: another key came back");
}

async fn assert_rejected(keys: &dyn KeyWrap, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) {
    let outcome = keys.unwrap(purpose, wrapped, associated).await;
    assert!(matches!(outcome, Err(KeyError::Rejected | KeyError::VersionUnavailable)), "{purpose}: {outcome:?}");
}

/// The same key comes back, with and without associated data, as often as asked.
pub async fn unwraps_what_it_wrapped(keys: &dyn KeyWrap, purpose: Purpose) {
    for (byte, associated) in [(1, &b""[..]), (2, b"somewhere"), (3, &[0xff; 1_000])] {
        let wrapped = keys.wrap(purpose, &dek(byte), associated).await.unwrap();
        assert_opens(keys, purpose, &wrapped, associated, byte).await;
        assert_opens(keys, purpose, &wrapped, associated, byte).await;
    }
}

/// What was wrapped for one purpose does not unwrap for another.
pub async fn splits_keys_by_purpose(keys: &dyn KeyWrap, purpose: Purpose) {
    let wrapped = keys.wrap(purpose, &dek(1), b"somewhere").await.unwrap();
    for other in Purpose::ALL.into_iter().filter(|other| *other != purpose) {
        assert_rejected(keys, other, &wrapped, b"somewhere").await;
    }
}

/// A key unwraps only with the very associated data it was wrapped with.
pub async fn binds_the_associated_data(keys: &dyn KeyWrap, purpose: Purpose) {
    let wrapped = keys.wrap(purpose, &dek(1), b"somewhere").await.unwrap();
    for other in [&b""[..], b"somewher", b"somewhere ", b"Somewhere", b"somewhere\0"] {
        assert_rejected(keys, purpose, &wrapped, other).await;
    }
}

/// No altered, shortened or lengthened wrapped key opens.
pub async fn refuses_altered_bytes(keys: &dyn KeyWrap, purpose: Purpose) {
    let wrapped = keys.wrap(purpose, &dek(1), b"somewhere").await.unwrap();
    let altered = |bytes| WrappedKey { bytes, version: wrapped.version.clone() };
    for position in 0..wrapped.bytes.len() {
        let mut bytes = wrapped.bytes.clone();
        bytes[position] ^= 1 << (position % 8);
        assert_rejected(keys, purpose, &altered(bytes), b"somewhere").await;
        assert_rejected(keys, purpose, &altered(wrapped.bytes[..position].to_vec()), b"somewhere").await;
    }
    assert_rejected(keys, purpose, &altered([&wrapped.bytes[..], &[0]].concat()), b"somewhere").await;
}

/// The sealed format has room for it.
pub async fn stays_within_the_sizes(keys: &dyn KeyWrap, purpose: Purpose) {
    let wrapped = keys.wrap(purpose, &dek(1), &[0; 1_000]).await.unwrap();
    assert!((1..=255).contains(&wrapped.version.len()), "{purpose}: version {:?}", wrapped.version);
    assert!((1..=1_024).contains(&wrapped.bytes.len()), "{purpose}: {} bytes", wrapped.bytes.len());
}

/// After a rotation older wrapped keys unwrap, new ones name the new version, and other purposes keep theirs.
pub async fn rotates(keys: &dyn KeyWrap, purpose: Purpose, rotate: &impl AsyncFn(Purpose)) {
    let wrap = async |purpose, byte| keys.wrap(purpose, &dek(byte), b"somewhere").await.unwrap();
    let others = || Purpose::ALL.into_iter().filter(|other| *other != purpose);
    let mut other_versions = Vec::new();
    for other in others() {
        other_versions.push(wrap(other, 1).await.version);
    }
    let old = wrap(purpose, 1).await;
    rotate(purpose).await;
    let new = wrap(purpose, 2).await;
    assert_ne!(old.version, new.version, "{purpose}: no new version");
    assert_eq!(new.version, wrap(purpose, 3).await.version, "{purpose}: a new version without a rotation");
    assert_opens(keys, purpose, &old, b"somewhere", 1).await;
    assert_opens(keys, purpose, &new, b"somewhere", 2).await;
    for (other, version) in others().zip(other_versions) {
        assert_eq!(wrap(other, 1).await.version, version, "{other}: rotated with {purpose}");
    }
}

/// What a destroyed version wrapped is lost, and said to be; what a newer one wrapped is not.
pub async fn never_replaces_a_destroyed_version(
    keys: &dyn KeyWrap,
    purpose: Purpose,
    rotate: &impl AsyncFn(Purpose),
    destroy: &impl AsyncFn(Purpose, String),
) {
    let old = keys.wrap(purpose, &dek(1), b"somewhere").await.unwrap();
    rotate(purpose).await;
    let new = keys.wrap(purpose, &dek(2), b"somewhere").await.unwrap();
    destroy(purpose, old.version.clone()).await;
    let outcome = keys.unwrap(purpose, &old, b"somewhere").await;
    assert!(matches!(outcome, Err(KeyError::VersionUnavailable)), "{purpose}: {outcome:?}");
    assert_opens(keys, purpose, &new, b"somewhere", 2).await;
}

/// Every promise of [`Signer`].
pub async fn signer_conformance(signer: &dyn Signer) {
    public_keys_are_well_formed(signer).await;
    signs_with_the_first_public_key(signer).await;
}

/// Uncompressed points of P-256 under names of their own.
pub async fn public_keys_are_well_formed(signer: &dyn Signer) {
    let public_keys = signer.public_keys().await.unwrap();
    let names: std::collections::HashSet<&str> = public_keys.iter().map(|key| key.key_id.as_str()).collect();
    assert!(!names.is_empty() && !names.contains(""), "no key, or one without a name");
    assert_eq!(names.len(), public_keys.len(), "two keys share a name");
    for key in &public_keys {
        assert_eq!((key.point.len(), key.point.first()), (65, Some(&0x04)), "not an uncompressed point");
    }
}

/// A signature of 64 bytes verifies for its message alone.
pub async fn signs_with_the_first_public_key(signer: &dyn Signer) {
    let first = signer.public_keys().await.unwrap().into_iter().next().unwrap();
    let public_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, first.point);
    for message in [&b""[..], b"message", &[0; 10_000]] {
        let signature = signer.sign(message).await.unwrap();
        assert_eq!(signature.len(), 64, "not r and s of 32 bytes each");
        assert!(public_key.verify(message, &signature).is_ok(), "the signature does not verify");
        assert!(public_key.verify(b"other message", &signature).is_err(), "verifies for another message");
    }
}
