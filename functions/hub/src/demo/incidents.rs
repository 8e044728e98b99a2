//! The panel of incidents: what has gone wrong at real banks, played again by the sandbox bank.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::json;

use super::{Demo, api::Answer, visitor::Visitor};

/// Which incident is to be played.
#[derive(Deserialize)]
pub struct PlayRequest {
    name: String,
    /// The hub's id of the bank.
    bank: String,
}

/// All incidents, with source and whether they are on.
pub async fn list(State(demo): State<Arc<Demo>>, _visitor: Visitor) -> Answer {
    demo.sandbox.incidents().await.map(Json)
}

/// Plays one until all are ended.
pub async fn play(State(demo): State<Arc<Demo>>, _visitor: Visitor, Json(wanted): Json<PlayRequest>) -> Answer {
    demo.sandbox.play(&wanted.name, &wanted.bank).await?;
    Ok(Json(json!({"played": wanted.name})))
}

/// Ends all.
pub async fn end(State(demo): State<Arc<Demo>>, _visitor: Visitor) -> Answer {
    demo.sandbox.end_incidents().await?;
    Ok(Json(json!({"ended": true})))
}
