//! Opens the adapters that the settings name.

use std::sync::Arc;

use super::{StartError, waiting};
use crate::{
    adapters::{
        bank_client::BankClient,
        cloud_kms::{CloudKms, CloudKmsLimits, CloudKmsSettings},
        firestore_store::{FirestoreLimits, FirestoreSettings, FirestoreStore},
        jwks_client::{FetchLimits, JwksClient},
        local_keys::LocalKeyring,
        pseudonym_key_file,
        redb_store::RedbStore,
        system::SystemEntropy,
    },
    config::settings::{CloudKmsSetting, KeysSetting, Settings, StoreSetting},
    domain::pseudonym::PseudonymKey,
    ports::{
        bank_http::BankHttp,
        clock::Clock,
        documents::Documents,
        entropy::Entropy,
        key_sets::KeySets,
        keys::{KeyWrap, Signer},
    },
};

/// The adapters of one process.
pub struct Adapters {
    /// The store.
    pub documents: Arc<dyn Documents>,
    /// Key encryption keys.
    pub keys: Arc<dyn KeyWrap>,
    /// The signing key.
    pub signer: Arc<dyn Signer>,
    /// Calls banks.
    pub bank_http: Arc<dyn BankHttp>,
    /// Issuers' public keys.
    pub key_sets: Arc<dyn KeySets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The key of keyed hashes.
    pub pseudonyms: PseudonymKey,
}

impl Adapters {
    /// Opens what the settings name and waits until store and keys answer.
    pub(super) async fn open(
        settings: &Settings,
        banks: BankClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let documents = store(&settings.store, &entropy)?;
        let Keys { wrap, signer, pseudonyms } = keys(&settings.keys, &entropy).await?;
        waiting::until_ready(&*documents, &*wrap).await;
        Ok(Self {
            documents,
            keys: wrap,
            signer,
            pseudonyms,
            bank_http: Arc::new(banks),
            key_sets: Arc::new(JwksClient::new(Arc::clone(&clock), FetchLimits::default())?),
            clock,
            entropy,
        })
    }
}

fn store(setting: &StoreSetting, entropy: &Arc<dyn Entropy>) -> Result<Arc<dyn Documents>, StartError> {
    match setting {
        StoreSetting::Embedded(path) => Ok(Arc::new(RedbStore::open(path)?)),
        StoreSetting::Firestore(setting) => {
            let settings = FirestoreSettings {
                project: setting.project.clone(),
                database: setting.database.clone(),
                counters: setting.counters.clone(),
                emulator: setting.emulator.clone(),
                limits: FirestoreLimits::default(),
            };
            Ok(Arc::new(FirestoreStore::new(settings, Arc::clone(entropy))))
        }
    }
}

struct Keys {
    wrap: Arc<dyn KeyWrap>,
    signer: Arc<dyn Signer>,
    pseudonyms: PseudonymKey,
}

async fn keys(setting: &KeysSetting, entropy: &Arc<dyn Entropy>) -> Result<Keys, StartError> {
    match setting {
        KeysSetting::File(path) => {
            let keyring = Arc::new(LocalKeyring::open_or_create(path, Arc::clone(entropy))?);
            let pseudonyms = keyring.pseudonym_key().clone();
            Ok(Keys { wrap: Arc::clone(&keyring) as _, signer: keyring, pseudonyms })
        }
        KeysSetting::CloudKms(CloudKmsSetting { key_ring, endpoint, pseudonym_key }) => {
            let pseudonyms = pseudonym_key_file::read(pseudonym_key)?;
            let endpoint = endpoint.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
            let settings = CloudKmsSettings { key_ring: key_ring.clone(), endpoint, limits: CloudKmsLimits::default() };
            let kms = Arc::new(CloudKms::new(settings).await?);
            Ok(Keys { wrap: Arc::clone(&kms) as _, signer: kms, pseudonyms })
        }
    }
}
