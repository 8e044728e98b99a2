//! `/journal`

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Mistake;
use crate::bank::Bank;

/// From where on the journal is read.
#[derive(Debug, Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

/// `GET /journal?since=SEQ`: the entries after that one.
pub(super) async fn read(
    State(bank): State<Arc<Bank>>,
    since: Result<Query<Since>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Mistake> {
    let Query(Since { since }) = since.map_err(|_| Mistake::Since)?;
    Ok(Json(json!({ "entries": bank.journal.since(since) })))
}

/// `DELETE /journal`
pub(super) async fn clear(State(bank): State<Arc<Bank>>) -> StatusCode {
    bank.journal.clear();
    StatusCode::NO_CONTENT
}
