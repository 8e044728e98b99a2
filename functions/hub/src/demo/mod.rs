//! The demo CRM of the local mode: a page for the customer and the small server behind it.
//!
//! The server is written as a real CRM would be: it knows its own customers, holds nothing but session ids, signs its
//! own tokens, and talks to the hub by the public HTTP API only. Nothing here has a way around the hub's checks. What a
//! real CRM has not, beside it: the sandbox bank's control port, for incidents and the names of who banks there.

mod api;
mod approval;
mod browsers;
mod connections;
mod customers;
#[cfg(test)]
mod fake_hub;
mod guard;
mod homecoming;
mod hub_api;
mod incidents;
mod live;
mod pages;
mod problem;
mod sandbox;
#[cfg(test)]
mod tests;
mod visitor;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{delete, get, post},
};
use shared::ports::{clock::Clock, entropy::Entropy};
use url::Url;

pub use self::sandbox::SandboxAddresses;
use self::{browsers::Browsers, connections::Connections, hub_api::HubApi, sandbox::Sandbox};
use crate::local::{
    data_folder::{DataFolder, DataFolderError},
    tokens::TokenSigner,
};

/// Where the hub sends browsers back to, below the page's address.
pub const RETURN_PATH: &str = "/demo/return";

/// The demo CRM cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its file of connections cannot be used.
    #[error(transparent)]
    Connections(#[from] DataFolderError),
    /// No HTTP client could be made.
    #[error("the demo page has no HTTP client")]
    Client(#[from] reqwest::Error),
}

/// The demo CRM's server.
pub struct Demo {
    hub: HubApi,
    sandbox: Sandbox,
    browsers: Browsers,
    connections: Connections,
    entropy: Arc<dyn Entropy>,
    authority: String,
    origin: String,
    return_url: String,
}

impl Demo {
    /// The demo CRM for the hub at that public address, which is also its own, beside the sandbox bank.
    pub fn new(
        hub: &Url,
        bank: SandboxAddresses,
        folder: &DataFolder,
        signer: TokenSigner,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DemoError> {
        let origin = hub.origin().ascii_serialization();
        Ok(Self {
            hub: HubApi::new(hub.clone(), signer, clock)?,
            sandbox: Sandbox::new(bank)?,
            browsers: Browsers::default(),
            connections: Connections::open(folder.demo_connections())?,
            entropy,
            authority: hub.authority().to_owned(),
            return_url: format!("{origin}{RETURN_PATH}"),
            origin,
        })
    }

    /// Its routes.
    pub fn router(self) -> Router {
        let demo = Arc::new(self);
        Router::new()
            .route("/", get(pages::index))
            .route("/demo/assets/{file}", get(pages::asset))
            .route(RETURN_PATH, get(homecoming::come_back))
            .route("/demo/api/overview", get(api::overview))
            .route("/demo/api/customer", post(api::switch_customer))
            .route("/demo/api/connections", post(api::connect))
            .route("/demo/api/connections/{session}", delete(api::disconnect))
            .route("/demo/api/connections/{session}/renewal", post(api::renew))
            .route("/demo/api/connections/{session}/approval", post(approval::ask))
            .route("/demo/api/connections/{session}/accounts", get(api::accounts))
            .route("/demo/api/connections/{session}/accounts/{account}/balances", get(api::balances))
            .route("/demo/api/connections/{session}/accounts/{account}/transactions", get(api::transactions))
            .route(
                "/demo/api/connections/{session}/accounts/{account}/live",
                get(live::look).post(live::read_unattended),
            )
            .route("/demo/api/trouble", post(live::trouble).delete(live::repair))
            .route("/demo/api/incidents", get(incidents::list).post(incidents::play).delete(incidents::end))
            .route_layer(middleware::from_fn_with_state(demo.clone(), guard::own_page_only))
            .with_state(demo)
    }
}
