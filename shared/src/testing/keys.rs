//! Holds key services to the promises of `ports::keys`.

use std::{collections::HashSet, sync::Arc};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::{
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::keys::{KeyError, KeyWrap, PublicNumbers, Signer, WrappedKey},
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
    signs_with_every_public_key(signer).await;
    signs_with_no_other_key(signer).await;
}

/// Keys of sane sizes under names of their own.
pub async fn public_keys_are_well_formed(signer: &dyn Signer) {
    let public_keys = signer.public_keys().await.unwrap();
    let names: HashSet<&str> = public_keys.iter().map(|key| key.key_id.as_str()).collect();
    assert!(!names.is_empty() && !names.contains(""), "no key, or one without a name");
    assert_eq!(names.len(), public_keys.len(), "two keys share a name");
    for key in &public_keys {
        if let PublicNumbers::Rsa { n, e } = &key.numbers {
            assert!(n.len() >= 256 && n[0] != 0, "a modulus of less than 2,048 bits, or with leading zeroes");
            assert!(e.first().is_some_and(|first| *first != 0), "no exponent, or one with leading zeroes");
        }
    }
}

/// A signature has the size that JOSE wants, and verifies for its key and message alone.
pub async fn signs_with_every_public_key(signer: &dyn Signer) {
    let public_keys = signer.public_keys().await.unwrap();
    for key in &public_keys {
        for message in [&b""[..], b"message", &[0; 10_000]] {
            let signature = signer.sign(&key.key_id, message).await.unwrap();
            assert_eq!(signature.len(), signature_bytes(&key.numbers), "not the size of such a signature");
            assert!(verifies(&key.numbers, message, &signature), "the signature does not verify");
            assert!(!verifies(&key.numbers, b"other message", &signature), "verifies for another message");
            for other in public_keys.iter().filter(|other| *other != key) {
                assert!(!verifies(&other.numbers, message, &signature), "verifies for another key");
            }
        }
    }
}

/// A name that was not published is refused.
pub async fn signs_with_no_other_key(signer: &dyn Signer) {
    for name in ["", "other"] {
        let outcome = signer.sign(name, b"message").await;
        assert!(matches!(outcome, Err(KeyError::VersionUnavailable)), "{outcome:?}");
    }
}

const fn signature_bytes(numbers: &PublicNumbers) -> usize {
    match numbers {
        PublicNumbers::P256 { .. } => 64,
        PublicNumbers::Rsa { n, .. } => n.len(),
    }
}

fn verifies(numbers: &PublicNumbers, message: &[u8], signature: &[u8]) -> bool {
    let outcome = match numbers {
        PublicNumbers::P256 { x, y } => {
            let point = [&[4], &x[..], y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
        }
        PublicNumbers::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
        }
    };
    outcome.is_ok()
}
