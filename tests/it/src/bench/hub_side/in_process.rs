//! The hub in the test's own process: the embedded store, keys in memory.

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use shared::{
    adapters::{
        bank_client::{BankClient, PoolSettings},
        identity_files::{IdentityFiles, LOOK_EVERY},
        jwks_client::JwksClient,
        local_keys::LocalKeyring,
        redb_store::RedbStore,
        seals::OpenSeals,
        system::SystemEntropy,
        web_client::WebLimits,
        webhook_client::WebhookClient,
    },
    config::{
        bank_document::read_banks,
        environment::Environment,
        settings::{KeysSetting, Settings, StoreSetting},
        tenant_document::read_tenants,
    },
    domain::{pseudonym::PseudonymKey, purpose::Purpose, reach::Reach, secret::Secret32},
    flows::deps::Deps,
    http::server,
    ports::{
        documents::{Collection, Documents},
        keys::KeyWrap,
    },
    testing::{
        clock::ManualClock,
        memory_keys::{Calls, MemoryKeys},
    },
    wiring::{Adapters, Hub},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    super::own_routes,
    HubUnderTest,
    counting::{CountingStore, Counts, HeldRead},
};

/// Where the load balancer would tell the fingerprint of the CRM's certificate.
pub const CLIENT_CERTIFICATE: &str = "x-client-cert-fingerprint";

/// The store's file.
const FILE: &str = "hub.redb";

/// A hub in the test's own process.
pub struct InProcess {
    documents: Arc<dyn Documents>,
    counting: Arc<CountingStore>,
    keys: Arc<MemoryKeys>,
    file: PathBuf,
    deps: Arc<Deps>,
    /// Where its documents lie.
    folder: PathBuf,
    /// What it is called from outside, and who its callers' tokens are for.
    public_url: String,
    clock: Arc<ManualClock>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl InProcess {
    /// What the hub, and not the test, has asked of the store so far.
    pub fn counts(&self) -> Counts {
        self.counting.counts()
    }

    /// What the hub has asked of the record of the banks' circuits so far.
    pub fn circuit_counts(&self) -> Counts {
        self.counting.circuit_counts()
    }

    /// What was asked of the shares of the banks' budgets, which [`Self::counts`] has too.
    pub fn share_counts(&self) -> Counts {
        self.counting.share_counts()
    }

    /// Lets the hub's next reads of the collection pass, so many of them, and holds the one after.
    pub async fn hold_read(&self, collection: Collection, passing: usize) -> HeldRead {
        self.counting.hold(collection, passing).await
    }

    /// What was asked of the key service so far.
    pub fn key_calls(&self) -> Calls {
        self.keys.calls()
    }

    /// What the hub's flows are made of, for a test that calls one of them as a job would.
    pub const fn deps(&self) -> &Arc<Deps> {
        &self.deps
    }

    /// The folder in which the banks' and tenants' documents lie. An instance reads them when it starts.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of another instance of the same hub, which has just started and knows nothing yet, and that instance.
    pub async fn another(&self) -> (String, Self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (documents, keys) = (Arc::clone(&self.documents), Arc::clone(&self.keys));
        (url, Self::of(&self.folder, &self.public_url, listener, &self.clock, documents, keys))
    }

    /// Asks it to end, as the platform does, and waits until it has.
    pub async fn end(self) {
        drop(self.stop);
        self.served.await.unwrap().unwrap();
    }

    pub(in super::super) fn start(folder: &Path, listener: TcpListener, clock: &Arc<ManualClock>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let documents = Arc::new(RedbStore::open(&folder.join(FILE)).unwrap());
        Self::of(folder, &url, listener, clock, documents, Arc::default())
    }

    fn of(
        folder: &Path,
        public_url: &str,
        listener: TcpListener,
        clock: &Arc<ManualClock>,
        documents: Arc<dyn Documents>,
        keys: Arc<MemoryKeys>,
    ) -> Self {
        let counting = Arc::new(CountingStore::over(Arc::clone(&documents)));
        let hub = hub(folder, public_url, Arc::clone(clock), Arc::clone(&counting) as _, Arc::clone(&keys));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = hub.router(own_routes());
        let served = tokio::spawn(server::serve(listener, router, hub.work(), async { drop(stopped.await) }));
        Self {
            documents,
            counting,
            keys,
            file: folder.join(FILE),
            deps: Arc::clone(&hub.app().deps),
            folder: folder.to_owned(),
            public_url: public_url.to_owned(),
            clock: Arc::clone(clock),
            stop,
            served,
        }
    }
}

#[async_trait]
impl HubUnderTest for Arc<InProcess> {
    fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }

    fn keys(&self) -> Arc<dyn KeyWrap> {
        Arc::clone(&self.keys) as _
    }

    /// It has the test's own clock.
    fn show_time(&self, _: Timestamp) {}

    async fn cut_keys_off(&self, cut: bool) {
        self.keys.cut_off(cut);
    }

    fn rotate_key(&self, purpose: Purpose) {
        self.keys.rotate(purpose);
    }

    fn destroy_key(&self, purpose: Purpose, version: &str) {
        self.keys.destroy(purpose, version);
    }

    fn function_urls(&self) -> Vec<String> {
        Vec::new()
    }

    fn process_logs(&self) -> String {
        String::new()
    }

    fn store_bytes_as_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.file).unwrap()).into_owned()
    }
}

fn hub(folder: &Path, url: &str, clock: Arc<ManualClock>, documents: Arc<dyn Documents>, keys: Arc<MemoryKeys>) -> Hub {
    let settings = Settings {
        port: 0,
        listen: Ipv4Addr::LOCALHOST.into(),
        public_url: format!("{url}/").parse().unwrap(),
        audience: url.to_owned(),
        store: StoreSetting::Embedded(folder.join("unused")),
        keys: KeysSetting::File(folder.join("unused")),
        banks: folder.join("banks"),
        environment: Environment::Live,
        tenants: folder.join("tenants"),
        egress_address: "192.0.2.1".parse().unwrap(),
        client_certificate_header: Some(CLIENT_CERTIFICATE.parse().unwrap()),
        reach: Reach::Banks,
        project: None,
        otlp_endpoint: None,
    };
    let entropy = Arc::new(SystemEntropy);
    let signer = LocalKeyring::open_or_create(&folder.join("keys"), Arc::clone(&entropy) as _);
    let key_sets = JwksClient::new(Arc::clone(&clock) as _, WebLimits::default()).unwrap();
    let identities = Arc::new(IdentityFiles::new(Arc::clone(&clock) as _, LOOK_EVERY));
    let client = BankClient::new(PoolSettings::default(), Arc::clone(&identities) as _, Arc::clone(&clock) as _);
    let adapters = Adapters {
        documents,
        keys,
        signer: Arc::new(signer.unwrap()),
        bank_http: Arc::new(client),
        webhooks: Arc::new(WebhookClient::new(WebLimits::default()).unwrap()),
        seals: Arc::new(OpenSeals::new(Arc::clone(&identities), None, Arc::clone(&clock) as _)),
        identities,
        key_sets: Arc::new(key_sets),
        clock,
        entropy,
        pseudonyms: PseudonymKey::new(Secret32::new(Box::new([7; 32]))),
    };
    let banks = read_banks(&settings.banks, settings.environment).unwrap();
    let tenants = read_tenants(&settings.tenants).unwrap();
    Hub::of(&settings, banks, tenants, adapters).unwrap()
}
