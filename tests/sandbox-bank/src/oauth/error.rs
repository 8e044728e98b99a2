//! How the token endpoint says no (RFC 6749 section 5.2).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

use super::form::NotOnce;
use super::grants::InvalidGrant;
use crate::random::NoRandomness;
use crate::state_file::DataDirError;

/// Every reason for which a call to the token or revocation endpoint is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OAuthError {
    #[error("a parameter is missing, repeated or malformed")]
    InvalidRequest,
    #[error("the client is not the owner of the certificate")]
    InvalidClient,
    #[error("the code or token is not valid for this client")]
    InvalidGrant,
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    #[error("the scope is not one for applications")]
    InvalidScope,
    #[error("the bank failed")]
    State(#[from] DataDirError),
    #[error("the bank failed")]
    Randomness(#[from] NoRandomness),
}

impl OAuthError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::InvalidGrant => (StatusCode::BAD_REQUEST, "invalid_grant"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope"),
            Self::State(_) | Self::Randomness(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "the token endpoint could not do its work");
        }
        let body = json!({ "error": code, "error_description": self.to_string() });
        (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}

impl From<NotOnce> for OAuthError {
    fn from(_: NotOnce) -> Self {
        Self::InvalidRequest
    }
}

impl From<InvalidGrant> for OAuthError {
    fn from(_: InvalidGrant) -> Self {
        Self::InvalidGrant
    }
}
