//! What comes in on the control port, and what goes out if it makes no sense.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::fault::FaultError;
use crate::incident::IncidentError;
use crate::policy::PolicyError;
use crate::state_file::DataDirError;

/// A JSON body, whatever its content type says: this port is used from command lines, too.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// Why a request is refused, in one sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum Mistake {
    #[error("the body is not what this path expects: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the body cannot be read")]
    Unreadable,
    #[error("since has to be a number")]
    Since,
    #[error("{0}")]
    Fault(#[from] FaultError),
    #[error("{0}")]
    Policy(#[from] PolicyError),
    #[error("{0}")]
    Incident(#[from] IncidentError),
    #[error("there is no customer {0:?}")]
    Customer(String),
    #[error("accounts may only be accounts of the customer")]
    Account,
    #[error("times must be at least 1")]
    Times,
    #[error("the clock cannot go there")]
    Clock,
    #[error("there is no such thing here")]
    NoSuchThing,
    #[error("the bank failed")]
    State(#[from] DataDirError),
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Mistake;

    async fn from_request(request: Request, state: &S) -> Result<Self, Mistake> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Mistake::Unreadable)?;
        Ok(Self(serde_json::from_slice(&bytes)?))
    }
}

impl Mistake {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchThing => StatusCode::NOT_FOUND,
            Self::State(_) | Self::Incident(IncidentError::State(_) | IncidentError::Table(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Body(_)
            | Self::Unreadable
            | Self::Since
            | Self::Fault(_)
            | Self::Policy(_)
            | Self::Incident(_)
            | Self::Customer(_)
            | Self::Account
            | Self::Times
            | Self::Clock => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        if self.status().is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "the control port could not do its work");
        }
        (self.status(), Json(json!({ "error": self.to_string() }))).into_response()
    }
}
