//! What the customer decides, and what follows from it for consent, code and browser.

use serde::{Deserialize, Serialize};

use super::desk::{Errand, Visit};
use crate::accounts::iban::Iban;
use crate::bank::{Bank, Moment};
use crate::consent::authorisation::{Approval, Authorisation};
use crate::consent::{Chosen, Consent, ConsentStatus, GrantedAccount};
use crate::fingerprint::sha256_hex;
use crate::mood::{Consents, Mood, Start};
use crate::oauth::authorize::{AuthorizationRequest, redirect};
use crate::oauth::grants::{Purpose, Subject};
use crate::oauth::metadata;
use crate::random::{self, NoRandomness};
use crate::state::State;
use crate::state_file::DataDirError;

/// A customer's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// Yes, for these accounts, or for all that the consent may cover.
    Approve {
        customer: String,
        accounts: Option<Vec<Iban>>,
        /// Somebody else has to agree as well.
        #[serde(default)]
        partly: bool,
    },
    /// No.
    Refuse,
}

/// What became of an attempt to have a consent authorised.
#[derive(Debug)]
pub(crate) enum Outcome {
    Approved,
    /// The third party has to bring this code.
    Unconfirmed(String),
    Refused,
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

/// Carries out a decision and tells where the browser goes now.
pub(crate) fn conclude(
    bank: &Bank,
    state: &mut State,
    visit: &Visit,
    decision: Decision,
    moment: Moment,
) -> Result<String, DecisionError> {
    match (&visit.errand, &visit.request) {
        (Errand::Login { mood }, Some(request)) => log_in(bank, state, *mood, request, decision, moment),
        (Errand::Login { .. }, None) => Err(DecisionError::Closed),
        (Errand::Consent { consent, authorisation }, request) => {
            let (consent, outcome) = settle(bank, state, consent, authorisation, decision, moment)?;
            match request {
                Some(request) => answer(bank, state, &consent, request, &outcome, moment),
                None => way_back(&consent, &outcome),
            }
        }
    }
}

/// Carries out a decision about a consent. An approval that covers no account is a refusal.
pub(crate) fn settle(
    bank: &Bank,
    state: &mut State,
    consent: &str,
    authorisation: &str,
    decision: Decision,
    moment: Moment,
) -> Result<(Consent, Outcome), DecisionError> {
    let consent = undecided(state, consent, authorisation, moment)?;
    if let Decision::Approve { customer, accounts, partly } = decision {
        let accounts = chosen(bank, consent, &customer, accounts.as_deref())?;
        if !accounts.is_empty() {
            let outcome = agree(consent, authorisation, &customer, accounts, moment)?;
            if partly && matches!(outcome, Outcome::Approved) {
                consent.put(ConsentStatus::PartiallyAuthorised, moment.today);
            }
            let approved = consent.clone();
            let counts = approved.mood.profile().consents != Consents::Absent;
            if counts && approved.status_on(moment.today) == ConsentStatus::Valid {
                state.retire_older(&approved, moment.today);
            }
            return Ok((approved, outcome));
        }
    }
    consent.refuse(authorisation, moment.today);
    Ok((consent.clone(), Outcome::Refused))
}

fn agree(
    consent: &mut Consent,
    authorisation: &str,
    customer: &str,
    accounts: Vec<Chosen>,
    moment: Moment,
) -> Result<Outcome, NoRandomness> {
    if consent.mood.profile().start == Start::Implicit {
        consent.approve(authorisation, customer, accounts, moment.today);
        return Ok(Outcome::Approved);
    }
    let code = random::secret()?;
    let code_sha256 = sha256_hex(code.as_bytes());
    consent.approve_unconfirmed(authorisation, Approval { customer: customer.to_owned(), accounts, code_sha256 });
    Ok(Outcome::Unconfirmed(code))
}

/// The consent, if it still waits for a decision in this attempt.
pub(crate) fn undecided<'a>(
    state: &'a mut State,
    consent: &str,
    authorisation: &str,
    moment: Moment,
) -> Result<&'a mut Consent, DecisionError> {
    let waits = |one: &Consent| {
        one.status_on(moment.today) == ConsentStatus::Received
            && one.authorisation(authorisation).is_some_and(Authorisation::is_undecided)
    };
    state.consents.get_mut(consent).filter(|one| waits(one)).ok_or(DecisionError::Closed)
}

fn chosen(bank: &Bank, consent: &Consent, customer: &str, wish: Option<&[Iban]>) -> Result<Vec<Chosen>, NoRandomness> {
    let eligible = bank.book.customer(customer).map(|customer| consent.eligible(customer)).unwrap_or_default();
    let wanted = eligible.into_iter().filter(|account| wish.is_none_or(|wish| wish.contains(&account.iban)));
    wanted
        .map(|account| {
            let granted = GrantedAccount { resource_id: random::id()?, iban: account.iban.clone() };
            Ok(Chosen { granted, currency: account.currency.to_owned() })
        })
        .collect()
}

/// Back from a login before any consent.
fn log_in(
    bank: &Bank,
    state: &mut State,
    mood: Mood,
    request: &AuthorizationRequest,
    decision: Decision,
    moment: Moment,
) -> Result<String, DecisionError> {
    match decision {
        Decision::Approve { customer, .. } => {
            let code = code(state, request, Subject::Customer { customer }, moment)?;
            answered(bank, mood, request, ("code", &code))
        }
        Decision::Refuse => answered(bank, mood, request, ("error", "access_denied")),
    }
}

/// Back from an authorisation request: with a code or an error.
fn answer(
    bank: &Bank,
    state: &mut State,
    consent: &Consent,
    request: &AuthorizationRequest,
    outcome: &Outcome,
    moment: Moment,
) -> Result<String, DecisionError> {
    if matches!(outcome, Outcome::Refused) {
        return answered(bank, consent.mood, request, ("error", "access_denied"));
    }
    let code = code(state, request, Subject::Consent(consent.id.clone()), moment)?;
    answered(bank, consent.mood, request, ("code", &code))
}

fn code(
    state: &mut State,
    request: &AuthorizationRequest,
    subject: Subject,
    moment: Moment,
) -> Result<String, NoRandomness> {
    let code = random::secret()?;
    let purpose = Purpose {
        client: request.client.clone(),
        subject,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
    };
    let policy = state.tokens.current;
    state.grants.issue_code(&code, purpose, &policy, moment.now);
    Ok(code)
}

/// Back from a plain redirect: just so, with the code to confirm with, or to the address for refusals.
fn way_back(consent: &Consent, outcome: &Outcome) -> Result<String, DecisionError> {
    match outcome {
        Outcome::Approved => Ok(consent.redirect_uri.clone()),
        Outcome::Unconfirmed(code) => Ok(redirect(&consent.redirect_uri, &[("confirmationCode", code)])?),
        Outcome::Refused => Ok(consent.nok_redirect_uri.as_ref().unwrap_or(&consent.redirect_uri).clone()),
    }
}

fn answered(
    bank: &Bank,
    mood: Mood,
    request: &AuthorizationRequest,
    answer: (&str, &str),
) -> Result<String, DecisionError> {
    let issuer = metadata::issuer(&bank.addresses, mood);
    Ok(reply(&request.redirect_uri, answer, request.state.as_deref(), &issuer)?)
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
