//! The hub's public keys: the enabled versions of the key `signing`, newest first.

use std::sync::Arc;

use google_cloud_kms_v1::model::{
    CryptoKeyVersion,
    crypto_key_version::{
        CryptoKeyVersionAlgorithm::{
            self, EcSignP256Sha256, RsaSignPss2048Sha256, RsaSignPss3072Sha256, RsaSignPss4096Sha256,
        },
        CryptoKeyVersionState,
    },
};
use tokio::time::timeout;

use super::{
    CloudKms,
    call::{CallFault, retried},
    names::KeyName,
    signature::numbers_from_pem,
    wrapping::checksum,
};
use crate::{ports::keys::PublicKey, protocol::jwk::named_by_thumbprint};

/// At most so many versions are published: the newest.
const MOST_PUBLISHED: usize = 10;

/// At most so many pages of versions are read, of 100 each.
const MOST_PAGES: usize = 20;

/// A version that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublishedKey {
    /// Its whole name.
    pub(super) version: String,
    /// Its public half.
    pub(super) public: PublicKey,
}

impl CloudKms {
    /// The keys that are published, from memory if that is fresh enough. There is at least one.
    pub(super) async fn published(&self) -> Result<Arc<Vec<PublishedKey>>, CallFault> {
        self.public_keys.get(self.ask_for_public_keys()).await
    }

    /// Asks for them, within the time of one call.
    async fn ask_for_public_keys(&self) -> Result<Vec<PublishedKey>, CallFault> {
        let asking = async {
            let mut published = Vec::new();
            for version in self.signing_versions().await? {
                match self.public_key(&version).await {
                    Ok(public) => published.push(PublishedKey { version, public }),
                    // Disabled or destroyed since it was listed.
                    Err(CallFault::Unusable | CallFault::Missing) => {}
                    Err(fault) => return Err(fault),
                }
            }
            if published.is_empty() { Err(CallFault::Missing) } else { Ok(published) }
        };
        timeout(self.limits.total, asking).await.unwrap_or(Err(CallFault::TimedOut))
    }

    /// The names of the newest versions that can sign for us, newest first.
    async fn signing_versions(&self) -> Result<Vec<String>, CallFault> {
        let key = self.ring.signing();
        let mut usable = Vec::new();
        let mut token = String::new();
        for _ in 0..MOST_PAGES {
            let (versions, next) = self.page_of_versions(&key, &token).await?;
            usable.extend(versions.into_iter().filter(can_sign).map(|version| version.name));
            token = next;
            if token.is_empty() {
                return newest(&key, usable);
            }
        }
        Err(CallFault::Misshapen)
    }

    async fn page_of_versions(&self, key: &KeyName, token: &str) -> Result<(Vec<CryptoKeyVersion>, String), CallFault> {
        let attempt = || async {
            let request = self
                .client
                .list_crypto_key_versions()
                .set_parent(key.as_str())
                .set_filter("state=ENABLED")
                .set_page_size(100)
                .set_page_token(token);
            let answer = request.send().await?;
            Ok((answer.crypto_key_versions, answer.next_page_token))
        };
        retried(&self.limits, attempt).await
    }

    /// A version's public key, under the name that JOSE headers give it.
    async fn public_key(&self, version: &str) -> Result<PublicKey, CallFault> {
        let attempt = || async {
            let answer = self.client.get_public_key().set_name(version).send().await?;
            if answer.name != version {
                return Err(CallFault::OtherKey);
            }
            if answer.pem_crc32c != Some(checksum(answer.pem.as_bytes())) {
                return Err(CallFault::Corrupted);
            }
            numbers_from_pem(&answer.pem).map(named_by_thumbprint).ok_or(CallFault::Misshapen)
        };
        retried(&self.limits, attempt).await
    }
}

/// The names by their numbers, largest first. A name of another key is refused.
fn newest(key: &KeyName, names: Vec<String>) -> Result<Vec<String>, CallFault> {
    let numbered = names.into_iter().map(|name| Some((key.version_number(&name)?, name)));
    let mut numbered = numbered.collect::<Option<Vec<_>>>().ok_or(CallFault::OtherKey)?;
    numbered.sort_unstable_by(|one, other| other.cmp(one));
    numbered.truncate(MOST_PUBLISHED);
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

/// Whether the version is in use, for an algorithm that the hub signs with.
fn can_sign(version: &CryptoKeyVersion) -> bool {
    version.state == CryptoKeyVersionState::Enabled && is_ours(&version.algorithm)
}

const fn is_ours(algorithm: &CryptoKeyVersionAlgorithm) -> bool {
    matches!(algorithm, EcSignP256Sha256 | RsaSignPss2048Sha256 | RsaSignPss3072Sha256 | RsaSignPss4096Sha256)
}
