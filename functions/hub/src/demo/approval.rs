//! Journeys whose customer approves away from the browser, in the bank's app: the page waits and asks, and what came of
//! it is redeemed in the browser that began.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{
    Demo,
    api::{Answer, is},
    browsers::Approval,
    connections::Connection,
    homecoming,
    visitor::Visitor,
};

/// What such a journey waits for, if the hub's answer begins one.
pub fn of(started: &Value) -> Option<Approval> {
    let told = started.get("decoupled")?;
    let text = |member| told.get(member).and_then(Value::as_str).map(str::to_owned);
    Some(Approval { code: text("activation_code")?, psu_message: text("psu_message") })
}

/// How the approval stands: `waiting`, with the hub's word on when to ask again, or `over`. What came of it is told by
/// the next look at the page.
pub async fn ask(State(demo): State<Arc<Demo>>, visitor: Visitor, Path(session): Path<String>) -> Answer {
    let session = demo.own(&visitor, &session)?;
    let Some(approval) = demo.browsers.approval(&visitor.browser, &session) else { return Ok(over()) };
    let told = demo.hub.session(&session).await?;
    let granted = match told.get("pending").filter(|pending| !pending.is_null()) {
        Some(pending) if is(pending, "awaiting_activation") => Ok(approval.code.as_str()),
        Some(pending) => {
            return Ok(Json(json!({"status": "waiting", "ask_again_at": pending.get("ask_again_at")})));
        }
        None => Err(reason(&told)),
    };
    // Another tab of the same browser may have been quicker.
    if demo.browsers.end_journey(&visitor.browser, &session) {
        let notice = demo.finish(&visitor, &session, granted).await;
        demo.browsers.leave_notice(&visitor.browser, notice);
    }
    Ok(over())
}

impl Demo {
    /// A connection as the page is told of it, with where to approve and what to tell while the customer has not.
    pub(super) fn with_approval(&self, visitor: &Visitor, connection: &Connection, mut told: Value) -> Value {
        let approval = self.browsers.approval(&visitor.browser, &connection.session);
        if let Some((approval, members)) = approval.zip(told.as_object_mut()) {
            let url = self.sandbox.approvals_url(&connection.bank);
            members.insert("approval".to_owned(), json!({"psu_message": approval.psu_message, "url": url}));
        }
        told
    }

    /// Leaves a notice that nothing came of an approval, if this browser waits for one in that session.
    pub(super) fn tell_unapproved(&self, visitor: &Visitor, told: &Value) {
        let session = told.get("session").and_then(Value::as_str).unwrap_or_default();
        let waited = self.browsers.approval(&visitor.browser, session).is_some();
        if waited && self.browsers.end_journey(&visitor.browser, session) {
            self.browsers.leave_notice(&visitor.browser, homecoming::not_connected(reason(told)));
        }
    }
}

fn over() -> Json<Value> {
    Json(json!({"status": "over"}))
}

/// Why no consent works, in the hub's word.
fn reason(told: &Value) -> &str {
    told.get("reason").and_then(Value::as_str).unwrap_or("unknown")
}
