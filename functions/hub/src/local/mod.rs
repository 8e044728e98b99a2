//! The local mode: the four functions in one process on this machine, a sandbox bank beside them, and a demo CRM.
//!
//! It writes documents, keys and tokens as an operator and a CRM would, and then takes the ordinary start: nothing in
//! the hub knows of this mode.

pub mod banner;
pub mod clockwork;
pub mod data_folder;
pub mod dev_routes;
pub mod documents;
pub mod issuer;
pub mod listener;
pub mod local_json;
pub mod measurements;
pub mod private_file;
pub mod sandbox;
pub mod settings;
pub mod token_command;
pub mod tokens;

mod running;

use shared::{
    telemetry::{self, Format, Looking},
    wiring,
};

use self::{data_folder::DataFolder, local_json::LocalJson, running::Running, settings::LocalSettings};
use crate::failure::Failure;

/// Which log lines are shown if no variable says it. Few: in a terminal the banner should stay in sight.
const DEFAULT_LOG: &str = "warn";

/// Starts everything, tells where it is, and runs until ctrl-c or SIGTERM. What is kept outlives it.
pub async fn run(settings: LocalSettings) -> Result<(), Failure> {
    let otlp = wiring::collector(settings.otlp_endpoint, None)?;
    let telemetry = telemetry::start(Format::Text, DEFAULT_LOG, &Looking { prometheus: true, otlp })?;
    let (listener, port) = listener::listen(settings.port).await?;
    let folder = DataFolder::at(settings.data);
    let _lock = folder.take()?;
    LocalJson::remove(&folder)?; // one that a crash left must not pass for this hub's
    let bank = sandbox::start(&folder).await?;
    let outcome = match Running::start(&folder, port, &bank, telemetry.measurements()).await {
        Ok(running) => running.serve(&folder, listener).await,
        Err(failure) => Err(failure),
    };
    bank.stop().await;
    telemetry.finish().await;
    outcome
}
