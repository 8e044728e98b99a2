//! A whole hub on a free port, a sandbox bank beside it, and two tenants with keys of their own.

pub mod browser;
pub mod crm;
pub mod documents;
pub mod hub_side;
pub mod issuer;

use std::{collections::BTreeMap, fs, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use sandbox_bank::{JournalEntry, SandboxBank};
use serde_json::{Value, json};
use shared::{
    adapters::system::{SystemClock, SystemEntropy},
    domain::{
        grant::Grant,
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
        session::Session,
    },
    flows::vault::{DekCache, Vault},
    http::{route::Route, standing::standing_routes},
    ports::{
        clock::Clock,
        documents::{Collection, Documents, Query},
    },
    testing::clock::ManualClock,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

#[cfg(feature = "emulator")]
use self::hub_side::production::Production;
use self::{
    crm::{Answer, Crm},
    hub_side::{HubUnderTest, in_process::InProcess},
    issuer::Issuers,
};
#[cfg(feature = "emulator")]
use crate::fleet::{Size, rights::Services};

/// The CRM's registered return URL. Nobody listens there: tests look at where the browser is sent.
pub const RETURN_URL: &str = "https://crm.example/back";

/// How long anything that comes true by itself may take. Nothing waits for so long in order to pass.
const PATIENCE: Duration = Duration::from_mins(1);

/// A hub, a bank, two tenants.
pub struct Bench {
    pub bank: SandboxBank,
    pub clock: Arc<ManualClock>,
    pub url: String,
    hub: Box<dyn HubUnderTest>,
    issuers: Issuers,
    http: Client,
    _folder: TempDir,
}

/// Every route of the four functions and those that every function has.
pub fn all_routes() -> Vec<Route> {
    [own_routes(), standing_routes()].concat()
}

fn own_routes() -> Vec<Route> {
    [authorize_redirect::routes(), callback::routes(), token_refresh::routes(), account_proxy::routes()].concat()
}

impl Bench {
    pub async fn start() -> Self {
        Self::with_limits("").await
    }

    /// A bench whose banks' documents have these further lines.
    pub async fn with_limits(further: &str) -> Self {
        Self::with(sandbox_bank::Rotation::Family, further).await
    }

    /// A bench whose bank rotates refresh tokens so, and says so in its document.
    pub async fn with_rotation(rotation: sandbox_bank::Rotation) -> Self {
        Self::with(rotation, "").await
    }

    /// A bench where these tenants' documents end with further lines.
    pub async fn with_tenants(tenants: &[(&str, String)]) -> Self {
        Self::with_documents("", tenants).await
    }

    /// A bench whose banks' documents and some of whose tenants' end with further lines.
    pub async fn with_documents(banks: &str, tenants: &[(&str, String)]) -> Self {
        let (around, listener) = Surroundings::start(sandbox_bank::Rotation::Family, banks).await;
        around.add_lines(tenants);
        let hub = hub_side::start(around.folder.path(), listener, &around.clock).await;
        Self::of(around, hub)
    }

    /// A bench whose hub is a fleet that the test has in its hand; its banks' documents have these further lines.
    #[cfg(feature = "emulator")]
    pub async fn on_a_fleet(rotation: sandbox_bank::Rotation, further: &str, size: Size) -> (Self, Arc<Production>) {
        let (around, listener) = Surroundings::start(rotation, further).await;
        let hub = Arc::new(Production::start(around.folder.path(), listener, &*around.clock, size).await);
        (Self::of(around, Box::new(Arc::clone(&hub))), hub)
    }

    /// A bench on a fleet of one process of each function, which has the rights of the service of its name; some tenants'
    /// documents end with further lines.
    #[cfg(feature = "emulator")]
    pub async fn on_a_fleet_with_rights(services: &Services, tenants: &[(&str, String)]) -> (Self, Arc<Production>) {
        let (around, listener) = Surroundings::start(sandbox_bank::Rotation::Grace, "").await;
        around.add_lines(tenants);
        let (folder, size) = (around.folder.path(), Size::of_each(1));
        let hub = Arc::new(Production::start_with(folder, listener, &*around.clock, size, services).await);
        (Self::of(around, Box::new(Arc::clone(&hub))), hub)
    }

    /// A bench whose hub runs in the test's own process, whatever the environment asks for: for tests that count.
    pub async fn in_one_process() -> (Self, Arc<InProcess>) {
        Self::in_one_process_with("").await
    }

    /// The same, with banks whose documents have these further lines.
    pub async fn in_one_process_with(further: &str) -> (Self, Arc<InProcess>) {
        let (around, listener) = Surroundings::start(sandbox_bank::Rotation::Family, further).await;
        let hub = Arc::new(InProcess::start(around.folder.path(), listener, &around.clock));
        (Self::of(around, Box::new(Arc::clone(&hub))), hub)
    }

    /// The same without the hub in hand: for what one instance does by what it has seen itself, however other tests run.
    pub async fn alone_with(further: &str) -> Self {
        Self::in_one_process_with(further).await.0
    }

    /// The same, where these tenants' documents end with further lines.
    pub async fn alone_with_tenants(further: &str, tenants: &[(&str, String)]) -> Self {
        let (around, listener) = Surroundings::start(sandbox_bank::Rotation::Family, further).await;
        for (tenant, lines) in tenants {
            Issuers::add_lines(&around.folder.path().join("tenants"), tenant, lines);
        }
        let hub = InProcess::start(around.folder.path(), listener, &around.clock);
        Self::of(around, Box::new(Arc::new(hub)))
    }

    async fn with(rotation: sandbox_bank::Rotation, further: &str) -> Self {
        let (around, listener) = Surroundings::start(rotation, further).await;
        let hub = hub_side::start(around.folder.path(), listener, &around.clock).await;
        Self::of(around, hub)
    }

    fn of(around: Surroundings, hub: Box<dyn HubUnderTest>) -> Self {
        let Surroundings { bank, clock, url, issuers, folder } = around;
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { bank, clock, url, hub, issuers, http, _folder: folder }
    }

    /// The CRM of the tenant `acme`.
    pub fn crm(&self) -> Crm<'_> {
        Crm::of(self, "acme")
    }

    /// The CRM of the tenant `other`.
    pub fn other_crm(&self) -> Crm<'_> {
        Crm::of(self, "other")
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.hub.show_time(self.clock.now());
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A call to the bank's control port.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.bank.control_url())).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        response.json().await.unwrap_or(Value::Null)
    }

    /// Decides the next authentication at the bank.
    pub async fn decide(&self, decision: &str) {
        self.control("POST", "/sca", json!({"decision": decision, "customer": "anna-schmidt"})).await;
    }

    /// A newer consent of a customer no longer ends the older ones.
    pub async fn allow_several_consents(&self) {
        self.control("POST", "/policy", json!({"several_consents": true})).await;
    }

    /// Makes the bank misbehave.
    pub async fn fault(&self, operation: &str, fault: Value, times: u32) {
        self.control("POST", "/faults", json!({"operation": operation, "fault": fault, "times": times})).await;
    }

    /// How often the tenant's key set was read by the hub so far.
    pub fn key_set_reads(&self, tenant: &str) -> u64 {
        self.issuers.reads(tenant)
    }

    /// What reached the bank under that operation's name.
    pub fn reached(&self, operation: &str) -> Vec<JournalEntry> {
        let named = |entry: &JournalEntry| serde_json::to_value(entry).unwrap()["operation"] == operation;
        self.bank.journal().into_iter().filter(named).collect()
    }

    /// Where each function is: the hub's address, where one process serves them all.
    pub fn function_urls(&self) -> Vec<String> {
        let urls = self.hub.function_urls();
        if urls.is_empty() { vec![self.url.clone()] } else { urls }
    }

    /// The hub's store.
    pub fn documents(&self) -> &Arc<dyn Documents> {
        self.hub.documents()
    }

    /// Takes the key service away, or gives it back.
    pub async fn cut_keys_off(&self, cut: bool) {
        self.hub.cut_keys_off(cut).await;
    }

    /// Asks there until the answer is as wanted: for what becomes true by itself, in a moment.
    pub async fn comes_to(&self, path: &str, mut is_wanted: impl FnMut(&Answer) -> bool) -> Answer {
        let patience_ends = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.crm().bare(Method::GET, path, &[]).await;
            if is_wanted(&answer) {
                return answer;
            }
            assert!(tokio::time::Instant::now() < patience_ends, "{path} still answers {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes a new version of a purpose's key. Answers the name of the one before it.
    pub async fn rotate_key(&self, purpose: Purpose) -> String {
        let key = Secret32::new(Box::new([1; 32]));
        let old = self.hub.keys().wrap(purpose, &key, b"only to learn the version").await.unwrap().version;
        self.hub.rotate_key(purpose);
        old
    }

    /// Destroys a version of a purpose's key. What an instance unwrapped with it before it may remember for a while.
    pub fn destroy_key(&self, purpose: Purpose, version: &str) {
        self.hub.destroy_key(purpose, version);
    }

    /// What the hub's processes have written to their logs; nothing where the hub runs in the test's own process.
    pub fn process_logs(&self) -> String {
        self.hub.process_logs()
    }

    /// Everything the store wrote down, as text to search in.
    pub fn store_bytes_as_text(&self) -> String {
        self.hub.store_bytes_as_text()
    }

    /// Every document of the store, to see that a refusal changed nothing.
    pub async fn store_as_text(&self) -> String {
        self.as_text(&Collection::ALL).await
    }

    /// The same without what is kept of the banks themselves, to see that a failing bank left nothing of a customer.
    pub async fn customers_as_text(&self) -> String {
        let of_banks = [Collection::Circuits, Collection::Spikes];
        let others: Vec<_> = Collection::ALL.into_iter().filter(|collection| !of_banks.contains(collection)).collect();
        self.as_text(&others).await
    }

    async fn as_text(&self, collections: &[Collection]) -> String {
        let mut all = BTreeMap::new();
        for collection in collections.iter().copied() {
            let query = Query { collection, equal: vec![], until: None, after: None, limit: 10_000 };
            for found in self.hub.documents().find(&query).await.unwrap() {
                all.insert((collection.name(), found.id), format!("{:?}", found.stored.document));
            }
        }
        format!("{all:#?}")
    }
}

/// Everything around a hub.
struct Surroundings {
    bank: SandboxBank,
    clock: Arc<ManualClock>,
    issuers: Issuers,
    folder: TempDir,
    url: String,
}

impl Surroundings {
    /// Starts bank and issuers, writes documents, and takes the address at which the hub is to be.
    async fn start(rotation: sandbox_bank::Rotation, further: &str) -> (Self, TcpListener) {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let banks_clock = Arc::clone(&clock);
        let tokens = sandbox_bank::TokenPolicy { rotation, ..Default::default() };
        let settings =
            sandbox_bank::Settings { clock: Arc::new(move || banks_clock.now()), tokens, ..Default::default() };
        let bank = sandbox_bank::start(settings).await.unwrap();
        let issuers = Issuers::start().await;
        let folder = tempfile::tempdir().unwrap();
        write_bank_documents(folder.path(), &bank, rotation, further);
        issuers.write_documents(&folder.path().join("tenants"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self { bank, clock, issuers, folder, url }, listener)
    }

    /// Adds lines to the end of tenants' documents.
    fn add_lines(&self, tenants: &[(&str, String)]) {
        for (tenant, lines) in tenants {
            Issuers::add_lines(&self.folder.path().join("tenants"), tenant, lines);
        }
    }
}

/// Writes the documents and certificates of the sandbox bank into a new folder `banks`.
pub fn write_bank_documents(folder: &Path, bank: &SandboxBank, rotation: sandbox_bank::Rotation, further: &str) {
    let rotation = serde_json::to_value(rotation).unwrap();
    let banks = folder.join("banks");
    fs::create_dir(&banks).unwrap();
    fs::write(banks.join("qwac.pem"), &bank.pki().qwac).unwrap();
    fs::write(banks.join("ca.pem"), &bank.pki().ca).unwrap();
    fs::write(banks.join("qseal.pem"), &bank.pki().qseal).unwrap();
    for mood in documents::MOODS {
        let document = documents::of(bank, mood, rotation.as_str().unwrap(), further);
        fs::write(banks.join(format!("{mood}.toml")), document).unwrap();
    }
}

impl Bench {
    /// Runs the upkeep job as the scheduler does. Answers its summary.
    pub async fn run_upkeep(&self) -> Value {
        self.run_job("expiry-watch").await
    }

    /// Runs a job as the scheduler does. Answers its summary.
    pub async fn run_job(&self, job: &str) -> Value {
        let scheduler = Crm::of(self, "scheduler").with_scopes("jobs:run");
        scheduler.post(&format!("/v1/jobs/{job}"), Value::Null).await.body
    }
}

impl Bench {
    /// What the banks gave: consent ids and tokens, out of the sealed grants.
    pub async fn secrets_at_the_bank(&self) -> Vec<(&'static str, String)> {
        let vault = Vault::new(self.hub.keys(), Arc::new(SystemEntropy), DekCache::default());
        let query = Query { collection: Collection::Sessions, equal: vec![], until: None, after: None, limit: 10_000 };
        let mut secrets = Vec::new();
        for found in self.hub.documents().find(&query).await.unwrap() {
            let session: Session = found.stored.document.parse().unwrap();
            let stored = session.access.as_ref().unwrap().grant.clone();
            let place = session.grant_place(stored.generation);
            let text = vault.open(Purpose::Tokens, &place, &stored.sealed).await.unwrap();
            let grant = Grant::from_plaintext(text.expose_secret()).unwrap();
            secrets.push(("the consent id", grant.consent_id.unwrap().expose_secret().to_owned()));
            let tokens = grant.tokens.unwrap();
            secrets.push(("the access token", tokens.access.expose_secret().to_owned()));
            secrets.push(("the refresh token", tokens.refresh.unwrap().expose_secret().to_owned()));
        }
        secrets
    }
}
