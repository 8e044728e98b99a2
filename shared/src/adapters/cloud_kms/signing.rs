//! Signing with an asymmetric key. Cloud KMS gets the hash of what is signed, never the message.

use bytes::Bytes;
use google_cloud_kms_v1::model::{AsymmetricSignResponse, Digest};

use super::{
    CloudKms,
    call::{CallFault, retried},
    public_keys::PublishedKey,
    signature::jose_form,
    wrapping::checksum,
};
use crate::{domain::code_hash::sha256, ports::keys::KeyError};

impl CloudKms {
    /// The signature over the message by that key, in JOSE form.
    pub(super) async fn sign_with(&self, key: &PublishedKey, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let digest = Bytes::copy_from_slice(&sha256(message));
        let attempt = || async {
            let request = self
                .client
                .asymmetric_sign()
                .set_name(&key.version)
                .set_digest(Digest::new().set_sha256(digest.clone()))
                .set_digest_crc32c(checksum(&digest));
            signature(key, &request.send().await?)
        };
        let outcome = retried(&self.limits, attempt).await;
        if let Err(CallFault::Missing | CallFault::Unusable) = outcome {
            // It is no longer one to publish.
            self.public_keys.forget().await;
        }
        Ok(outcome?)
    }
}

/// The answer to a signing, if it is from this version and intact.
fn signature(key: &PublishedKey, answer: &AsymmetricSignResponse) -> Result<Vec<u8>, CallFault> {
    if answer.name != key.version {
        return Err(CallFault::OtherKey);
    }
    if !answer.verified_digest_crc32c || answer.signature_crc32c != Some(checksum(&answer.signature)) {
        return Err(CallFault::Corrupted);
    }
    jose_form(&key.public.numbers, &answer.signature).ok_or(CallFault::Misshapen)
}
