//! The gate in front of account data: token, consent, account, allowance, in this order.

use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::headers::{InOrder, bearer, required};
use super::links::Links;
use crate::accounts::iban::Iban;
use crate::accounts::people::Account;
use crate::bank::{Bank, Moment};
use crate::consent::access::Resource;
use crate::consent::{Consent, ConsentStatus};
use crate::mood::{Mood, Proof};
use crate::quota::{Presence, Read};
use crate::refusal::Refusal;
use crate::state::State;
use crate::tls::caller::Caller;

/// A caller with a valid consent, and with the token that goes with it where the mood wants one.
#[derive(Debug)]
pub(super) struct Entitled {
    pub(super) consent: Consent,
    pub(super) moment: Moment,
    presence: Presence,
}

impl FromRequestParts<Arc<Bank>> for Entitled {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Arc<Bank>) -> Result<Self, Refusal> {
        let InOrder { presence } = InOrder::from_request_parts(parts, bank).await?;
        let missing = |_| Refusal::ConsentInvalid;
        let Extension(mood) = Extension::<Mood>::from_request_parts(parts, bank).await.map_err(missing)?;
        let Extension(caller) = Extension::<Caller>::from_request_parts(parts, bank).await.map_err(missing)?;
        let id = required(&parts.headers, "consent-id")?;
        bank.read(|state, moment| {
            if mood.profile().proof == Proof::Token {
                check_token(state, &parts.headers, &caller, id, moment)?;
            }
            let own = state.own_consent(id, mood, &caller.tpp.organisation);
            let consent = own.cloned().ok_or(Refusal::ConsentUnknownInHeader)?;
            check_status(&consent, moment)?;
            Ok(Self { consent, moment, presence })
        })
    }
}

fn check_token(
    state: &State,
    headers: &HeaderMap,
    caller: &Caller,
    consent: &str,
    moment: Moment,
) -> Result<(), Refusal> {
    let token = bearer(headers).ok_or(Refusal::TokenUnknown)?;
    let opens = state.grants.consent_of(token, &caller.tpp.organisation, moment.now)?;
    (opens == consent).then_some(()).ok_or(Refusal::TokenInvalid)
}

fn check_status(consent: &Consent, moment: Moment) -> Result<(), Refusal> {
    match consent.status_on(moment.today) {
        ConsentStatus::Valid => Ok(()),
        ConsentStatus::Expired => Err(Refusal::ConsentExpired),
        ConsentStatus::Received
        | ConsentStatus::Rejected
        | ConsentStatus::RevokedByPsu
        | ConsentStatus::TerminatedByTpp => Err(Refusal::ConsentInvalid),
    }
}

impl Entitled {
    /// The account that the consent knows under this id, if the consent covers this data of it.
    pub(super) fn account<'b>(&self, bank: &'b Bank, id: &str, resource: Resource) -> Result<&'b Account, Refusal> {
        let granted = self.consent.account(id).ok_or(Refusal::ResourceUnknown)?;
        self.check_access(&granted.iban, resource)?;
        bank.book.account(&granted.iban).ok_or(Refusal::ResourceUnknown)
    }

    fn check_access(&self, iban: &Iban, resource: Resource) -> Result<(), Refusal> {
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
