//! `/clock`, `/tokens`, `/policy`: rules that can change while the bank runs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{Body, Mistake};
use crate::bank::Bank;
use crate::policy::Policy;
use crate::settings::{Rotation, TokenPolicy};

/// How far the clock moves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance_seconds: i64,
}

/// `GET /clock`
pub(super) async fn clock(State(bank): State<Arc<Bank>>) -> Json<Value> {
    Json(json!({ "now": bank.now() }))
}

/// `POST /clock`: moves the bank's clock, also backwards, from where it is.
pub(super) async fn move_clock(
    State(bank): State<Arc<Bank>>,
    Body(advance): Body<Advance>,
) -> Result<Json<Value>, Mistake> {
    let step = SignedDuration::from_secs(advance.advance_seconds);
    bank.change(|state, moment| {
        let now: Timestamp = moment.now.checked_add(step).map_err(|_| Mistake::Clock)?;
        state.clock_advance = state.clock_advance.checked_add(step).ok_or(Mistake::Clock)?;
        Ok(Json(json!({ "now": now })))
    })
}

/// Which rules for tokens change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenChange {
    rotation: Option<Rotation>,
    access_seconds: Option<u32>,
    refresh_seconds: Option<u32>,
    code_seconds: Option<u32>,
}

/// `GET /tokens`
pub(super) async fn tokens(State(bank): State<Arc<Bank>>) -> Json<TokenPolicy> {
    Json(bank.read(|state, _| state.tokens.current))
}

/// `POST /tokens`: what is not named stays. Tokens that exist keep the life they were given.
pub(super) async fn change_tokens(
    State(bank): State<Arc<Bank>>,
    Body(change): Body<TokenChange>,
) -> Result<Json<TokenPolicy>, Mistake> {
    bank.change(|state, _| {
        let policy = &mut state.tokens.current;
        *policy = TokenPolicy {
            rotation: change.rotation.unwrap_or(policy.rotation),
            access_seconds: change.access_seconds.unwrap_or(policy.access_seconds),
            refresh_seconds: change.refresh_seconds.unwrap_or(policy.refresh_seconds),
            code_seconds: change.code_seconds.unwrap_or(policy.code_seconds),
        };
        Ok(Json(*policy))
    })
}

/// `GET /policy`
pub(super) async fn policy(State(bank): State<Arc<Bank>>) -> Json<Policy> {
    Json(bank.read(|state, _| state.policy.clone()))
}

/// `POST /policy`: habits that are not named stay.
pub(super) async fn change_policy(
    State(bank): State<Arc<Bank>>,
    Body(changes): Body<Map<String, Value>>,
) -> Result<Json<Policy>, Mistake> {
    bank.change(|state, _| {
        state.policy = state.policy.changed(changes)?;
        Ok(Json(state.policy.clone()))
    })
}
