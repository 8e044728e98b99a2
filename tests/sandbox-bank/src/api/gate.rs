//! Who may come to `/consents`.

use axum::http::HeaderMap;

use super::headers::bearer;
use crate::bank::{Bank, Moment};
use crate::mood::{Approach, Consents, Mood};
use crate::oauth::grants::Subject;
use crate::refusal::Refusal;
use crate::sca::app;
use crate::sca::decision::DecisionError;
use crate::state::State;
use crate::tls::caller::Caller;

/// Lets a call about an existing consent in.
pub(super) fn admit(
    mood: Mood,
    headers: &HeaderMap,
    caller: &Caller,
    state: &State,
    moment: Moment,
) -> Result<(), Refusal> {
    match mood.profile().consents {
        Consents::Applications => check_application(subject(headers, caller, state, moment)?),
        Consents::Open | Consents::Customers | Consents::Absent => Ok(()),
    }
}

/// Lets a call for a new consent in, and tells whose it is if the call shows that.
pub(super) fn admit_new(
    mood: Mood,
    headers: &HeaderMap,
    caller: &Caller,
    state: &State,
    moment: Moment,
) -> Result<Option<String>, Refusal> {
    match mood.profile().consents {
        Consents::Customers => match subject(headers, caller, state, moment)? {
            Subject::Customer { customer } => Ok(Some(customer.clone())),
            Subject::Consent(_) | Subject::Application { .. } => Err(Refusal::TokenInvalid),
        },
        Consents::Applications | Consents::Open | Consents::Absent => {
            admit(mood, headers, caller, state, moment).map(|()| None)
        }
    }
}

/// Lets a call in that only an application may make.
pub(super) fn admit_application(
    headers: &HeaderMap,
    caller: &Caller,
    state: &State,
    moment: Moment,
) -> Result<(), Refusal> {
    check_application(subject(headers, caller, state, moment)?)
}

fn check_application(subject: &Subject) -> Result<(), Refusal> {
    matches!(subject, Subject::Application { .. }).then_some(()).ok_or(Refusal::TokenInvalid)
}

fn subject<'s>(headers: &HeaderMap, caller: &Caller, state: &'s State, moment: Moment) -> Result<&'s Subject, Refusal> {
    let token = bearer(headers).ok_or(Refusal::TokenUnknown)?;
    Ok(state.grants.subject_of(token, &caller.tpp.organisation, moment.now)?)
}

/// Turns away whoever asks too often how a consent or an authorisation stands, if the bank minds.
pub(super) fn check_patience(bank: &Bank, consent: &str) -> Result<(), Refusal> {
    if !bank.read(|state, _| state.policy.limits_polls) {
        return Ok(());
    }
    let in_time = bank.change(|state, moment| {
        Ok::<_, Refusal>(state.consents.get_mut(consent).is_none_or(|consent| consent.poll(moment.now)))
    })?;
    in_time.then_some(()).ok_or(Refusal::TooSoon)
}

/// Whoever asks about a consent gives the customer in the app the time to decide, if that is scripted.
pub(super) fn play_script(bank: &Bank, mood: Mood, consent: &str) -> Result<(), Refusal> {
    let waits = mood.profile().approach == Approach::Decoupled && bank.read(|state, _| state.desk.has_decision(mood));
    if !waits {
        return Ok(());
    }
    let played = bank.change(|state, moment| app::play_script(bank, state, consent, mood, moment));
    match played {
        Err(DecisionError::State(error)) => Err(error.into()),
        Err(DecisionError::Randomness(error)) => Err(error.into()),
        Ok(()) | Err(DecisionError::Closed | DecisionError::RedirectUri(_)) => Ok(()),
    }
}
