//! What the page asks of the demo CRM's server: small calls, each for the customer who sits at the browser.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Demo, approval,
    connections::Connection,
    customers::{CUSTOMERS, Customer},
    hub_api::Reading,
    problem::Problem,
    visitor::Visitor,
};

/// What the page is answered.
pub(super) type Answer = Result<Json<Value>, Problem>;

/// Everything that the page shows first.
pub async fn overview(State(demo): State<Arc<Demo>>, visitor: Visitor) -> Answer {
    let banks = demo.hub.banks().await?;
    let mut connections = Vec::new();
    for connection in demo.connections.of(visitor.customer.id) {
        connections.extend(demo.look_up(&visitor, connection).await?);
    }
    Ok(Json(json!({
        "customer": visitor.customer,
        "customers": &CUSTOMERS,
        "banks": banks.get("banks"),
        "names_at_bank": demo.names_at_bank(&banks).await,
        "connections": connections,
        "notice": demo.browsers.take_notice(&visitor.browser),
    })))
}

/// Which customer sits down.
#[derive(Deserialize)]
pub struct SwitchRequest {
    customer: String,
}

/// Lets another customer sit down at this browser.
pub async fn switch_customer(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Json(wanted): Json<SwitchRequest>,
) -> Answer {
    let customer = Customer::find(&wanted.customer).ok_or_else(Problem::not_found)?;
    demo.browsers.switch(&visitor.browser, customer);
    Ok(Json(json!({ "customer": customer })))
}

/// Which bank is wanted.
#[derive(Deserialize)]
pub struct ConnectRequest {
    bank: String,
    /// How the customer is called there, where the bank wants to know.
    name_at_bank: Option<String>,
}

/// What a renewal needs.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RenewRequest {
    /// How the customer is called at the bank, where the bank wants to know.
    name_at_bank: Option<String>,
}

/// Starts a journey to a bank; the page then sends the browser to the address in the answer, or waits for the customer
/// to approve elsewhere.
pub async fn connect(State(demo): State<Arc<Demo>>, visitor: Visitor, Json(wanted): Json<ConnectRequest>) -> Answer {
    demo.give_up_unfinished(visitor.customer, &wanted.bank).await;
    let started = demo.hub.start(&visitor, &wanted.bank, wanted.name_at_bank.as_deref(), &demo.return_url).await?;
    let session = text(&started, "session")?;
    let connection = Connection { session: session.clone(), bank: wanted.bank, connected: false };
    demo.connections.add(visitor.customer.id, connection).map_err(|error| Problem::broken(&error))?;
    demo.set_out(&visitor, &session, &started)
}

/// Starts another journey for a connection whose consent has ended or soon will.
pub async fn renew(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Path(session): Path<String>,
    wanted: Option<Json<RenewRequest>>,
) -> Answer {
    let session = demo.own(&visitor, &session)?;
    let Json(wanted) = wanted.unwrap_or_default();
    let started = demo.hub.renew(&visitor, &session, wanted.name_at_bank.as_deref(), &demo.return_url).await?;
    demo.set_out(&visitor, &session, &started)
}

/// Ends a connection and tells what was done.
pub async fn disconnect(State(demo): State<Arc<Demo>>, visitor: Visitor, Path(session): Path<String>) -> Answer {
    let session = demo.own(&visitor, &session)?;
    demo.end(visitor.customer, &session).await.map(Json)
}

/// A connection's accounts.
pub async fn accounts(State(demo): State<Arc<Demo>>, visitor: Visitor, Path(session): Path<String>) -> Answer {
    let session = demo.own(&visitor, &session)?;
    demo.hub.read(&visitor, &session, Reading::Accounts).await.map(Json)
}

/// An account's balances.
pub async fn balances(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Path((session, account)): Path<(String, String)>,
) -> Answer {
    let session = demo.own(&visitor, &session)?;
    demo.hub.read(&visitor, &session, Reading::Balances(&account)).await.map(Json)
}

/// An account's transactions; the query goes on to the hub as it is.
pub async fn transactions(
    State(demo): State<Arc<Demo>>,
    visitor: Visitor,
    Path((session, account)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let session = demo.own(&visitor, &session)?;
    demo.hub.read(&visitor, &session, Reading::Transactions(&account, &query)).await.map(Json)
}

impl Demo {
    /// The session, if it is the visitor's.
    pub(super) fn own(&self, visitor: &Visitor, session: &str) -> Result<String, Problem> {
        let connection = self.connections.find(visitor.customer.id, session);
        connection.map(|connection| connection.session).ok_or_else(Problem::not_found)
    }

    /// A connection as the hub tells of it; `None` if it is over. A hub that refuses one connection must not hide the
    /// others, so a refusal is shown in its place.
    async fn look_up(&self, visitor: &Visitor, connection: Connection) -> Result<Option<Value>, Problem> {
        let customer = visitor.customer;
        match self.hub.session(&connection.session).await {
            Ok(session) if is(&session, "ended") => self.forget(customer, &connection.session).map(|()| None),
            Ok(session) if is(&session, "renewal_required") && !connection.connected => {
                self.tell_unapproved(visitor, &session);
                self.end(customer, &connection.session).await.map(|_| None)
            }
            Ok(session) => Ok(Some(self.with_approval(visitor, &connection, session))),
            Err(problem) if problem.status == http::StatusCode::NOT_FOUND => {
                self.forget(customer, &connection.session).map(|()| None)
            }
            Err(problem) => Ok(Some(json!({
                "session": connection.session, "bank": connection.bank, "status": "unknown",
                "problem": problem.document,
            }))),
        }
    }

    /// Where the browser goes next, if it does. The rest of the hub's answer is the CRM's business.
    fn set_out(&self, visitor: &Visitor, session: &str, started: &Value) -> Answer {
        if let Some(approval) = approval::of(started) {
            self.browsers.await_approval(&visitor.browser, session, approval);
            return Ok(Json(json!({ "approval": session })));
        }
        self.browsers.begin_journey(&visitor.browser, session);
        Ok(Json(json!({ "authorize_url": text(started, "authorize_url")? })))
    }

    /// Ends the journeys to a bank that never came to their end, before another begins. One that cannot be ended now
    /// is shown until it can.
    async fn give_up_unfinished(&self, customer: &Customer, bank: &str) {
        let all = self.connections.of(customer.id).into_iter();
        for unfinished in all.filter(|connection| !connection.connected && connection.bank == bank) {
            self.give_up(customer, &unfinished.session).await;
        }
    }

    /// Ends a session that is no use to anybody. That this fails is no reason to bother the customer.
    pub(super) async fn give_up(&self, customer: &Customer, session: &str) {
        if let Err(problem) = self.end(customer, session).await {
            tracing::warn!(problem.code = problem.text("code"), "an unfinished connection could not be ended");
        }
    }

    async fn end(&self, customer: &Customer, session: &str) -> Result<Value, Problem> {
        let ended = self.hub.end(session).await?;
        if is(&ended, "ended") {
            self.forget(customer, session)?;
        }
        Ok(ended)
    }

    fn forget(&self, customer: &Customer, session: &str) -> Result<(), Problem> {
        self.connections.remove(customer.id, session).map_err(|error| Problem::broken(&error))
    }
}

/// Whether something that the hub told of has that status.
pub(super) fn is(session: &Value, status: &str) -> bool {
    session.get("status").and_then(Value::as_str) == Some(status)
}

fn text(answer: &Value, member: &str) -> Result<String, Problem> {
    answer.get(member).and_then(Value::as_str).map(str::to_owned).ok_or_else(Problem::unreachable)
}
