//! What the local hub has measured, for a Prometheus on this machine. No function serves it: in the cloud nobody but the
//! collector is told.

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use shared::telemetry::metrics::prometheus::{self, Measurements};

/// Where it is told.
pub const PATH: &str = "/metrics";

/// The route, if anything is measured.
pub fn router(measured: Option<Measurements>) -> Router {
    let Some(measured) = measured else { return Router::new() };
    let tell = async move || ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], measured.text());
    Router::new().route(PATH, get(tell))
}
