//! A whole hub on a free port, a sandbox bank beside it, and two tenants with keys of their own.

pub mod browser;
pub mod crm;
mod issuer;

use std::{collections::BTreeMap, fs, net::Ipv4Addr, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use sandbox_bank::{JournalEntry, SandboxBank};
use serde_json::{Value, json};
use shared::{
    adapters::{
        bank_client::{BankClient, PoolSettings},
        jwks_client::{FetchLimits, JwksClient},
        local_keys::LocalKeyring,
        redb_store::RedbStore,
        system::{SystemClock, SystemEntropy},
    },
    config::{
        bank_document::read_banks,
        settings::{KeysSetting, Settings, StoreSetting},
        tenant_document::read_tenants,
    },
    domain::{
        grant::Grant,
        pseudonym::PseudonymKey,
        purpose::Purpose,
        secret::{ExposeSecret, Secret32},
        session::Session,
    },
    flows::vault::{DekCache, Vault},
    http::{route::Route, server, standing::standing_routes},
    ports::{
        clock::Clock,
        documents::{Collection, Documents, Query},
    },
    testing::{clock::ManualClock, memory_keys::MemoryKeys},
    wiring::{Adapters, Hub},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};

use self::{crm::Crm, issuer::Issuers};

/// The CRM's registered return URL. Nobody listens there: tests look at where the browser is sent.
pub const RETURN_URL: &str = "https://crm.example/back";

/// A hub, a bank, two tenants.
pub struct Bench {
    pub bank: SandboxBank,
    pub clock: Arc<ManualClock>,
    pub documents: Arc<RedbStore>,
    pub keys: Arc<MemoryKeys>,
    pub url: String,
    issuers: Issuers,
    http: Client,
    folder: TempDir,
    _stop: oneshot::Sender<()>,
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

    async fn with(rotation: sandbox_bank::Rotation, further: &str) -> Self {
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
        let documents = Arc::new(RedbStore::open(&folder.path().join("hub.redb")).unwrap());
        let keys = Arc::new(MemoryKeys::default());
        let hub = hub(folder.path(), &url, Arc::clone(&clock), Arc::clone(&documents) as _, Arc::clone(&keys));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = hub.router(own_routes());
        tokio::spawn(server::serve(listener, router, async { drop(stopped.await) }));
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { bank, clock, documents, keys, url, issuers, http, folder, _stop: stop }
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

    /// Makes the bank misbehave.
    pub async fn fault(&self, operation: &str, fault: Value, times: u32) {
        self.control("POST", "/faults", json!({"operation": operation, "fault": fault, "times": times})).await;
    }

    /// What reached the bank under that operation's name.
    pub fn reached(&self, operation: &str) -> Vec<JournalEntry> {
        let named = |entry: &JournalEntry| serde_json::to_value(entry).unwrap()["operation"] == operation;
        self.bank.journal().into_iter().filter(named).collect()
    }

    /// Every document of the store, to see that a refusal changed nothing.
    pub async fn store_as_text(&self) -> String {
        let mut all = BTreeMap::new();
        for collection in Collection::ALL {
            let query = Query { collection, equal: vec![], until: None, limit: 10_000 };
            for found in self.documents.find(&query).await.unwrap() {
                all.insert((collection.name(), found.id), format!("{:?}", found.stored.document));
            }
        }
        format!("{all:#?}")
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
        tenants: folder.join("tenants"),
        egress_address: "192.0.2.1".parse().unwrap(),
        project: None,
    };
    let entropy = Arc::new(SystemEntropy);
    let signer = LocalKeyring::open_or_create(&folder.join("keys"), Arc::clone(&entropy) as _);
    let key_sets = JwksClient::new(Arc::clone(&clock) as _, FetchLimits::default()).unwrap();
    let adapters = Adapters {
        documents,
        keys,
        signer: Arc::new(signer.unwrap()),
        bank_http: Arc::new(BankClient::new(PoolSettings::default())),
        key_sets: Arc::new(key_sets),
        clock,
        entropy,
        pseudonyms: PseudonymKey::new(Secret32::new(Box::new([7; 32]))),
    };
    let banks = read_banks(&settings.banks).unwrap();
    let tenants = read_tenants(&settings.tenants).unwrap();
    Hub::of(&settings, banks, tenants, adapters).unwrap()
}

fn write_bank_documents(folder: &Path, bank: &SandboxBank, rotation: sandbox_bank::Rotation, further: &str) {
    let rotation = serde_json::to_value(rotation).unwrap();
    let banks = folder.join("banks");
    fs::create_dir(&banks).unwrap();
    fs::write(banks.join("qwac.pem"), &bank.pki().qwac).unwrap();
    fs::write(banks.join("ca.pem"), &bank.pki().ca).unwrap();
    for mood in ["oauth", "redirect"] {
        fs::write(banks.join(format!("{mood}.toml")), bank_document(bank, mood, rotation.as_str().unwrap(), further))
            .unwrap();
    }
}

fn bank_document(bank: &SandboxBank, mood: &str, rotation: &str, further: &str) -> String {
    let (api, web) = (bank.api_url(), bank.web_url());
    let oauth = format!(
        r#"
        [oauth]
        issuer = "{api}/oauth"
        metadata_url = "{api}/oauth/.well-known/oauth-authorization-server"
        client_id = "PSDDE-FAKENCA-HUB001"
        scope = "AIS:{{consent_id}}"
        rotation = "{rotation}"
        chain_days = 180
        "#
    );
    let oauth = if mood == "oauth" { oauth } else { String::new() };
    format!(
        r#"
        id = "{mood}"
        name = "Sandbox {mood}"
        country = "DE"
        bic = "SANDDEFFXXX"
        dialect = "berlin-group"
        [addresses]
        api = "{api}/{mood}"
        web = ["{web}"]
        [tls]
        identity = "qwac.pem"
        trust_anchors = "ca.pem"
        {oauth}
        {further}
        "#
    )
}

impl Bench {
    /// Runs the upkeep job as the scheduler does. Answers its summary.
    pub async fn run_upkeep(&self) -> Value {
        let scheduler = Crm::of(self, "scheduler").with_scopes("jobs:run");
        scheduler.post("/v1/jobs/expiry-watch", Value::Null).await.body
    }
}

impl Bench {
    /// What the banks gave: consent ids and tokens, out of the sealed grants.
    pub async fn secrets_at_the_bank(&self) -> Vec<(&'static str, String)> {
        let vault = Vault::new(Arc::clone(&self.keys) as _, Arc::new(SystemEntropy), DekCache::default());
        let query = Query { collection: Collection::Sessions, equal: vec![], until: None, limit: 10_000 };
        let mut secrets = Vec::new();
        for found in self.documents.find(&query).await.unwrap() {
            let session: Session = found.stored.document.parse().unwrap();
            let stored = session.access.as_ref().unwrap().grant.clone();
            let place = session.grant_place(stored.generation);
            let text = vault.open(Purpose::Tokens, &place, &stored.sealed).await.unwrap();
            let grant = Grant::from_plaintext(text.expose_secret()).unwrap();
            secrets.push(("the consent id", grant.consent_id.expose_secret().to_owned()));
            let tokens = grant.tokens.unwrap();
            secrets.push(("the access token", tokens.access.expose_secret().to_owned()));
            secrets.push(("the refresh token", tokens.refresh.unwrap().expose_secret().to_owned()));
        }
        secrets
    }

    /// The store's file, byte for byte, as text to search in.
    pub fn store_bytes_as_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("hub.redb")).unwrap()).into_owned()
    }
}
