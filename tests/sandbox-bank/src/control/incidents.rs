//! `/incidents`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Body, Mistake};
use crate::bank::Bank;
use crate::incident::{Incident, Range};
use crate::journal::Operation;
use crate::mood::Mood;

/// An incident to play.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    name: String,
    mood: Option<Mood>,
    /// Instead of the one that it is known from.
    operation: Option<Operation>,
    /// Until it is ended if not said.
    times: Option<u32>,
}

/// `GET /incidents`: all that can be played, and which are on.
pub(super) async fn list(State(bank): State<Arc<Bank>>) -> Json<Value> {
    let told = bank.read(|state, _| {
        let on = |incident: &Incident| state.incidents.is_on(incident.name);
        let one = |incident: &Incident| {
            json!({ "name": incident.name, "what": incident.what, "source": incident.source, "on": on(incident) })
        };
        Incident::all().iter().map(one).collect::<Vec<_>>()
    });
    Json(json!({ "incidents": told }))
}

/// `POST /incidents`
pub(super) async fn play(State(bank): State<Arc<Bank>>, Body(order): Body<Order>) -> Result<StatusCode, Mistake> {
    let range = Range { mood: order.mood, operation: order.operation, times: order.times };
    bank.play_incident(&order.name, range).await?;
    Ok(StatusCode::CREATED)
}

/// `DELETE /incidents`: all are over.
pub(super) async fn end(State(bank): State<Arc<Bank>>) -> Result<StatusCode, Mistake> {
    bank.end_incidents().await?;
    Ok(StatusCode::NO_CONTENT)
}
