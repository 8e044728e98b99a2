//! Opens the adapters that the settings name.

use std::sync::Arc;

use super::{StartError, waiting};
use crate::{
    adapters::{
        bank_client::BankClient,
        cloud_kms::{CloudKms, CloudKmsLimits, CloudKmsSealKeys, CloudKmsSettings, CloudKmsSetupError},
        firestore_store::{FirestoreLimits, FirestoreSettings, FirestoreStore},
        identity_files::IdentityFiles,
        jwks_client::JwksClient,
        local_keys::LocalKeyring,
        pseudonym_key_file,
        redb_store::RedbStore,
        seals::OpenSeals,
        system::SystemEntropy,
        web_client::WebLimits,
        webhook_client::WebhookClient,
    },
    config::settings::{CloudKmsSetting, KeysSetting, Settings, StoreSetting},
    domain::{
        bank::{Bank, SealKey},
        pseudonym::PseudonymKey,
        tenant::Tenant,
    },
    ports::{
        bank_http::BankHttp,
        clock::Clock,
        documents::Documents,
        entropy::Entropy,
        identities::Identities,
        key_sets::KeySets,
        keys::{KeyWrap, Signer},
        seals::Seals,
        webhooks::Webhooks,
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
    /// Who we are to banks.
    pub identities: Arc<dyn Identities>,
    /// Signs requests to banks.
    pub seals: Arc<dyn Seals>,
    /// Calls banks.
    pub bank_http: Arc<dyn BankHttp>,
    /// Brings events to CRMs.
    pub webhooks: Arc<dyn Webhooks>,
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
        banks: &[Bank],
        tenants: &[Tenant],
        client: BankClient,
        identities: Arc<IdentityFiles>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let documents = open_store(&settings.store, FirestoreLimits::default(), &entropy)?;
        let Keys { wrap, signer, pseudonyms } = keys(&settings.keys, &entropy).await?;
        let seals = open_seals(settings, banks, Arc::clone(&identities), Arc::clone(&clock)).await?;
        let whose = tenants.iter().map(|tenant| (tenant.jwks_url.clone(), tenant.id.clone()));
        waiting::until_ready(&*documents, &*wrap).await;
        Ok(Self {
            documents,
            keys: wrap,
            signer,
            pseudonyms,
            identities,
            seals: Arc::new(seals),
            bank_http: Arc::new(client),
            webhooks: Arc::new(WebhookClient::new(WebLimits::default())?),
            key_sets: Arc::new(JwksClient::new(Arc::clone(&clock), WebLimits::default())?.of_tenants(whose)),
            clock,
            entropy,
        })
    }
}

/// The store that the settings name. A file is made if it is not there; nothing is asked of Firestore yet.
pub fn open_store(
    setting: &StoreSetting,
    limits: FirestoreLimits,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<dyn Documents>, StartError> {
    match setting {
        StoreSetting::Embedded(path) => Ok(Arc::new(RedbStore::open(path)?)),
        StoreSetting::Firestore(setting) => {
            let settings = FirestoreSettings {
                project: setting.project.clone(),
                database: setting.database.clone(),
                counters: setting.counters.clone(),
                emulator: setting.emulator.clone(),
                limits,
            };
            Ok(Arc::new(FirestoreStore::new(settings, Arc::clone(entropy))))
        }
    }
}

/// The client for seals' keys in Cloud KMS, if a bank's document names such a key. It calls where the hub's own keys are.
async fn seal_keys(settings: &Settings, banks: &[Bank]) -> Result<Option<Arc<CloudKmsSealKeys>>, StartError> {
    let is_there = |bank: &Bank| matches!(&bank.seal, Some(seal) if matches!(seal.key, SealKey::CloudKms { .. }));
    if !banks.iter().any(is_there) {
        return Ok(None);
    }
    let endpoint = match &settings.keys {
        KeysSetting::CloudKms(setting) => endpoint(setting),
        KeysSetting::File(_) => None,
    };
    let keys = CloudKmsSealKeys::new(endpoint.as_deref(), CloudKmsLimits::default()).await?;
    Ok(Some(Arc::new(keys)))
}

/// Another address of Cloud KMS than Google's own, if there is one.
fn endpoint(setting: &CloudKmsSetting) -> Option<String> {
    setting.endpoint.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
}

/// The keys in Cloud KMS that the settings name. Nothing is asked of it yet.
pub async fn open_cloud_kms(setting: &CloudKmsSetting, limits: CloudKmsLimits) -> Result<CloudKms, CloudKmsSetupError> {
    let (key_ring, endpoint) = (setting.key_ring.clone(), endpoint(setting));
    CloudKms::new(CloudKmsSettings { key_ring, endpoint, limits }).await
}

/// Signs for banks with the seals of these files, and with those in Cloud KMS. Nothing is read or asked yet.
pub async fn open_seals(
    settings: &Settings,
    banks: &[Bank],
    files: Arc<IdentityFiles>,
    clock: Arc<dyn Clock>,
) -> Result<OpenSeals, StartError> {
    Ok(OpenSeals::new(files, seal_keys(settings, banks).await?, clock))
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
        KeysSetting::CloudKms(setting) => {
            let pseudonyms = pseudonym_key_file::read(&setting.pseudonym_key)?;
            let kms = Arc::new(open_cloud_kms(setting, CloudKmsLimits::default()).await?);
            Ok(Keys { wrap: Arc::clone(&kms) as _, signer: kms, pseudonyms })
        }
    }
}
