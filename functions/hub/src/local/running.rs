//! The hub of the local mode, from its start to its end.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::Router;
use jiff::tz::TimeZone;
use sandbox_bank::SandboxBank;
use shared::{
    adapters::system::{SystemClock, SystemEntropy},
    config::{
        environment::Environment,
        settings::{KeysSetting, Settings, StoreSetting},
    },
    domain::reach::Reach,
    http::server,
    ports::clock::Clock,
    telemetry::metrics::prometheus::Measurements,
    wiring::Hub,
};
use tokio::net::TcpListener;
use url::Url;

use super::{
    banner::Banner,
    clockwork::Clockwork,
    data_folder::DataFolder,
    dev_routes, documents,
    issuer::{Issuer, IssuerName},
    local_json::LocalJson,
    measurements,
    tokens::{TokenSigner, crm_scope},
};
use crate::{
    demo::{Demo, SandboxAddresses},
    failure::Failure,
    terminal,
};

/// How long the printed tokens live: a working day.
const TOKEN_HOURS: i64 = 8;

/// Everything that serves, and what is told about it.
pub struct Running {
    router: Router,
    hub: Hub,
    clockwork: Clockwork,
    local: LocalJson,
}

impl Running {
    /// Writes the documents and starts hub and demo CRM on that port; nothing is served yet.
    pub async fn start(
        folder: &DataFolder,
        port: u16,
        bank: &SandboxBank,
        measured: Option<Measurements>,
    ) -> Result<Self, Failure> {
        let hub = format!("http://127.0.0.1:{port}");
        documents::write(folder, &hub, bank)?;
        let signer = |name| Ok::<_, Failure>(TokenSigner::new(Issuer::open_or_create(folder, name)?, &hub));
        let [demo, other, scheduler] =
            [signer(IssuerName::Demo)?, signer(IssuerName::Other)?, signer(IssuerName::Scheduler)?];
        let settings = settings(folder, port, &hub)?;
        let parts = Hub::start(&settings).await?;
        let local = local_json(&hub, bank, &demo, &other)?;
        let development = dev_routes::router([&demo, &other, &scheduler].map(TokenSigner::issuer));
        let beside = SandboxAddresses { control: bank.control_url().to_owned(), web: bank.web_url().to_owned() };
        let demo =
            Demo::new(&settings.public_url, beside, folder, demo, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
        Ok(Self {
            router: parts
                .router(routes())
                .merge(development)
                .merge(demo.router())
                .merge(measurements::router(measured)),
            hub: parts,
            clockwork: Clockwork::new(hub, scheduler, Arc::new(SystemClock))?,
            local,
        })
    }

    /// Tells where everything is and serves until ctrl-c or SIGTERM.
    pub async fn serve(self, folder: &DataFolder, listener: TcpListener) -> Result<(), Failure> {
        let end = server::termination().map_err(Failure::Signals)?;
        terminal::tell(self.banner(folder)?);
        self.local.write(folder)?;
        let served = tokio::select! {
            served = server::serve(listener, self.router, self.hub.work(), end) => served,
            never = self.clockwork.run() => match never {},
        };
        LocalJson::remove(folder)?;
        served.map_err(Failure::Serve)
    }

    fn banner(&self, folder: &DataFolder) -> Result<String, Failure> {
        let program = std::env::current_exe().map_err(Failure::Program)?;
        let banner = Banner {
            hub: &self.local.hub,
            bank_control: &self.local.bank_control,
            data: folder.root(),
            program: &program,
            token: &self.local.token,
            token_hours: TOKEN_HOURS,
            banks: &documents::BANKS,
            today: SystemClock.now().to_zoned(TimeZone::UTC).date(),
        };
        Ok(banner.to_string())
    }
}

/// The routes of all four functions.
fn routes() -> Vec<shared::http::route::Route> {
    [authorize_redirect::routes(), callback::routes(), token_refresh::routes(), account_proxy::routes()].concat()
}

fn settings(folder: &DataFolder, port: u16, hub: &str) -> Result<Settings, Failure> {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let public_url = Url::parse(hub)?;
    Ok(Settings {
        port,
        listen: here,
        audience: Settings::default_audience(&public_url),
        public_url,
        store: StoreSetting::Embedded(folder.store()),
        keys: KeysSetting::File(folder.keys()),
        banks: folder.banks(),
        environment: Environment::Live,
        tenants: folder.tenants(),
        egress_address: here,
        client_certificate_header: None,
        reach: Reach::Banks,
        project: None,
        otlp_endpoint: None,
    })
}

fn local_json(hub: &str, bank: &SandboxBank, demo: &TokenSigner, other: &TokenSigner) -> Result<LocalJson, Failure> {
    let token = |signer: &TokenSigner| signer.access(&crm_scope(), SystemClock.now(), TOKEN_HOURS * 3600);
    Ok(LocalJson {
        hub: hub.to_owned(),
        page: format!("{hub}/"),
        bank: bank.api_url().to_owned(),
        bank_control: bank.control_url().to_owned(),
        token: token(demo)?,
        token_other_tenant: token(other)?,
        banks: documents::BANKS.map(str::to_owned).to_vec(),
    })
}
