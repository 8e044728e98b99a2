//! The bank's app, for customers that no browser brings: it lists what waits for a decision.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::choice::Choice;
use super::decision::{Decision, DecisionError, settle};
use super::pages;
use crate::accounts::people::Customer;
use crate::bank::{Bank, Moment};
use crate::consent::access::Form;
use crate::consent::{Consent, ConsentStatus};
use crate::mood::Mood;
use crate::state::State;

/// `GET /{mood}/approvals`: what waits, the oldest first.
pub(super) async fn list(Shared(bank): Shared<Arc<Bank>>, Extension(mood): Extension<Mood>) -> Response {
    bank.read(|state, moment| {
        let mut waiting: Vec<(&Consent, &Customer)> = state
            .consents
            .values()
            .filter(|consent| consent.mood == mood && waiting_attempt(consent, moment).is_some())
            .filter_map(|consent| Some((consent, bank.book.customer(consent.asked_of.as_deref()?)?)))
            .collect();
        waiting.sort_by_key(|(consent, _)| consent.created_at);
        pages::approvals(mood, &waiting)
    })
}

/// `POST /{mood}/approvals`: the customer decides about one of them.
pub(super) async fn decide(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    body: Bytes,
) -> Result<Response, DecisionError> {
    let choice = Choice::read(&body);
    bank.change(|state, moment| {
        let consent = state.consents.get(&choice.consent).filter(|consent| consent.mood == mood);
        let consent = consent.ok_or(DecisionError::Closed)?;
        let accounts = (consent.access.form() == Form::Offer).then_some(choice.accounts);
        let decision = if choice.approved {
            Decision::Approve { customer: String::new(), accounts, partly: false }
        } else {
            Decision::Refuse
        };
        carry_out(&bank, state, &choice.consent, decision, moment)
    })?;
    Ok(Redirect::to(&format!("/{mood}/approvals")).into_response())
}

/// Plays the next scripted decision for a consent that waits, if there is one.
pub(crate) fn play_script(
    bank: &Bank,
    state: &mut State,
    id: &str,
    mood: Mood,
    moment: Moment,
) -> Result<(), DecisionError> {
    let waits = state.consents.get(id).is_some_and(|consent| waiting_attempt(consent, moment).is_some());
    match waits.then(|| state.desk.next_decision(mood)).flatten() {
        Some(decision) => carry_out(bank, state, id, decision, moment),
        None => Ok(()),
    }
}

/// It is always the customer who was asked that decides, whomever a script names.
fn carry_out(
    bank: &Bank,
    state: &mut State,
    id: &str,
    decision: Decision,
    moment: Moment,
) -> Result<(), DecisionError> {
    let consent = state.consents.get(id).ok_or(DecisionError::Closed)?;
    let attempt = waiting_attempt(consent, moment).ok_or(DecisionError::Closed)?;
    let decision = match (decision, &consent.asked_of) {
        (Decision::Approve { accounts, partly, .. }, Some(customer)) => {
            Decision::Approve { customer: customer.clone(), accounts, partly }
        }
        (decision, _) => decision,
    };
    settle(bank, state, id, &attempt, decision, moment).map(drop)
}

fn waiting_attempt(consent: &Consent, moment: Moment) -> Option<String> {
    let open = consent.status_on(moment.today) == ConsentStatus::Received;
    let attempt = consent.authorisations.iter().rev().find(|attempt| open && attempt.is_undecided())?;
    Some(attempt.id.clone())
}
