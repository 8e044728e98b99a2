//! Wrapping and unwrapping data keys, with checksums in both directions: Cloud KMS checks what reached it, we check what
//! came back.

use bytes::Bytes;
use google_cloud_kms_v1::model::{DecryptResponse, EncryptResponse};
use zeroize::{Zeroize, Zeroizing};

use super::{
    CloudKms,
    call::{CallFault, retried},
    names::KeyName,
};
use crate::{
    domain::{
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
    },
    ports::keys::{KeyError, WrappedKey},
};

impl CloudKms {
    /// Wraps under the primary version of the purpose's key.
    pub(super) async fn encrypt(
        &self,
        purpose: Purpose,
        key: &Secret32,
        associated: &[u8],
    ) -> Result<WrappedKey, CallFault> {
        let name = self.ring.kek(purpose);
        // All attempts share one buffer, which is wiped after the last.
        let plaintext = Bytes::from_owner(Zeroizing::new(key.expose_secret().to_vec()));
        let associated = Bytes::copy_from_slice(associated);
        let attempt = || async {
            let request = self
                .client
                .encrypt()
                .set_name(name.as_str())
                .set_plaintext(plaintext.clone())
                .set_plaintext_crc32c(checksum(&plaintext))
                .set_additional_authenticated_data(associated.clone())
                .set_additional_authenticated_data_crc32c(checksum(&associated));
            wrapped(&name, request.send().await?)
        };
        retried(&self.limits, attempt).await
    }

    /// Unwraps with the version that the wrapped bytes name.
    pub(super) async fn decrypt(
        &self,
        purpose: Purpose,
        wrapped: &WrappedKey,
        associated: &[u8],
    ) -> Result<Secret32, KeyError> {
        let name = self.ring.kek(purpose);
        // Another ring's key, or another purpose's: this one cannot open it, so nobody is asked.
        name.version_number(&wrapped.version).ok_or(KeyError::VersionUnavailable)?;
        let ciphertext = Bytes::copy_from_slice(&wrapped.bytes);
        let associated = Bytes::copy_from_slice(associated);
        let attempt = || async {
            let request = self
                .client
                .decrypt()
                .set_name(name.as_str())
                .set_ciphertext(ciphertext.clone())
                .set_ciphertext_crc32c(checksum(&ciphertext))
                .set_additional_authenticated_data(associated.clone())
                .set_additional_authenticated_data_crc32c(checksum(&associated));
            unwrapped(request.send().await?)
        };
        match retried(&self.limits, attempt).await {
            Ok(key) => key.ok_or(KeyError::Rejected),
            Err(CallFault::Invalid) => Err(KeyError::Rejected),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// The answer to a wrapping, if it is for this key and intact.
fn wrapped(key: &KeyName, answer: EncryptResponse) -> Result<WrappedKey, CallFault> {
    key.version_number(&answer.name).ok_or(CallFault::OtherKey)?;
    let verified = answer.verified_plaintext_crc32c && answer.verified_additional_authenticated_data_crc32c;
    if !verified || answer.ciphertext_crc32c != Some(checksum(&answer.ciphertext)) {
        return Err(CallFault::Corrupted);
    }
    Ok(WrappedKey { version: answer.name, bytes: answer.ciphertext.into() })
}

/// The answer to an unwrapping, if it is intact: nothing if it is no data key.
fn unwrapped(answer: DecryptResponse) -> Result<Option<Secret32>, CallFault> {
    let plaintext = Wiping(answer.plaintext);
    if answer.plaintext_crc32c != Some(checksum(&plaintext.0)) {
        return Err(CallFault::Corrupted);
    }
    let key: Option<&[u8; 32]> = plaintext.0.as_ref().try_into().ok();
    Ok(key.map(|key| Secret32::init_with_mut(|copy| copy.copy_from_slice(key))))
}

/// CRC32C (RFC 3720 §B.4) as Cloud KMS has it.
pub(super) fn checksum(data: &[u8]) -> i64 {
    crc32c::crc32c(data).into()
}

/// Bytes of an answer that are wiped on drop. The answer's text, which they were decoded from, belongs to the client and
/// is not.
struct Wiping(Bytes);

impl Drop for Wiping {
    fn drop(&mut self) {
        // Nobody else has them, so this does not fail.
        if let Ok(mut bytes) = std::mem::take(&mut self.0).try_into_mut() {
            bytes.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(key: &[u8]) -> DecryptResponse {
        DecryptResponse::new().set_plaintext(key.to_vec()).set_plaintext_crc32c(checksum(key))
    }

    #[test]
    fn takes_an_intact_data_key_only() {
        let key = unwrapped(answer(&[7; 32])).unwrap().unwrap();
        assert_eq!(*key.expose_secret(), [7; 32]);
        assert!(unwrapped(answer(&[7; 31])).unwrap().is_none());
        let corrupted = answer(&[7; 32]).set_plaintext(vec![6; 32]);
        assert_eq!(unwrapped(corrupted).unwrap_err(), CallFault::Corrupted);
        let unchecked = answer(&[7; 32]).set_or_clear_plaintext_crc32c(None::<i64>);
        assert_eq!(unwrapped(unchecked).unwrap_err(), CallFault::Corrupted);
    }

    /// RFC 3720 §B.4: 32 bytes of zeroes, of ones, and rising.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(checksum(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }
}
