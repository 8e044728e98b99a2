//! Routes that only the local mode has: the development issuers' key sets, and a place for journeys by hand to end.

use axum::{Json, Router, routing::get};

use super::issuer::Issuer;

/// Where a journey by curl ends: its address is what a CRM gets.
pub const RETURN_PATH: &str = "/dev/return";

const RETURNED: &str = "Back at the CRM. The session and its activation code stand in this page's address.\n";

/// The routes.
pub fn router<'a>(issuers: impl IntoIterator<Item = &'a Issuer>) -> Router {
    let with_return = Router::new().route(RETURN_PATH, get(RETURNED));
    issuers.into_iter().fold(with_return, |router, issuer| {
        let keys = issuer.key_set();
        router.route(&issuer.name().jwks_path(), get(async move || Json(keys)))
    })
}
