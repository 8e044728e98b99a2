//! The way back from the bank: the return URL that the hub sends browsers to.
//!
//! A consent belongs to whoever gave it. The demo redeems the activation code only in the browser that began the
//! journey, so that a connect link sent to somebody else connects nothing.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, request::Parts};
use serde::Deserialize;

use super::{
    Demo,
    browsers::{Notice, Tone},
    pages,
    problem::Problem,
    visitor::Visitor,
};

/// What the hub adds to the return URL.
#[derive(Deserialize)]
pub struct Returned {
    session: String,
    activation_code: Option<String>,
    error: Option<String>,
}

/// Redeems the code, or tells why there is none, and shows the page.
pub async fn come_back(State(demo): State<Arc<Demo>>, Query(returned): Query<Returned>, parts: Parts) -> Response {
    let Some(visitor) = Visitor::recognise(&parts, &demo) else { return not_yours() };
    if !demo.browsers.end_journey(&visitor.browser, &returned.session) {
        return not_yours();
    }
    let notice = demo.outcome(&visitor, &returned).await;
    demo.browsers.leave_notice(&visitor.browser, notice);
    Redirect::to("/").into_response()
}

impl Demo {
    async fn outcome(&self, visitor: &Visitor, returned: &Returned) -> Notice {
        let Returned { session, activation_code, error } = returned;
        let granted = activation_code.as_deref().ok_or_else(|| error.as_deref().unwrap_or("unknown"));
        self.finish(visitor, session, granted).await
    }

    /// Redeems the code of a journey that ended with one; a journey that ended with an error's code instead is given
    /// up, unless there is a consent from before.
    pub(super) async fn finish(&self, visitor: &Visitor, session: &str, granted: Result<&str, &str>) -> Notice {
        let activated = match granted {
            Ok(code) => self.activate(visitor, session, code).await,
            Err(error) => Err(not_connected(error)),
        };
        if activated.is_err() && self.is_unfinished(visitor, session) {
            self.give_up(visitor.customer, session).await;
        }
        activated.map_or_else(|failure| failure, |()| connected(session))
    }

    async fn activate(&self, visitor: &Visitor, session: &str, code: &str) -> Result<(), Notice> {
        self.hub.activate(session, code).await.map_err(|problem| refused(&problem))?;
        let noted = self.connections.set_connected(visitor.customer.id, session);
        noted.map_err(|error| refused(&Problem::broken(&error)))
    }

    /// Whether there is nothing that a failed journey leaves as it was: no consent from before.
    fn is_unfinished(&self, visitor: &Visitor, session: &str) -> bool {
        let connection = self.connections.find(visitor.customer.id, session);
        connection.is_some_and(|connection| !connection.connected)
    }
}

fn connected(session: &str) -> Notice {
    Notice {
        tone: Tone::Success,
        title: "Your bank is connected".to_owned(),
        code: None,
        next_action: None,
        session: Some(session.to_owned()),
    }
}

/// Tells why nothing came of a journey.
pub(super) fn not_connected(code: &str) -> Notice {
    let title = match code {
        "sca_denied" => "You refused at the bank, so nothing was connected",
        "sca_expired" => "The bank was not answered in time, so nothing was connected",
        _ => "The bank did not confirm, so nothing was connected",
    };
    Notice {
        tone: Tone::Failure,
        title: title.to_owned(),
        code: Some(code.to_owned()),
        next_action: Some("restart".to_owned()),
        session: None,
    }
}

fn refused(problem: &Problem) -> Notice {
    let owned = |member| problem.text(member).map(str::to_owned);
    Notice {
        tone: Tone::Failure,
        title: owned("title").unwrap_or_else(|| "The hub did not accept the activation code".to_owned()),
        code: owned("code"),
        next_action: owned("next_action"),
        session: None,
    }
}

fn not_yours() -> Response {
    (StatusCode::FORBIDDEN, pages::html(pages::NOT_YOURS)).into_response()
}
