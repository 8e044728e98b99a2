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
    let notice = demo.outcome(&returned).await;
    demo.browsers.leave_notice(&visitor.browser, notice);
    Redirect::to("/").into_response()
}

impl Demo {
    async fn outcome(&self, returned: &Returned) -> Notice {
        let session = &returned.session;
        match (&returned.activation_code, &returned.error) {
            (Some(code), _) => match self.hub.activate(session, code).await {
                Ok(_) => connected(session),
                Err(problem) => refused(session, &problem),
            },
            (None, error) => not_connected(session, error.as_deref().unwrap_or("unknown")),
        }
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

fn not_connected(session: &str, code: &str) -> Notice {
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
        session: Some(session.to_owned()),
    }
}

fn refused(session: &str, problem: &Problem) -> Notice {
    let owned = |member| problem.text(member).map(str::to_owned);
    Notice {
        tone: Tone::Failure,
        title: owned("title").unwrap_or_else(|| "The hub did not accept the activation code".to_owned()),
        code: owned("code"),
        next_action: owned("next_action"),
        session: Some(session.to_owned()),
    }
}

fn not_yours() -> Response {
    (StatusCode::FORBIDDEN, pages::html(pages::NOT_YOURS)).into_response()
}
