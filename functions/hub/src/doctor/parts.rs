//! Opens what the settings name, with less patience than the functions have, and making nothing that is not there.

use std::{path::Path, sync::Arc, time::Duration};

use shared::{
    adapters::{
        cloud_kms::CloudKmsLimits,
        firestore_admin::{FirestoreAdmin, FirestoreAdminSettings},
        firestore_store::FirestoreLimits,
        local_keys::LocalKeyring,
    },
    config::settings::{FirestoreSetting, KeysSetting, StoreSetting},
    ports::{
        documents::Documents,
        entropy::Entropy,
        key_inspection::KeyInspection,
        keys::{KeyWrap, Signer},
        store_setup::StoreSetup,
    },
    wiring::{open_cloud_kms, open_store},
};

use crate::failure::one_line;

/// What is left for the words after the last attempt.
const TOTAL: Duration = Duration::from_secs(4);

/// Why something is not opened.
pub type Unopened = String;

/// The store.
pub fn store(setting: &StoreSetting, entropy: &Arc<dyn Entropy>) -> Result<Arc<dyn Documents>, Unopened> {
    if let StoreSetting::Embedded(path) = setting {
        exists(path)?;
    }
    let limits = FirestoreLimits { call: Duration::from_secs(3), operation: TOTAL, ..FirestoreLimits::default() };
    open_store(setting, limits, entropy).map_err(|error| one_line(&error))
}

/// The second database, if there is one.
pub fn counters(setting: &StoreSetting) -> Option<&str> {
    match setting {
        StoreSetting::Firestore(FirestoreSetting { database, counters, .. }) => {
            counters.as_deref().filter(|counters| *counters != database)
        }
        StoreSetting::Embedded(_) => None,
    }
}

/// The first database's name.
pub fn database(setting: &StoreSetting) -> &str {
    match setting {
        StoreSetting::Firestore(setting) => &setting.database,
        StoreSetting::Embedded(_) => "embedded",
    }
}

/// Who tells how the store was set up.
pub fn setup(setting: &StoreSetting) -> Result<Arc<dyn StoreSetup>, Unopened> {
    let StoreSetting::Firestore(FirestoreSetting { project, database, emulator, .. }) = setting else {
        return Err("the embedded store needs neither indexes nor expiry".to_owned());
    };
    if emulator.is_some() {
        return Err("an emulator does not say".to_owned());
    }
    let counters = counters(setting).map(str::to_owned);
    let settings = FirestoreAdminSettings { project: project.clone(), database: database.clone(), counters };
    let admin = FirestoreAdmin::new(settings).map_err(|error| one_line(&error))?;
    Ok(Arc::new(admin))
}

/// The keys.
#[derive(Clone)]
pub struct Keys {
    /// Those that wrap.
    pub wrap: Arc<dyn KeyWrap>,
    /// The one that signs.
    pub signer: Arc<dyn Signer>,
    /// Tells of them; nobody does of keys in a file, which know no rights either.
    pub inspection: Option<Arc<dyn KeyInspection>>,
}

/// The keys.
pub async fn keys(setting: &KeysSetting, entropy: &Arc<dyn Entropy>) -> Result<Keys, Unopened> {
    match setting {
        KeysSetting::File(path) => {
            exists(path)?;
            let keyring = LocalKeyring::open_or_create(path, Arc::clone(entropy)).map_err(|error| one_line(&error))?;
            let keyring = Arc::new(keyring);
            Ok(Keys { wrap: Arc::clone(&keyring) as _, signer: keyring, inspection: None })
        }
        KeysSetting::CloudKms(setting) => {
            let limits = CloudKmsLimits { total: TOTAL, ..CloudKmsLimits::default() };
            let kms = Arc::new(open_cloud_kms(setting, limits).await.map_err(|error| one_line(&error))?);
            Ok(Keys { wrap: Arc::clone(&kms) as _, signer: Arc::clone(&kms) as _, inspection: Some(kms) })
        }
    }
}

fn exists(path: &Path) -> Result<(), Unopened> {
    if path.is_file() {
        Ok(())
    } else {
        Err(format!("there is no file {}; the hub makes it when it starts", path.display()))
    }
}
