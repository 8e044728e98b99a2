//! What tests and operators of the stand-in may ask over HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State as FromState},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::{
    calls::Calls,
    fault::{Armed, Fault},
    material::Algorithm,
    permission::Permission,
    ring::{RingError, VersionState},
    state::State,
};

/// The routes below `/control`.
pub(crate) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/control/calls", get(calls).delete(forget_calls))
        .route("/control/faults", post(arm).delete(disarm))
        .route("/control/denials", post(deny).delete(allow_all))
        .route("/control/keys/{key}", delete(remove))
        .route("/control/keys/{key}/versions", post(rotate))
        .route("/control/keys/{key}/versions/{number}", put(set_state))
}

async fn calls(FromState(state): FromState<Arc<State>>) -> Json<Calls> {
    Json(state.lock().calls)
}

async fn forget_calls(FromState(state): FromState<Arc<State>>) -> StatusCode {
    state.lock().calls = Calls::default();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Arm {
    #[serde(flatten)]
    fault: Fault,
    times: Option<u32>,
}

async fn arm(FromState(state): FromState<Arc<State>>, Json(arm): Json<Arm>) -> StatusCode {
    state.lock().armed = Armed::new(arm.fault, arm.times);
    StatusCode::NO_CONTENT
}

async fn disarm(FromState(state): FromState<Arc<State>>) -> StatusCode {
    state.lock().armed = Armed::default();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Deny {
    key: String,
    permission: Permission,
}

async fn deny(FromState(state): FromState<Arc<State>>, Json(deny): Json<Deny>) -> StatusCode {
    state.deny(&deny.key, deny.permission);
    StatusCode::NO_CONTENT
}

async fn allow_all(FromState(state): FromState<Arc<State>>) -> StatusCode {
    state.lock().denials.clear();
    StatusCode::NO_CONTENT
}

async fn remove(FromState(state): FromState<Arc<State>>, Path(key): Path<String>) -> Result<StatusCode, RingError> {
    state.remove(&key)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Rotate {
    algorithm: Option<Algorithm>,
}

async fn rotate(
    FromState(state): FromState<Arc<State>>,
    Path(key): Path<String>,
    rotate: Option<Json<Rotate>>,
) -> Result<Response, RingError> {
    let algorithm = rotate.and_then(|Json(rotate)| rotate.algorithm);
    let number = state.rotate(&key, algorithm)?;
    Ok((StatusCode::CREATED, Json(json!({ "version": number }))).into_response())
}

#[derive(Debug, Deserialize)]
struct SetState {
    state: VersionState,
}

async fn set_state(
    FromState(state): FromState<Arc<State>>,
    Path((key, number)): Path<(String, u32)>,
    Json(wanted): Json<SetState>,
) -> Result<StatusCode, RingError> {
    state.set_state(&key, number, wanted.state)?;
    Ok(StatusCode::NO_CONTENT)
}

impl IntoResponse for RingError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Destroyed | Self::OtherPurpose => StatusCode::CONFLICT,
            Self::Material(_) | Self::File(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}
