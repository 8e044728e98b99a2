//! What the page is told when something does not work: the hub's own problem documents (RFC 9457), and the demo's in
//! the same shape.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// A refusal on its way to the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The status to answer.
    pub status: StatusCode,
    /// The problem document.
    pub document: Value,
}

impl Problem {
    /// A problem of the demo's own.
    pub fn new(status: StatusCode, code: &str, title: &str, next_action: &str) -> Self {
        let document = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "next_action": next_action,
        });
        Self { status, document }
    }

    /// The visitor has no session with the demo, as after a restart.
    pub fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "demo_signed_out", "The demo has forgotten this browser", "restart")
    }

    /// The page asked for something that the customer does not have.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "demo_not_found", "There is no such connection", "none")
    }

    /// The request cannot come from the demo's own page.
    pub fn foreign() -> Self {
        Self::new(StatusCode::FORBIDDEN, "demo_foreign_request", "The request does not come from this page", "none")
    }

    /// Something that cannot be the visitor's fault.
    pub fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = crate::failure::one_line(error), "the demo page failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "demo_failed", "The demo page failed; see its log", "none")
    }

    /// The hub did not answer, or not in a form that the demo understands.
    pub fn unreachable() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "demo_hub_unreachable", "The hub did not answer", "retry_now")
    }

    /// The sandbox bank's control port refuses, in its own words.
    pub fn sandbox_refused(words: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "demo_sandbox_refused", words, "none")
    }

    /// The sandbox bank's control port did not answer.
    pub fn sandbox_unreachable() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "demo_sandbox_unreachable", "The sandbox bank did not answer", "retry_now")
    }

    /// One text member of the document.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.document.get(member).and_then(Value::as_str)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(CONTENT_TYPE, kind)], Json(self.document)).into_response()
    }
}
