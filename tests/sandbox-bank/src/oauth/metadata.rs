//! Authorisation server metadata (RFC 8414).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Json;
use serde_json::{Value, json};

use crate::bank::{Addresses, Bank};
use crate::mood::{Applications, Mood};

/// The issuer identifier of a mood.
pub(crate) fn issuer(addresses: &Addresses, mood: Mood) -> String {
    format!("{}/{mood}", addresses.api)
}

/// Where the metadata of a mood is.
pub(crate) fn address(addresses: &Addresses, mood: Mood) -> String {
    format!("{}/.well-known/oauth-authorization-server", issuer(addresses, mood))
}

/// Where a mood's authorisation requests go.
pub(crate) fn endpoint(addresses: &Addresses, mood: Mood) -> String {
    format!("{}{}", addresses.web, endpoint_path(mood))
}

/// The same without scheme, host and port.
pub(crate) fn endpoint_path(mood: Mood) -> String {
    format!("/{mood}/authorize")
}

/// `GET /.well-known/oauth-authorization-server` of a mood.
pub(crate) async fn show(State(bank): State<Arc<Bank>>, Extension(mood): Extension<Mood>) -> Json<Value> {
    let issuer = issuer(&bank.addresses, mood);
    let mut grants = vec!["authorization_code", "refresh_token"];
    let server = mood.profile().server.as_ref();
    if server.is_some_and(|server| server.applications != Applications::None) {
        grants.push("client_credentials");
    }
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint(&bank.addresses, mood),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth"],
        "tls_client_certificate_bound_access_tokens": true,
        "authorization_response_iss_parameter_supported": true,
    }))
}
