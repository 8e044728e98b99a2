//! The HTTP client for the open web, where tenants' key sets and webhooks are: the system's trust anchors, no proxy, no
//! redirects. Banks have clients of their own.

use std::time::Duration;

use reqwest::{Client, redirect};

/// How long another server may take.
#[derive(Clone, Copy, Debug)]
pub struct WebLimits {
    /// To a connection.
    pub connect: Duration,
    /// From the call to the last byte.
    pub total: Duration,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(5) }
    }
}

/// The HTTP client could not be made; the system's trust anchors may be missing.
#[derive(Debug, thiserror::Error)]
#[error("the client for the open web could not be made")]
pub struct WebSetupError(#[source] reqwest::Error);

/// A client with these limits.
pub(super) fn web_client(limits: WebLimits) -> Result<Client, WebSetupError> {
    Client::builder()
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .build()
        .map_err(WebSetupError)
}
