//! The web port: what happens when the customer's browser comes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use url::form_urlencoded;

use super::decision::{Decision, DecisionError, conclude, open_consent, reply};
use super::desk::Visit;
use super::pages;
use crate::accounts::iban::Iban;
use crate::bank::{Bank, Moment};
use crate::consent::access;
use crate::mood::{Approach, Mood};
use crate::oauth::authorize::{AuthorizationRequest, Unauthorizable, judge};
use crate::oauth::form::Form;
use crate::oauth::metadata;
use crate::random;
use crate::state::State;

/// The router of the web port.
pub(crate) fn router(bank: Arc<Bank>) -> Router {
    let entrances = Mood::ALL
        .into_iter()
        .fold(Router::new(), |router, mood| router.nest(&format!("/{mood}"), entrance(mood).layer(Extension(mood))));
    entrances
        .route("/sca/login", post(log_in))
        .route("/sca/decision", post(decide))
        .route("/", get(home))
        .fallback(async || pages::message(StatusCode::NOT_FOUND, "Not found", "There is no such page."))
        .with_state(bank)
}

fn entrance(mood: Mood) -> Router<Arc<Bank>> {
    match mood.profile().approach {
        Approach::OAuth => Router::new().route("/authorize", get(authorize).head(look)),
        Approach::Redirect => Router::new().route("/sca/{consent}/{authorisation}", get(follow_link).head(look)),
    }
}

/// Looking at an entrance without entering, as previews of links do: no visit begins.
async fn look() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn home() -> Response {
    pages::message(StatusCode::OK, "Welcome", "Start from the application that wants to read an account.")
}

/// `GET /{mood}/authorize`: the OAuth 2 authorisation endpoint.
async fn authorize(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    RawQuery(query): RawQuery,
) -> Result<Response, DecisionError> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    bank.change(|state, moment| {
        let judged = judge(&form, mood, state, moment).map(|(consent, request)| (consent.id.clone(), request));
        match judged {
            Ok((consent, request)) => welcome(&bank, state, consent, Some(request), moment),
            Err(Unauthorizable::Untrusted) => Ok(pages::message(
                StatusCode::BAD_REQUEST,
                "This link does not work",
                "The application that sent you here made a mistake. Nothing has been shared.",
            )),
            Err(Unauthorizable::Told(told)) => {
                let issuer = metadata::issuer(&bank.addresses, mood);
                let answer = ("error", told.error);
                Ok(leave_for(&reply(&told.redirect_uri, answer, told.state.as_deref(), &issuer)?))
            }
        }
    })
}

/// The names in a `scaRedirect` link.
#[derive(Deserialize)]
struct Link {
    consent: String,
    authorisation: String,
}

/// `GET /{mood}/sca/{consent}/{authorisation}`: the plain redirect.
async fn follow_link(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    Path(link): Path<Link>,
) -> Result<Response, DecisionError> {
    bank.change(|state, moment| {
        let consent = open_consent(state, &link.consent, moment)?;
        if consent.mood != mood || consent.authorisation.id != link.authorisation {
            return Err(DecisionError::Closed);
        }
        welcome(&bank, state, link.consent, None, moment)
    })
}

/// A customer comes: a scripted decision answers at once, otherwise the pages begin.
fn welcome(
    bank: &Bank,
    state: &mut State,
    consent: String,
    request: Option<AuthorizationRequest>,
    moment: Moment,
) -> Result<Response, DecisionError> {
    let visit = Visit { consent, request, customer: None, began_at: moment.now };
    if let Some(decision) = state.desk.next_decision() {
        return Ok(leave_for(&conclude(bank, state, &visit, decision, moment)?));
    }
    let token = random::secret()?;
    state.desk.begin(&token, visit);
    Ok(pages::login(&token, bank.book.customers(), None))
}

/// `POST /sca/login`
async fn log_in(Shared(bank): Shared<Arc<Bank>>, body: Bytes) -> Result<Response, DecisionError> {
    let form = Form::read(&body);
    let token = form.one("visit").unwrap_or_default();
    bank.change(|state, moment| {
        let visit = state.desk.visit(token, moment.now).ok_or(DecisionError::Closed)?;
        let customer = form.one("customer").and_then(|id| bank.book.customer(id));
        let customer = customer.filter(|_| form.one("password") == Some(pages::PASSWORD));
        let Some(customer) = customer else {
            let mishap = Some("Customer and password do not belong together.");
            return Ok(pages::login(token, bank.book.customers(), mishap));
        };
        visit.customer = Some(customer.id.to_owned());
        let id = visit.consent.clone();
        let consent = open_consent(state, &id, moment)?;
        consent.authenticated();
        Ok(pages::decide(token, consent, customer, None))
    })
}

/// `POST /sca/decision`
async fn decide(Shared(bank): Shared<Arc<Bank>>, body: Bytes) -> Result<Response, DecisionError> {
    let choice = Choice::read(&body);
    bank.change(|state, moment| {
        let visit = state.desk.visit(&choice.visit, moment.now).ok_or(DecisionError::Closed)?.clone();
        let customer = visit.customer.as_deref().and_then(|id| bank.book.customer(id)).ok_or(DecisionError::Closed)?;
        let consent = open_consent(state, &visit.consent, moment)?;
        let choosing = consent.access.form() == access::Form::Offer;
        if choice.approved && choosing && choice.accounts.is_empty() {
            let mishap = Some("Tick at least one account, or refuse.");
            return Ok(pages::decide(&choice.visit, consent, customer, mishap));
        }
        let decision = if choice.approved {
            Decision::Approve { customer: customer.id.to_owned(), accounts: choosing.then_some(choice.accounts) }
        } else {
            Decision::Refuse
        };
        let location = conclude(&bank, state, &visit, decision, moment)?;
        state.desk.leave(&choice.visit);
        Ok(leave_for(&location))
    })
}

/// The form of the consent page. Anything but a clear yes is a no.
#[derive(Debug, Default)]
struct Choice {
    visit: String,
    approved: bool,
    accounts: Vec<Iban>,
}

impl Choice {
    fn read(body: &[u8]) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "visit" => choice.visit = value.into_owned(),
                "decision" => choice.approved = value == "approve",
                "account" => choice.accounts.extend(Iban::parse(&value)),
                _ => {}
            }
        }
        choice
    }
}

/// 303, so that the browser asks with GET and never repeats a form.
fn leave_for(location: &str) -> Response {
    Redirect::to(location).into_response()
}

impl IntoResponse for DecisionError {
    fn into_response(self) -> Response {
        match self {
            Self::Closed => pages::message(
                StatusCode::GONE,
                "This request is closed",
                "It has been answered already, or it took too long. Please start again in the application.",
            ),
            Self::RedirectUri(_) | Self::State(_) | Self::Randomness(_) => {
                tracing::error!(error = &self as &dyn std::error::Error, "a page could not be made");
                let text = "Something went wrong on our side. Nothing has been shared.";
                pages::message(StatusCode::INTERNAL_SERVER_ERROR, "Sorry", text)
            }
        }
    }
}
