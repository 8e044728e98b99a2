//! The hub of a bench: in the test's own process, or a fleet of processes as in production.

mod counting;
pub mod in_process;
#[cfg(feature = "emulator")]
pub mod production;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use shared::{
    domain::purpose::Purpose,
    ports::{documents::Documents, keys::KeyWrap},
    testing::clock::ManualClock,
};
use tokio::net::TcpListener;

/// What a bench needs to know of its hub.
#[async_trait]
pub(super) trait HubUnderTest: Send + Sync {
    fn documents(&self) -> &Arc<dyn Documents>;
    fn keys(&self) -> Arc<dyn KeyWrap>;
    fn show_time(&self, now: Timestamp);
    async fn cut_keys_off(&self, cut: bool);
    fn rotate_key(&self, purpose: Purpose);
    fn destroy_key(&self, purpose: Purpose, version: &str);
    /// One address for each function that runs by itself.
    fn function_urls(&self) -> Vec<String>;
    fn process_logs(&self) -> String;
    fn store_bytes_as_text(&self) -> String;
}

/// Starts the hub that the environment asks for: `IT_HUB=fleet` for a fleet.
#[cfg_attr(not(feature = "emulator"), expect(clippy::unused_async, reason = "a fleet takes its time"))]
pub(super) async fn start(folder: &Path, listener: TcpListener, clock: &Arc<ManualClock>) -> Box<dyn HubUnderTest> {
    #[cfg(feature = "emulator")]
    {
        #[expect(clippy::disallowed_methods, reason = "the tests themselves know of no settings")]
        let wanted = std::env::var("IT_HUB");
        if wanted.is_ok_and(|hub| hub == "fleet") {
            let size = crate::fleet::Size::of_each(3);
            return Box::new(Arc::new(production::Production::start(folder, listener, &**clock, size).await));
        }
    }
    Box::new(Arc::new(in_process::InProcess::start(folder, listener, clock)))
}
