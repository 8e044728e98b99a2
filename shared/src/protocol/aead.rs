//! AES-256-GCM (NIST SP 800-38D) over whole values, so that the code that seals payloads and the code that wraps
//! keys share one careful handling of buffers: no plaintext is left behind, and none is given out unauthenticated.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::ExposeSecretMut;
use zeroize::Zeroize;

use crate::domain::secret::{ExposeSecret, Secret32, SecretSlice};

/// Bytes of a nonce. A nonce must never be used twice under one key.
pub const NONCE_BYTES: usize = NONCE_LEN;

/// Bytes of the authentication tag at the end of a ciphertext.
pub const TAG_BYTES: usize = 16;

/// The cipher did not do its work: on opening, the ciphertext is not what was sealed with this key, nonce and
/// associated data. Deliberately says no more, so that nobody can probe for the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext is not authentic")]
pub struct NotAuthentic;

/// Appends ciphertext and tag of the plaintext to `out`.
pub fn seal_onto(
    out: &mut Vec<u8>,
    key: &Secret32,
    nonce: [u8; NONCE_BYTES],
    associated: &[u8],
    plaintext: &[u8],
) -> Result<(), NotAuthentic> {
    let cipher = cipher(key)?;
    // Room for everything first: a buffer that grew later would leave a copy of the plaintext in freed memory.
    out.reserve_exact(plaintext.len() + TAG_BYTES);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let (_, text) = out.split_at_mut(start);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let Ok(tag) = cipher.seal_in_place_separate_tag(nonce, Aad::from(associated), text) else {
        text.zeroize();
        return Err(NotAuthentic);
    };
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// The plaintext of a ciphertext with its tag.
pub fn open(
    key: &Secret32,
    nonce: [u8; NONCE_BYTES],
    associated: &[u8],
    ciphertext: &[u8],
) -> Result<SecretSlice<u8>, NotAuthentic> {
    let text = ciphertext.len().checked_sub(TAG_BYTES).ok_or(NotAuthentic)?;
    let (text, tag) = ciphertext.split_at_checked(text).ok_or(NotAuthentic)?;
    // The buffer has its final size and is wiped on drop from the start.
    let mut plaintext = SecretSlice::from(vec![0; text.len()]);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)?
        .open_separate_gather(nonce, Aad::from(associated), text, tag, plaintext.expose_secret_mut())
        .map_err(|_| NotAuthentic)?;
    Ok(plaintext)
}

fn cipher(key: &Secret32) -> Result<LessSafeKey, NotAuthentic> {
    let key = UnboundKey::new(&AES_256_GCM, key.expose_secret()).map_err(|_| NotAuthentic)?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Secret32 {
        Secret32::new(Box::new([byte; 32]))
    }

    fn sealed(plaintext: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal_onto(&mut out, &key(1), [2; 12], b"somewhere", plaintext).unwrap();
        out
    }

    /// Test case 13 of the GCM specification (AES-256): zero key, zero nonce, nothing to seal.
    #[test]
    fn seals_as_the_specification_says() {
        let mut out = Vec::new();
        seal_onto(&mut out, &key(0), [0; 12], b"", b"").unwrap();
        assert_eq!(u128::from_be_bytes(out.try_into().unwrap()), 0x530f_8afb_c745_36b9_a963_b4f1_c4cb_738b);
    }

    #[test]
    fn appends_to_what_is_there() {
        let mut out = b"header".to_vec();
        seal_onto(&mut out, &key(1), [2; 12], b"somewhere", b"secret").unwrap();
        assert_eq!(out, [b"header".as_slice(), &sealed(b"secret")].concat());
    }

    #[test]
    fn opens_with_the_same_key_nonce_and_associated_data_only() {
        let sealed = sealed(b"secret");
        let opened = |key, nonce, associated: &[u8]| open(&key, nonce, associated, &sealed);
        assert_eq!(opened(key(1), [2; 12], b"somewhere").unwrap().expose_secret(), b"secret");
        assert!(opened(key(2), [2; 12], b"somewhere").is_err());
        assert!(opened(key(1), [3; 12], b"somewhere").is_err());
        assert!(opened(key(1), [2; 12], b"elsewhere").is_err());
    }

    #[test]
    fn refuses_what_is_shorter_than_a_tag() {
        for length in 0..TAG_BYTES {
            assert!(open(&key(1), [2; 12], b"somewhere", &vec![0; length]).is_err());
        }
        assert_eq!(open(&key(1), [2; 12], b"somewhere", &sealed(b"")).unwrap().expose_secret(), b"");
    }
}
