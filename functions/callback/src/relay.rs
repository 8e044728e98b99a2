//! The page for banks that answer in the URL's fragment, which no server sees: it asks for the same address again with
//! the fragment as the query, and leaves no trace of the first in the browser's history.

use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
};
use shared::domain::code_hash::sha256;

/// Without a fragment there is nothing to relay: `error` says so to the hub, which shows its own page for that.
const SCRIPT: &str = "location.replace(location.pathname+'?'+(location.hash.slice(1)||'error=empty'))";

/// The page. Nothing but its one script may run, and nothing may be loaded.
pub fn page() -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>One moment</title></head><body>\
         <noscript>Please allow scripts for this page and load it again.</noscript><script>{SCRIPT}</script></body></html>"
    );
    let mut response = (StatusCode::OK, html).into_response();
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 3] =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn policy() -> String {
    let hash = STANDARD.encode(sha256(SCRIPT.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
}
