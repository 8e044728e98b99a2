//! Authorisation server metadata (RFC 8414).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Json;
use serde_json::{Value, json};

use crate::bank::{Addresses, Bank};
use crate::mood::Mood;

/// The issuer identifier of a mood.
pub(crate) fn issuer(addresses: &Addresses, mood: Mood) -> String {
    format!("{}/{mood}", addresses.api)
}

/// Where the metadata of a mood is.
pub(crate) fn address(addresses: &Addresses, mood: Mood) -> String {
    format!("{}/.well-known/oauth-authorization-server", issuer(addresses, mood))
}

/// `GET /.well-known/oauth-authorization-server` of a mood.
pub(crate) async fn show(State(bank): State<Arc<Bank>>, Extension(mood): Extension<Mood>) -> Json<Value> {
    let issuer = issuer(&bank.addresses, mood);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{}/{mood}/authorize", bank.addresses.web),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth"],
        "tls_client_certificate_bound_access_tokens": true,
        "authorization_response_iss_parameter_supported": true,
    }))
}
