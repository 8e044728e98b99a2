//! Refusals in the form that Google's services give them.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

/// A call that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "INVALID_ARGUMENT", message: message.into() }
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "FAILED_PRECONDITION", message: message.into() }
    }

    pub(crate) fn not_found(name: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", message: format!("{name} not found.") }
    }

    /// A refusal with that status, as a fault.
    pub(crate) fn of_status(status: u16, message: String) -> Self {
        let code = match status {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            500 => "INTERNAL",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            _ => "UNKNOWN",
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.status.as_u16(), "message": self.message, "status": self.code });
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}
