//! The web port: what happens when the customer's browser comes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::choice::Choice;
use super::decision::{Decision, DecisionError, conclude, reply, undecided};
use super::desk::{Errand, Visit};
use super::{app, pages};
use crate::bank::{Bank, Moment};
use crate::consent::order::Order;
use crate::consent::{Consent, Ids, ThirdParty, access};
use crate::mood::{Approach, Mood};
use crate::oauth::authorize::{Aim, AuthorizationRequest, Unauthorizable, judge};
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
    let router = match mood.profile().approach {
        Approach::OAuth => Router::new(),
        Approach::Redirect => Router::new().route("/sca/{consent}/{authorisation}", get(follow_link).head(look)),
        Approach::Decoupled => Router::new().route("/approvals", get(app::list).post(app::decide)),
    };
    match mood.profile().server {
        Some(_) => router.route("/authorize", get(authorize).head(look)),
        None => router,
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
    bank.change(|state, moment| match judge(&form, mood, state, moment) {
        Ok((aim, request)) => {
            let errand = errand(state, aim, &request, mood, moment)?;
            welcome(&bank, state, mood, errand, Some(request), moment)
        }
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
    })
}

/// What the customer is asked. Accounts to pick make a consent that only the bank knows of.
fn errand(
    state: &mut State,
    aim: Aim,
    request: &AuthorizationRequest,
    mood: Mood,
    moment: Moment,
) -> Result<Errand, DecisionError> {
    let consent = match aim {
        Aim::Login => return Ok(Errand::Login { mood }),
        Aim::Consent(id) => state.consents.get(&id).ok_or(DecisionError::Closed)?.clone(),
        Aim::Accounts => {
            let order = Order::of_everything(&request.redirect_uri, &state.policy, moment.today);
            let tpp = ThirdParty { organisation: request.client.clone(), name: request.client.clone() };
            let ids = Ids { consent: random::id()?, authorisation: Some(random::id()?) };
            let consent = Consent::received(order, tpp, mood, ids, moment.now);
            state.consents.insert(consent.id.clone(), consent.clone());
            consent
        }
    };
    let attempt = consent.authorisations.iter().rev().find(|one| one.is_undecided());
    let authorisation = attempt.ok_or(DecisionError::Closed)?.id.clone();
    Ok(Errand::Consent { consent: consent.id, authorisation })
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
        let Link { consent, authorisation } = link;
        if undecided(state, &consent, &authorisation, moment)?.mood != mood {
            return Err(DecisionError::Closed);
        }
        welcome(&bank, state, mood, Errand::Consent { consent, authorisation }, None, moment)
    })
}

/// A customer comes: a scripted decision answers at once, otherwise the pages begin.
fn welcome(
    bank: &Bank,
    state: &mut State,
    mood: Mood,
    errand: Errand,
    request: Option<AuthorizationRequest>,
    moment: Moment,
) -> Result<Response, DecisionError> {
    if state.faults.draw_for_page(mood).is_some() {
        let text = "This takes longer than usual. Please leave this page open.";
        return Ok(pages::message(StatusCode::OK, "One moment", text));
    }
    let visit = Visit { errand, request, customer: None, began_at: moment.now };
    if let Some(decision) = state.desk.next_decision(mood) {
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
        let visit = visit.clone();
        match &visit.errand {
            Errand::Login { .. } => {
                let client = visit.request.as_ref().map(|request| request.client.as_str());
                Ok(pages::admit(token, client.unwrap_or_default(), customer))
            }
            Errand::Consent { consent, authorisation } => {
                let consent = undecided(state, consent, authorisation, moment)?;
                if let Some(attempt) = consent.authorisation_mut(authorisation) {
                    attempt.authenticated();
                }
                Ok(pages::decide(token, consent, customer, None))
            }
        }
    })
}

/// `POST /sca/decision`
async fn decide(Shared(bank): Shared<Arc<Bank>>, body: Bytes) -> Result<Response, DecisionError> {
    let choice = Choice::read(&body);
    bank.change(|state, moment| {
        let visit = state.desk.visit(&choice.visit, moment.now).ok_or(DecisionError::Closed)?.clone();
        let customer = visit.customer.as_deref().and_then(|id| bank.book.customer(id)).ok_or(DecisionError::Closed)?;
        let choosing = match &visit.errand {
            Errand::Login { .. } => false,
            Errand::Consent { consent, authorisation } => {
                let consent = undecided(state, consent, authorisation, moment)?;
                let choosing = consent.access.form() == access::Form::Offer;
                if choice.approved && choosing && choice.accounts.is_empty() {
                    let mishap = Some("Tick at least one account, or refuse.");
                    return Ok(pages::decide(&choice.visit, consent, customer, mishap));
                }
                choosing
            }
        };
        let decision = if choice.approved {
            let accounts = choosing.then_some(choice.accounts);
            Decision::Approve { customer: customer.id.to_owned(), accounts, partly: false }
        } else {
            Decision::Refuse
        };
        let location = conclude(&bank, state, &visit, decision, moment)?;
        state.desk.leave(&choice.visit);
        Ok(leave_for(&location))
    })
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
