//! Puts the parts together: the only place that knows which adapter serves which port.

use std::{collections::BTreeMap, fmt, process::ExitCode, sync::Arc, time::Duration};

use axum::{Router, response::Response};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::{
    adapters::{
        audit_log::AuditLog,
        bank_client::{BankClient, PoolSettings},
        cloud_kms::CloudKmsSetupError,
        identity_files::{IdentityFiles, LOOK_EVERY},
        local_keys::KeyringError,
        measured_documents::MeasuredDocuments,
        measured_keys::MeasuredKeys,
        otlp_client::{OtlpClient, OtlpSetupError},
        pseudonym_key_file::PseudonymKeyError,
        redb_store::OpenError,
        system::SystemClock,
        web_client::WebSetupError,
    },
    config::{bank_document::read_banks, mistakes::Mistakes, settings::Settings, tenant_document::read_tenants},
    domain::{
        bank::Bank,
        ids::{OwnerId, RequestId},
        reach::Reach,
        tenant::Tenant,
    },
    flows::{
        bank_call::BankCalls,
        deps::Deps,
        events::Courier,
        single_flight::SingleFlight,
        traffic::Traffic,
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
        clock::Clock,
        documents::Documents,
        entropy::{NoEntropy, random},
        keys::{KeyWrap, Signer},
        store::Store,
    },
    protocol::cursor::{CursorKeyRejected, Cursors},
    telemetry::{
        self, Looking, Otlp,
        request_span::{Functions, RequestSpans},
    },
};

mod certificates;
mod opening;
mod waiting;

pub use opening::{Adapters, open_cloud_kms, open_seals, open_store};

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
    /// The client of Cloud KMS could not be made.
    #[error(transparent)]
    CloudKms(#[from] CloudKmsSetupError),
    /// The key of keyed hashes cannot be read.
    #[error("HUB_PSEUDONYMS: {0}")]
    PseudonymKey(#[from] PseudonymKeyError),
    /// Certificates, keys or trust anchors are not usable.
    #[error("wrong certificates: {0}")]
    Certificates(#[source] Mistakes),
    /// The client for key sets and webhooks could not be made.
    #[error(transparent)]
    Web(#[from] WebSetupError),
    /// The way to the collector of metrics and traces could not be made.
    #[error("HUB_OTLP_ENDPOINT: {0}")]
    Otlp(#[from] OtlpSetupError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The cursor key is not usable.
    #[error(transparent)]
    Cursors(#[from] CursorKeyRejected),
    /// The settings leave nothing to serve.
    #[error("HUB_REACH: this program has no route that calls neither banks nor CRMs")]
    NothingLeft,
    /// The port cannot be listened on.
    #[error("PORT: {address} cannot be listened on: {error}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
}

/// A hub that is ready to serve.
#[derive(Clone)]
pub struct Hub {
    app: App,
    spans: RequestSpans,
    reach: Reach,
}

impl fmt::Debug for Hub {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// Reads documents (banks' only if it calls them), checks every bank's certificates, opens store and keys, and waits
    /// until both answer.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Self::start_by(settings, Arc::new(SystemClock), |store| store).await
    }

    /// The same by another clock, and with something around the store.
    pub async fn start_by(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        around: impl FnOnce(Arc<dyn Documents>) -> Arc<dyn Documents>,
    ) -> Result<Self, StartError> {
        let calls_banks = settings.reach.suffices_for(Reach::Banks);
        // To read a bank's document is to read the key of our certificate.
        let banks = if calls_banks { read_banks(&settings.banks, settings.environment) } else { Ok(Vec::new()) };
        let tenants = read_tenants(&settings.tenants);
        let (banks, tenants) = both(banks, tenants)?;
        certificates::check_clients(settings, &tenants)?;
        let identities = Arc::new(IdentityFiles::new(Arc::clone(&clock), LOOK_EVERY));
        let client = BankClient::new(PoolSettings::default(), Arc::clone(&identities) as _, Arc::clone(&clock));
        certificates::check_identities(&banks, &client).await.map_err(StartError::Certificates)?;
        let adapters = Adapters::open(settings, &banks, &tenants, client, identities, clock).await?;
        let adapters = Adapters { documents: around(adapters.documents), ..adapters };
        certificates::check_seals(&banks, &*adapters.seals).await.map_err(StartError::Certificates)?;
        Self::of(settings, banks, tenants, adapters)
    }

    /// A hub of these parts.
    pub fn of(
        settings: &Settings,
        banks: Vec<Bank>,
        tenants: Vec<Tenant>,
        adapters: Adapters,
    ) -> Result<Self, StartError> {
        let Adapters {
            documents,
            keys,
            signer,
            identities,
            seals,
            bank_http,
            webhooks,
            key_sets,
            clock,
            entropy,
            pseudonyms,
        } = adapters;
        let documents = MeasuredDocuments::if_heard(documents);
        let keys: Arc<dyn KeyWrap> = Arc::new(MeasuredKeys::new(keys));
        let signer: Arc<dyn Signer> = Arc::new(MeasuredKeys::new(signer));
        let receivers =
            tenants.iter().filter_map(|tenant| Some((tenant.id.clone(), tenant.webhook.clone()?))).collect();
        let spans = RequestSpans::new(Arc::clone(&clock), Arc::clone(&entropy), settings.project.as_deref());
        let gate = Gate::new(tenants, &settings.audience, key_sets, Arc::clone(&clock));
        let (store, owner, work) =
            (Store::new(documents), OwnerId::from_random(random(&*entropy)?), TaskTracker::new());
        let traffic = Traffic::new(store.clone(), Arc::clone(&clock), owner.clone(), work.clone());
        let (audit, random) = (Arc::new(AuditLog), Arc::clone(&entropy));
        let deps = Deps {
            store,
            vault: Vault::new(Arc::clone(&keys), Arc::clone(&entropy), DekCache::default()),
            calls: BankCalls::new(bank_http, seals, audit, Arc::clone(&clock), random, traffic),
            identities,
            banks: banks.into_iter().map(|bank| (bank.id.clone(), Arc::new(bank))).collect::<BTreeMap<_, _>>(),
            webhooks: receivers,
            cursors: Cursors::new(&pseudonyms.derive("cursors"))?,
            pseudonyms,
            owner,
            clock,
            entropy,
            refreshing: SingleFlight::default(),
            work,
            public_url: settings.public_url.clone(),
            egress_address: settings.egress_address,
        };
        let courier = Arc::new(Courier { signer: Arc::clone(&signer), webhooks });
        let client_certificate_header = settings.client_certificate_header.clone();
        let app = App { deps: Arc::new(deps), gate: Arc::new(gate), client_certificate_header, keys, signer, courier };
        Ok(Self { app, spans, reach: settings.reach })
    }

    /// The whole router of a function that has these routes, without those that the process does not reach far enough for.
    pub fn router(&self, mut routes: Vec<Route>) -> Router {
        routes.retain(|route| self.reach.suffices_for(route.reach));
        let named = routes.iter().filter_map(|route| Some((route.path, route.function?)));
        let functions = Functions::of(named);
        tracing::info!(function = functions.process(), version = env!("CARGO_PKG_VERSION"), "an instance starts");
        let edge = Edge {
            spans: self.spans.clone().of_functions(functions),
            public_url: self.app.deps.public_url.clone(),
            problem: edge_problem,
            max_work: layers::MAX_WORK,
        };
        layers::around(with_standing_routes(routes, &self.app), &edge)
    }

    /// Work that outlives its request, to be waited for at the end.
    pub fn work(&self) -> TaskTracker {
        self.app.deps.work.clone()
    }

    /// The application, for tests and for the local mode's clockwork.
    pub const fn app(&self) -> &App {
        &self.app
    }
}

/// The collector at that address, and the way there; none if there is no address. Wants to be called in a runtime.
pub fn collector(endpoint: Option<Url>, project: Option<String>) -> Result<Option<Otlp>, StartError> {
    let Some(endpoint) = endpoint else { return Ok(None) };
    let client = Arc::new(OtlpClient::to(&endpoint)?);
    Ok(Some(Otlp { endpoint, client, project, every: Duration::from_mins(1) }))
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
    let settings = Settings::from_environment();
    let (endpoint, project) =
        settings.as_ref().map_or((None, None), |settings| (settings.otlp_endpoint.clone(), settings.project.clone()));
    let looking = Looking { prometheus: false, otlp: collector(endpoint, project)? };
    let telemetry = telemetry::start(telemetry::Format::Stackdriver, telemetry::DEFAULT, &looking)?;
    let settings = settings?;
    if !routes.iter().any(|route| settings.reach.suffices_for(route.reach)) {
        return Err(StartError::NothingLeft.into());
    }
    let mut ends = Box::pin(server::termination()?);
    let hub = tokio::select! {
        hub = Hub::start(&settings) => hub?,
        () = &mut ends => return Ok(()),
    };
    let listener = listen(&settings).await?;
    server::serve(listener, hub.router(routes), hub.work(), ends).await?;
    telemetry.finish().await;
    Ok(())
}
