//! What a person can watch while the bank misbehaves: its circuits, what is left of the reads without the customer, and
//! what the hub answers when nobody is there. The bank is made to misbehave by its control port.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Demo, api::Answer, problem::Problem, visitor::Visitor};

/// A way in which the bank can be made to misbehave.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Reading balances fails.
    Fails,
    /// Reading balances is refused for half a minute, because there were too many calls.
    Limits,
}

/// Which bank is to misbehave, and how.
#[derive(Deserialize)]
pub struct TroubleRequest {
    /// The hub's id of the bank.
    bank: String,
    trouble: Trouble,
}

impl Trouble {
    /// The fault as the bank's control port knows it.
    fn fault(self) -> Value {
        match self {
            Self::Fails => json!({"kind": "status", "status": 500}),
            Self::Limits => json!({"kind": "too_many_requests", "retry_after": 30}),
        }
    }
}

/// How the bank does, and what is left of the account's reads without the customer.
pub async fn look(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Path((session, account)): Path<(String, String)>,
) -> Answer {
    let connection = demo.connections.find(visitor.customer.id, &session).ok_or_else(Problem::not_found)?;
    let bank = demo.hub.bank(&connection.bank).await?;
    let quota = demo.hub.quota(&connection.session, &account).await?;
    Ok(Json(json!({ "health": bank.get("health"), "quota": quota })))
}

/// Reads an account's balances as a job at night would: nobody is there, and the last good answer will do.
pub async fn read_unattended(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Path((session, account)): Path<(String, String)>,
) -> Answer {
    let session = demo.own(&visitor, &session)?;
    demo.hub.balances_unattended(&session, &account).await.map(Json)
}

/// Makes a bank of the sandbox's misbehave until it is repaired.
pub async fn trouble(State(demo): State<Arc<Demo>>, _visitor: Visitor, Json(wanted): Json<TroubleRequest>) -> Answer {
    demo.sandbox.arm(&wanted.bank, wanted.trouble.fault()).await?;
    Ok(Json(json!({ "armed": true })))
}

/// Lets every bank of the sandbox's behave again.
pub async fn repair(State(demo): State<Arc<Demo>>, _visitor: Visitor) -> Answer {
    demo.sandbox.disarm_all().await?;
    Ok(Json(json!({ "repaired": true })))
}
