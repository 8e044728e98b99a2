//! `/faults`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Body, Mistake};
use crate::bank::Bank;
use crate::fault::{Armed, Fault};
use crate::journal::Operation;
use crate::mood::Mood;

/// How long arming waits for open connections to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// A fault to arm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    operation: Wanted,
    mood: Option<Mood>,
    fault: Fault,
    /// For ever if not said.
    times: Option<u32>,
}

/// One operation, or any.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wanted {
    One(Operation),
    Any(Any),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Any {
    Any,
}

/// `POST /faults`. A fault of handshakes also ends the connections that are open, so that the next
/// request has to make a handshake.
pub(super) async fn arm(
    State(bank): State<Arc<Bank>>,
    Body(order): Body<Order>,
) -> Result<(StatusCode, Json<Value>), Mistake> {
    let operation = match order.operation {
        Wanted::One(operation) => Some(operation),
        Wanted::Any(Any::Any) => None,
    };
    let handshakes = order.fault.strikes_handshakes();
    let armed = Armed { id: 0, operation, mood: order.mood, fault: order.fault, times: order.times, incident: None };
    let id = bank.change(|state, _| state.faults.arm(armed).map_err(Mistake::from))?;
    if handshakes {
        bank.connections.drain(PATIENCE).await;
    }
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

/// `GET /faults`
pub(super) async fn list(State(bank): State<Arc<Bank>>) -> Json<Value> {
    let faults = bank.read(|state, _| state.faults.armed().iter().map(described).collect::<Vec<_>>());
    Json(json!({ "faults": faults }))
}

/// `DELETE /faults`
pub(super) async fn disarm_all(State(bank): State<Arc<Bank>>) -> Result<StatusCode, Mistake> {
    bank.change(|state, _| {
        state.faults.disarm_all();
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `DELETE /faults/{fault}`
pub(super) async fn disarm(State(bank): State<Arc<Bank>>, Path(id): Path<String>) -> Result<StatusCode, Mistake> {
    let id = id.parse().map_err(|_| Mistake::NoSuchThing)?;
    bank.change(|state, _| state.faults.disarm(id).then_some(StatusCode::NO_CONTENT).ok_or(Mistake::NoSuchThing))
}

fn described(armed: &Armed) -> Value {
    let operation = armed.operation.map_or("any", Operation::as_str);
    let mut told = json!({ "id": armed.id, "operation": operation, "mood": armed.mood, "fault": armed.fault, "times": armed.times });
    if let Some(incident) = &armed.incident {
        told["incident"] = json!(incident);
    }
    told
}
