//! Confirms an authorisation after the PSU's return, where the bank wants that.

use crate::{
    domain::{bank::Bank, consent::ScaStatus, grant::Grant, secret::SecretString, session::Session},
    flows::{deps::Deps, journey::Pending, trail::Trail, trouble::Trouble},
    protocol::berlin_group::{authorisations, headers::CallHeaders},
};

/// Who confirms, and at which bank.
pub(super) struct Confirmation<'a> {
    pub deps: &'a Deps,
    pub trail: &'a Trail,
    pub bank: &'a Bank,
    pub session: &'a Session,
    pub grant: &'a Grant,
}

impl Confirmation<'_> {
    /// Confirms with the code that came back with the browser, or with the token. A browser that came back with neither
    /// brings no confirmation; the consent's status tells why.
    pub async fn of(&self, pending: &Pending, code: Option<&SecretString>) -> Result<(), Trouble> {
        if !pending.confirmation || (code.is_none() && !pending.awaits_oauth()) {
            return Ok(());
        }
        let Self { deps, trail, bank, session, grant } = *self;
        let id = |text: &Option<String>| text.clone().map(SecretString::from).ok_or(Trouble::Integrity);
        let (consent, authorisation) = (id(&pending.consent_id)?, id(&pending.authorisation_id)?);
        let headers = CallHeaders::unattended(deps.call_id()?, grant.access_token());
        let request = authorisations::confirm(bank, &consent, &authorisation, code, &headers)?;
        let response = deps.calls.send(bank, trail, session, request).await?;
        match authorisations::status_answer(bank, headers.request_id, &response)? {
            ScaStatus::Failed => Err(Trouble::NotConfirmed),
            ScaStatus::UnderWay | ScaStatus::Unconfirmed | ScaStatus::Finalised | ScaStatus::Unknown => Ok(()),
        }
    }
}
