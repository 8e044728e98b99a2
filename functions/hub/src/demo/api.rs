//! What the page asks of the demo CRM's server: small calls, each for the customer who sits at the browser.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Demo,
    connections::Connection,
    customers::{CUSTOMERS, Customer},
    hub_api::Reading,
    problem::Problem,
    visitor::Visitor,
};

type Answer = Result<Json<Value>, Problem>;

/// Everything that the page shows first.
pub async fn overview(State(demo): State<Arc<Demo>>, visitor: Visitor) -> Answer {
    let banks = demo.hub.banks().await?;
    let mut connections = Vec::new();
    for connection in demo.connections.of(visitor.customer.id) {
        connections.extend(demo.look_up(visitor.customer, connection).await?);
    }
    Ok(Json(json!({
        "customer": visitor.customer,
        "customers": &CUSTOMERS,
        "banks": banks.get("banks"),
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
}

/// Starts a journey to a bank; the page then sends the browser to the address in the answer.
pub async fn connect(State(demo): State<Arc<Demo>>, visitor: Visitor, Json(wanted): Json<ConnectRequest>) -> Answer {
    demo.give_up_unfinished(visitor.customer, &wanted.bank).await;
    let started = demo.hub.start(&visitor, &wanted.bank, &demo.return_url).await?;
    let session = text(&started, "session")?;
    let connection = Connection { session: session.clone(), bank: wanted.bank, connected: false };
    demo.connections.add(visitor.customer.id, connection).map_err(|error| Problem::broken(&error))?;
    demo.browsers.begin_journey(&visitor.browser, &session);
    journey(&started)
}

/// Starts another journey for a connection whose consent has ended or soon will.
pub async fn renew(State(demo): State<Arc<Demo>>, visitor: Visitor, Path(session): Path<String>) -> Answer {
    let session = demo.own(&visitor, &session)?;
    let started = demo.hub.renew(&visitor, &session, &demo.return_url).await?;
    demo.browsers.begin_journey(&visitor.browser, &session);
    journey(&started)
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
    fn own(&self, visitor: &Visitor, session: &str) -> Result<String, Problem> {
        let connection = self.connections.find(visitor.customer.id, session);
        connection.map(|connection| connection.session).ok_or_else(Problem::not_found)
    }

    /// A connection as the hub tells of it; `None` if it is over. A hub that refuses one connection must not hide the
    /// others, so a refusal is shown in its place.
    async fn look_up(&self, customer: &Customer, connection: Connection) -> Result<Option<Value>, Problem> {
        match self.hub.session(&connection.session).await {
            Ok(session) if is(&session, "ended") => self.forget(customer, &connection.session).map(|()| None),
            Ok(session) if is(&session, "renewal_required") && !connection.connected => {
                self.end(customer, &connection.session).await.map(|_| None)
            }
            Ok(session) => Ok(Some(session)),
            Err(problem) if problem.status == http::StatusCode::NOT_FOUND => {
                self.forget(customer, &connection.session).map(|()| None)
            }
            Err(problem) => Ok(Some(json!({
                "session": connection.session, "bank": connection.bank, "status": "unknown",
                "problem": problem.document,
            }))),
        }
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

fn is(session: &Value, status: &str) -> bool {
    session.get("status").and_then(Value::as_str) == Some(status)
}

/// Where the browser goes next. The rest of the hub's answer is the CRM's business.
fn journey(started: &Value) -> Answer {
    Ok(Json(json!({ "authorize_url": text(started, "authorize_url")? })))
}

fn text(answer: &Value, member: &str) -> Result<String, Problem> {
    answer.get(member).and_then(Value::as_str).map(str::to_owned).ok_or_else(Problem::unreachable)
}
