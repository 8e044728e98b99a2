//! The gate in front of account data: token, consent, account, allowance, in this order.

use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::headers::{InOrder, bearer_in, check_whole_psu, required};
use super::links::Links;
use crate::accounts::iban::Iban;
use crate::accounts::people::Account;
use crate::bank::{Bank, Moment};
use crate::consent::access::Resource;
use crate::consent::{Consent, ConsentStatus};
use crate::mood::{Mood, Proof};
use crate::oauth::grants::Subject;
use crate::policy::Policy;
use crate::quota::{Presence, Read};
use crate::refusal::Refusal;
use crate::state::State;
use crate::tls::caller::Caller;

/// A caller with a valid consent, and with the token that goes with it where the mood wants one.
#[derive(Debug)]
pub(super) struct Entitled {
    pub(super) consent: Consent,
    pub(super) moment: Moment,
    pub(super) presence: Presence,
    /// The bank's habits at that moment.
    pub(super) policy: Policy,
}

impl FromRequestParts<Arc<Bank>> for Entitled {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Arc<Bank>) -> Result<Self, Refusal> {
        let InOrder { presence } = InOrder::from_request_parts(parts, bank).await?;
        let missing = |_| Refusal::ConsentInvalid;
        let Extension(mood) = Extension::<Mood>::from_request_parts(parts, bank).await.map_err(missing)?;
        let Extension(caller) = Extension::<Caller>::from_request_parts(parts, bank).await.map_err(missing)?;
        let visitor = Visitor { mood, caller: &caller, headers: &parts.headers };
        let entitled = bank.read(|state, moment| {
            if mood.profile().whole_psu_headers || state.policy.whole_psu_headers {
                check_whole_psu(&parts.headers)?;
            }
            let consent = visitor.consent(state, moment)?.clone();
            check_status(&consent, moment).map_err(|refusal| {
                // Where no consent is known of, it is the token that is no good any more.
                if mood.profile().proof == Proof::Token { Refusal::TokenInvalid } else { refusal }
            })?;
            Ok::<_, Refusal>(Self { consent, moment, presence, policy: state.policy.clone() })
        })?;
        entitled.use_up(bank)?;
        Ok(entitled)
    }
}

/// Somebody who wants data, with all that the call shows.
#[derive(Clone, Copy)]
struct Visitor<'a> {
    mood: Mood,
    caller: &'a Caller,
    headers: &'a HeaderMap,
}

impl Visitor<'_> {
    /// The consent that the call shows, with the token that has to go with it.
    fn consent<'s>(&self, state: &'s State, moment: Moment) -> Result<&'s Consent, Refusal> {
        let proof = self.mood.profile().proof;
        if proof == Proof::Token {
            return self.consent_of_token(state, moment);
        }
        let id = required(self.headers, "consent-id")?;
        let subject = match proof {
            Proof::ConsentAndToken | Proof::ConsentAndLogin => Some(self.subject(state, moment)?),
            Proof::Consent | Proof::Token => None,
        };
        if proof == Proof::ConsentAndToken && subject != Some(&Subject::Consent(id.to_owned())) {
            return Err(Refusal::TokenInvalid);
        }
        let own = state.own_consent(id, self.mood, &self.caller.tpp.organisation);
        let consent = own.ok_or(Refusal::ConsentUnknownInHeader)?;
        if proof == Proof::ConsentAndLogin && !is_login_of(subject, consent) {
            return Err(Refusal::TokenInvalid);
        }
        Ok(consent)
    }

    /// The consent behind a token, where a consent of its own has no place.
    fn consent_of_token<'s>(&self, state: &'s State, moment: Moment) -> Result<&'s Consent, Refusal> {
        if self.headers.contains_key("consent-id") {
            return Err(Refusal::Format("the header consent-id is not wanted here".to_owned()));
        }
        let Subject::Consent(id) = self.subject(state, moment)? else {
            return Err(Refusal::TokenInvalid);
        };
        state.own_consent(id, self.mood, &self.caller.tpp.organisation).ok_or(Refusal::TokenInvalid)
    }

    fn subject<'s>(&self, state: &'s State, moment: Moment) -> Result<&'s Subject, Refusal> {
        let token = bearer_in(self.headers, self.mood.profile().token_header()).ok_or(Refusal::TokenUnknown)?;
        Ok(state.grants.subject_of(token, &self.caller.tpp.organisation, moment.now)?)
    }
}

/// Whether a token is that of the customer who gave the consent, or may still give it.
fn is_login_of(subject: Option<&Subject>, consent: &Consent) -> bool {
    matches!(subject, Some(Subject::Customer { customer }) if consent.may_be_given_by(customer))
}

fn check_status(consent: &Consent, moment: Moment) -> Result<(), Refusal> {
    match consent.status_on(moment.today) {
        ConsentStatus::Valid => Ok(()),
        ConsentStatus::Expired => Err(Refusal::ConsentExpired),
        ConsentStatus::Received
        | ConsentStatus::PartiallyAuthorised
        | ConsentStatus::OnHold
        | ConsentStatus::Rejected
        | ConsentStatus::RevokedByPsu
        | ConsentStatus::TerminatedByTpp => Err(Refusal::ConsentInvalid),
    }
}

impl Entitled {
    /// Takes one use of the consent, where consents have only so many; the next one ends it.
    fn use_up(&self, bank: &Bank) -> Result<(), Refusal> {
        let Some(uses) = self.policy.uses else {
            return Ok(());
        };
        bank.change(|state, moment| {
            let consent = state.consents.get_mut(&self.consent.id).ok_or(Refusal::ConsentUnknownInHeader)?;
            if consent.uses >= uses {
                consent.end(ConsentStatus::Expired, moment.today);
                return Err(Refusal::ConsentExpired);
            }
            consent.uses += 1;
            Ok(())
        })
    }

    /// The account that the consent knows under this id, if the consent covers this data of it.
    pub(super) fn account<'b>(&self, bank: &'b Bank, id: &str, resource: Resource) -> Result<&'b Account, Refusal> {
        let granted = self.consent.account(id).ok_or(Refusal::ResourceUnknown)?;
        self.check_access(&granted.iban, resource)?;
        bank.book.account(&granted.iban).ok_or(Refusal::ResourceUnknown)
    }

    /// Whether the consent covers this data of an account.
    pub(super) fn check_access(&self, iban: &Iban, resource: Resource) -> Result<(), Refusal> {
        let reachable = self.consent.access.is_addressable() && self.consent.access.allows(resource, iban);
        reachable.then_some(()).ok_or(Refusal::ConsentInvalid)
    }

    /// Takes this read from the consent's allowance.
    pub(super) fn count(&self, bank: &Bank, resource: Resource, account: Option<&str>) -> Result<(), Refusal> {
        let read = Read { consent: &self.consent, resource, account, presence: self.presence };
        if read.is_free() {
            return Ok(());
        }
        bank.change(|state, moment| Ok(state.reads.take(&read, moment.now)?))
    }

    /// The links of this consent's mood.
    pub(super) fn links<'b>(&self, bank: &'b Bank) -> Links<'b> {
        Links::new(&bank.addresses, self.consent.mood)
    }
}
