//! Puts the parts together: the only place that knows which adapter serves which port.

use std::{collections::BTreeMap, fmt, process::ExitCode, sync::Arc};

use axum::{Router, response::Response};
use tokio::net::TcpListener;

use crate::{
    adapters::{
        audit_log::AuditLog,
        bank_client::{BankClient, PoolSettings, TlsSetupError},
        jwks_client::{FetchLimits, JwksClient, JwksSetupError},
        local_keys::{KeyringError, LocalKeyring},
        redb_store::{OpenError, RedbStore},
        system::{SystemClock, SystemEntropy},
    },
    config::{
        bank_document::read_banks,
        mistakes::Mistakes,
        settings::{KeysSetting, Settings, StoreSetting},
        tenant_document::read_tenants,
    },
    domain::{
        bank::Bank,
        ids::{BankId, OwnerId, RequestId},
        tenant::Tenant,
    },
    flows::{
        bank_call::BankCalls,
        deps::Deps,
        oauth_server::OAuthServers,
        single_flight::SingleFlight,
        vault::{DekCache, Vault},
    },
    http::{
        access::Gate,
        app::App,
        layers::{self, Edge, EdgeFault},
        problem::{Code, Problem},
        route::Route,
        server,
        standing::with_standing_routes,
    },
    ports::{
        bank_http::BankHttp,
        clock::Clock,
        documents::Documents,
        entropy::{Entropy, NoEntropy, random},
        key_sets::KeySets,
        keys::{KeyWrap, Signer},
        store::Store,
    },
    protocol::cursor::{CursorKeyRejected, Cursors},
    telemetry::{self, request_span::RequestSpans},
};

/// A hub could not be started. The message is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings or documents are wrong.
    #[error("wrong settings: {0}")]
    Settings(#[from] Mistakes),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The keys do not open.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// A bank's certificate or trust anchors are not usable.
    #[error("bank {bank}: {error}")]
    Bank {
        /// Which bank.
        bank: BankId,
        /// What is wrong.
        error: TlsSetupError,
    },
    /// The client for key sets could not be made.
    #[error(transparent)]
    KeySets(#[from] JwksSetupError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The cursor key is not usable.
    #[error(transparent)]
    Cursors(#[from] CursorKeyRejected),
    /// The port cannot be listened on.
    #[error("PORT: {address} cannot be listened on: {error}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
}

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
    pub pseudonyms: crate::domain::pseudonym::PseudonymKey,
}

/// A hub that is ready to serve.
#[derive(Clone)]
pub struct Hub {
    app: App,
    spans: RequestSpans,
}

impl fmt::Debug for Hub {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// Reads documents, opens store and keys, and checks every bank's certificates.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let banks = read_banks(&settings.banks);
        let tenants = read_tenants(&settings.tenants);
        let (banks, tenants) = both(banks, tenants)?;
        let client = BankClient::new(PoolSettings::default());
        for bank in &banks {
            client.prepare(bank).map_err(|error| StartError::Bank { bank: bank.id.clone(), error })?;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let KeysSetting::File(path) = &settings.keys;
        let keyring = Arc::new(LocalKeyring::open_or_create(path, Arc::clone(&entropy))?);
        let StoreSetting::Embedded(path) = &settings.store;
        let adapters = Adapters {
            documents: Arc::new(RedbStore::open(path)?),
            pseudonyms: keyring.pseudonym_key().clone(),
            signer: Arc::clone(&keyring) as _,
            keys: keyring,
            bank_http: Arc::new(client),
            key_sets: Arc::new(JwksClient::new(Arc::clone(&clock), FetchLimits::default())?),
            clock,
            entropy,
        };
        Self::of(settings, banks, tenants, adapters)
    }

    /// A hub of these parts.
    pub fn of(
        settings: &Settings,
        banks: Vec<Bank>,
        tenants: Vec<Tenant>,
        adapters: Adapters,
    ) -> Result<Self, StartError> {
        let Adapters { documents, keys, signer, bank_http, key_sets, clock, entropy, pseudonyms } = adapters;
        let spans = RequestSpans::new(Arc::clone(&clock), Arc::clone(&entropy), settings.project.as_deref());
        let gate = Gate::new(tenants, &settings.audience, key_sets, Arc::clone(&clock));
        let deps = Deps {
            store: Store::new(documents),
            vault: Vault::new(Arc::clone(&keys), Arc::clone(&entropy), DekCache::default()),
            calls: BankCalls::new(bank_http, Arc::new(AuditLog), Arc::clone(&clock)),
            oauth_servers: OAuthServers::default(),
            banks: banks.into_iter().map(|bank| (bank.id.clone(), Arc::new(bank))).collect::<BTreeMap<_, _>>(),
            cursors: Cursors::new(&pseudonyms.derive("cursors"))?,
            pseudonyms,
            owner: OwnerId::from_random(random(&*entropy)?),
            clock,
            entropy,
            refreshing: SingleFlight::default(),
            public_url: settings.public_url.clone(),
            egress_address: settings.egress_address,
        };
        let app = App { deps: Arc::new(deps), gate: Arc::new(gate), keys, signer };
        Ok(Self { app, spans })
    }

    /// The whole router of a function that has these routes.
    pub fn router(&self, routes: Vec<Route>) -> Router {
        let edge = Edge {
            spans: self.spans.clone(),
            public_url: self.app.deps.public_url.clone(),
            problem: edge_problem,
            max_work: layers::MAX_WORK,
        };
        layers::around(with_standing_routes(routes, &self.app), &edge)
    }

    /// The application, for tests and for the local mode's clockwork.
    pub const fn app(&self) -> &App {
        &self.app
    }
}

/// The listener that the settings ask for.
pub async fn listen(settings: &Settings) -> Result<TcpListener, StartError> {
    let address = (settings.listen, settings.port).into();
    TcpListener::bind(address).await.map_err(|error| StartError::Listen { address, error })
}

/// Both, or the mistakes of both.
fn both<A, B>(a: Result<A, Mistakes>, b: Result<B, Mistakes>) -> Result<(A, B), Mistakes> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mistakes), Ok(_)) | (Ok(_), Err(mistakes)) => Err(mistakes),
        (Err(first), Err(second)) => Err(first.and(second)),
    }
}

/// The answer to a fault around a handler.
fn edge_problem(fault: EdgeFault, request_id: &RequestId) -> Response {
    let code = match fault {
        EdgeFault::Panicked => Code::Internal,
        EdgeFault::BodyTooLarge => Code::BodyTooLarge,
        EdgeFault::TimedOut => Code::TimedOut,
    };
    Problem::from(code).render(request_id, SystemClock.now())
}

/// A whole function: reads the environment, starts, serves until SIGTERM. What goes wrong is one line on the standard
/// error and exit code 2.
pub async fn run(routes: Vec<Route>) -> ExitCode {
    match try_run(routes).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("secure-hub: {error}");
            ExitCode::from(2)
        }
    }
}

async fn try_run(routes: Vec<Route>) -> Result<(), Box<dyn std::error::Error>> {
    telemetry::init(telemetry::Format::Stackdriver)?;
    let settings = Settings::from_environment()?;
    let hub = Hub::start(&settings)?;
    let listener = listen(&settings).await?;
    server::serve(listener, hub.router(routes), server::termination()?).await?;
    Ok(())
}
