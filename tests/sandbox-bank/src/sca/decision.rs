//! What the customer decides, and what follows from it for consent, code and browser.

use serde::{Deserialize, Serialize};

use super::desk::Visit;
use crate::accounts::iban::Iban;
use crate::bank::{Bank, Moment};
use crate::consent::{Consent, ConsentStatus, GrantedAccount};
use crate::oauth::authorize::{AuthorizationRequest, redirect};
use crate::oauth::grants::Purpose;
use crate::oauth::metadata;
use crate::random::{self, NoRandomness};
use crate::state::State;
use crate::state_file::DataDirError;

/// A customer's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// Yes, for these accounts, or for all that the consent may cover.
    Approve { customer: String, accounts: Option<Vec<Iban>> },
    /// No.
    Refuse,
}

/// Why a decision cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecisionError {
    #[error("this request is closed")]
    Closed,
    #[error("the redirect URI cannot be extended")]
    RedirectUri(#[from] url::ParseError),
    #[error("the bank failed")]
    State(#[from] DataDirError),
    #[error("the bank failed")]
    Randomness(#[from] NoRandomness),
}

/// Carries out a decision and tells where the browser goes now. An approval that covers no account
/// is a refusal.
pub(crate) fn conclude(
    bank: &Bank,
    state: &mut State,
    visit: &Visit,
    decision: Decision,
    moment: Moment,
) -> Result<String, DecisionError> {
    let consent = open_consent(state, &visit.consent, moment)?;
    if let Decision::Approve { customer, accounts } = decision {
        let granted = granted(bank, consent, &customer, accounts.as_deref())?;
        if !granted.is_empty() {
            consent.approve(&customer, granted, moment.today);
            let approved = consent.clone();
            state.retire_older(&approved, moment.today);
            return way_back(bank, state, &approved, visit, moment);
        }
    }
    consent.refuse(moment.today);
    let refused = consent.clone();
    way_out(bank, &refused, visit)
}

/// The consent of a visit, if it still waits for a decision.
pub(crate) fn open_consent<'a>(
    state: &'a mut State,
    id: &str,
    moment: Moment,
) -> Result<&'a mut Consent, DecisionError> {
    let consent = state.consents.get_mut(id);
    consent.filter(|one| one.status_on(moment.today) == ConsentStatus::Received).ok_or(DecisionError::Closed)
}

fn granted(
    bank: &Bank,
    consent: &Consent,
    customer: &str,
    chosen: Option<&[Iban]>,
) -> Result<Vec<(GrantedAccount, &'static str)>, NoRandomness> {
    let eligible = bank.book.customer(customer).map(|customer| consent.eligible(customer)).unwrap_or_default();
    let wanted = eligible.into_iter().filter(|account| chosen.is_none_or(|chosen| chosen.contains(&account.iban)));
    wanted
        .map(|account| {
            let granted = GrantedAccount { resource_id: random::id()?, iban: account.iban.clone() };
            Ok((granted, account.currency))
        })
        .collect()
}

/// Back to the third party after an approval: with a code, or just so.
fn way_back(
    bank: &Bank,
    state: &mut State,
    consent: &Consent,
    visit: &Visit,
    moment: Moment,
) -> Result<String, DecisionError> {
    let Some(request) = &visit.request else {
        return Ok(consent.redirect_uri.clone());
    };
    let code = random::secret()?;
    let purpose = Purpose {
        client: consent.tpp.organisation.clone(),
        consent: consent.id.clone(),
        redirect_uri: consent.redirect_uri.clone(),
        challenge: request.challenge.clone(),
    };
    let policy = state.tokens.current;
    state.grants.issue_code(&code, purpose, &policy, moment.now);
    answered(bank, consent, request, ("code", &code))
}

/// Back to the third party after a refusal.
fn way_out(bank: &Bank, consent: &Consent, visit: &Visit) -> Result<String, DecisionError> {
    match &visit.request {
        Some(request) => answered(bank, consent, request, ("error", "access_denied")),
        None => Ok(consent.nok_redirect_uri.as_ref().unwrap_or(&consent.redirect_uri).clone()),
    }
}

fn answered(
    bank: &Bank,
    consent: &Consent,
    request: &AuthorizationRequest,
    answer: (&str, &str),
) -> Result<String, DecisionError> {
    let issuer = metadata::issuer(&bank.addresses, consent.mood);
    Ok(reply(&consent.redirect_uri, answer, request.state.as_deref(), &issuer)?)
}

/// An authorisation response: the answer, the client's state if it sent one, and the issuer (RFC 9207).
pub(crate) fn reply(
    uri: &str,
    answer: (&str, &str),
    state: Option<&str>,
    issuer: &str,
) -> Result<String, url::ParseError> {
    let mut parameters = vec![answer];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    redirect(uri, &parameters)
}
