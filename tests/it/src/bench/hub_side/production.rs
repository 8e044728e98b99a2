//! The hub as in production: three processes of each function on the Firestore emulator and a Cloud KMS stand-in.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kms_stand_in::{Door, KmsStandIn, VersionState};
use shared::{
    adapters::{
        cloud_kms::{CloudKms, CloudKmsLimits, CloudKmsSettings},
        firestore_store::{FirestoreLimits, FirestoreSettings, FirestoreStore},
        system::SystemEntropy,
    },
    domain::purpose::Purpose,
    ports::{clock::Clock, documents::Documents, keys::KeyWrap},
    testing::{cutting_proxy::CuttingProxy, firestore_emulator::FirestoreEmulator},
};
use tokio::net::TcpListener;

use super::{HubUnderTest, in_process::CLIENT_CERTIFICATE};
use crate::fleet::{
    Fleet, Function, Plan, Program, Settings, Size,
    rights::{Service, Services},
};

/// The database of a project that is called nothing else.
const DATABASE: &str = "(default)";

/// A fleet and what it stands on.
pub struct Production {
    /// The processes.
    pub fleet: Fleet,
    /// The key service.
    pub kms: KmsStandIn,
    /// The services' own ways to the key service, where each has its rights and no other.
    pub doors: BTreeMap<String, Door>,
    /// What stands between the processes and the emulator.
    pub emulator: CuttingProxy,
    project: String,
    documents: Arc<dyn Documents>,
    keys: Arc<dyn KeyWrap>,
}

impl Production {
    /// Starts a key service and the processes, on the emulator that all tests of this program share.
    pub async fn start(folder: &Path, listener: TcpListener, clock: &dyn Clock, size: Size) -> Self {
        Self::start_with(folder, listener, clock, size, &Services::new()).await
    }

    /// The same with each function's processes having the rights of the service of its name. Those services that are
    /// named otherwise are left to the test: [`Self::add_service`].
    pub async fn start_with(
        folder: &Path,
        listener: TcpListener,
        clock: &dyn Clock,
        size: Size,
        services: &Services,
    ) -> Self {
        let emulator = FirestoreEmulator::shared();
        let proxy = CuttingProxy::start(emulator.host()).await;
        let project = emulator.settings().project;
        let kms = KmsStandIn::start().await.unwrap();
        let pseudonym_key = folder.join("pseudonym-key");
        fs::write(&pseudonym_key, STANDARD.encode([7; 32])).unwrap();
        let settings = vec![
            ("HUB_PUBLIC_URL", format!("http://{}", listener.local_addr().unwrap())),
            ("HUB_STORE", format!("firestore://{project}/{DATABASE}")),
            ("FIRESTORE_EMULATOR_HOST", proxy.host().to_owned()),
            ("HUB_KMS", format!("kms:{}", kms.key_ring())),
            ("HUB_KMS_ENDPOINT", kms.url()),
            ("HUB_PSEUDONYMS", format!("file:{}", pseudonym_key.display())),
            ("HUB_BANKS", folder.join("banks").display().to_string()),
            ("HUB_TENANTS", folder.join("tenants").display().to_string()),
            ("HUB_CLIENT_CERTIFICATE_HEADER", CLIENT_CERTIFICATE.to_owned()),
            ("HUB_EGRESS_ADDRESS", "192.0.2.1".to_owned()),
            ("HUB_LOG", "debug".to_owned()),
        ];
        let mut doors = BTreeMap::new();
        for (name, service) in services {
            doors.insert(name.clone(), kms.door(service.rights.clone()).await.unwrap());
        }
        let own = Function::ALL
            .into_iter()
            .filter_map(|one| Some((one, own_settings(services.get(one.name())?, doors.get(one.name())?))))
            .collect();
        let plan = Plan { program: Program::ForTests, size, folder: folder.to_owned(), settings, own };
        let fleet = Fleet::start(plan, listener, clock.now()).await;
        let (documents, keys) = (own_store(&project, emulator.host()), own_keys(&kms).await);
        Self { fleet, kms, doors, emulator: proxy, project, documents, keys }
    }

    /// Starts a service that runs a program under another name, beside the front. Answers its process.
    pub async fn add_service(&self, name: &str, service: &Service) -> usize {
        self.fleet.add_beside(service.program, own_settings(service, &self.doors[name])).await
    }

    /// Makes the store forget everything.
    pub async fn wipe_the_store(&self) {
        let (host, project) = (FirestoreEmulator::shared().host(), &self.project);
        let everything = format!("http://{host}/emulator/v1/projects/{project}/databases/{DATABASE}/documents");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(client.delete(everything).send().await.unwrap().status().is_success());
    }
}

/// The settings of a service's processes, which reach the key service through its door.
fn own_settings(service: &Service, door: &Door) -> Settings {
    let reach = if service.banks { "banks" } else { "google" };
    vec![("HUB_KMS_ENDPOINT", door.url()), ("HUB_REACH", reach.to_owned())]
}

/// The test's own way to the store, which nothing cuts.
fn own_store(project: &str, emulator: &str) -> Arc<dyn Documents> {
    let settings = FirestoreSettings {
        project: project.to_owned(),
        database: DATABASE.to_owned(),
        emulator: Some(emulator.to_owned()),
        counters: None,
        limits: FirestoreLimits::default(),
    };
    Arc::new(FirestoreStore::answering_any_query(settings, Arc::new(SystemEntropy)))
}

async fn own_keys(kms: &KmsStandIn) -> Arc<dyn KeyWrap> {
    let settings = CloudKmsSettings {
        key_ring: kms.key_ring().to_owned(),
        endpoint: Some(kms.url()),
        limits: CloudKmsLimits::default(),
    };
    Arc::new(CloudKms::new(settings).await.unwrap())
}

#[async_trait]
impl HubUnderTest for Arc<Production> {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }

    fn keys(&self) -> Arc<dyn KeyWrap> {
        Arc::clone(&self.keys)
    }

    fn show_time(&self, now: Timestamp) {
        self.fleet.show_time(now);
    }

    async fn cut_keys_off(&self, cut: bool) {
        if cut {
            self.kms.stop().await;
        } else {
            self.kms.resume().await.unwrap();
        }
    }

    fn rotate_key(&self, purpose: Purpose) {
        self.kms.rotate(purpose.name()).unwrap();
    }

    fn destroy_key(&self, purpose: Purpose, version: &str) {
        let (_, number) = version.rsplit_once('/').unwrap_or(("", version));
        self.kms.set_state(purpose.name(), number.parse().unwrap(), VersionState::Destroyed).unwrap();
    }

    fn function_urls(&self) -> Vec<String> {
        let one = |function| self.fleet.of(function).first().map(|process| self.fleet.address(*process));
        Function::ALL.into_iter().filter_map(one).map(|address| format!("http://{address}")).collect()
    }

    fn process_logs(&self) -> String {
        self.fleet.logs()
    }

    /// The emulator keeps its documents to itself; the test reads them one by one.
    fn store_bytes_as_text(&self) -> String {
        String::new()
    }
}
