//! A consent (Berlin Group 1.3.11, `/v1/consents`): what a third party may read, until when, and
//! where it stands between request and end.

pub(crate) mod access;
pub(crate) mod authorisation;
pub(crate) mod order;

use aws_lc_rs::digest;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::accounts::iban::Iban;
use crate::accounts::people::{Account, Customer};
use crate::mood::Mood;
use access::{Access, AccountReference, Form};
use authorisation::{Approval, Authorisation};
pub(crate) use authorisation::{Chosen, ScaStatus};

/// How soon its standing may be asked for again, where the bank minds: twice a second.
const SHORTEST_POLL: SignedDuration = SignedDuration::from_millis(500);

/// One consent and all that the bank remembers about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) id: String,
    pub(crate) mood: Mood,
    pub(crate) tpp: ThirdParty,
    pub(crate) access: Access,
    pub(crate) recurring: bool,
    pub(crate) valid_until: Date,
    pub(crate) frequency_per_day: u8,
    pub(crate) created_at: Timestamp,
    pub(crate) last_action: Date,
    pub(crate) redirect_uri: String,
    pub(crate) nok_redirect_uri: Option<String>,
    /// The attempts to have it authorised, oldest first.
    #[serde(alias = "authorisation", deserialize_with = "authorisation::one_or_several")]
    pub(crate) authorisations: Vec<Authorisation>,
    /// The only one who may give it, if the bank knows already.
    #[serde(default)]
    pub(crate) asked_of: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) accounts: Vec<GrantedAccount>,
    /// How many reads of data it was good for, where the bank counts them.
    #[serde(default)]
    pub(crate) uses: u32,
    /// When its standing was last asked for, where the bank minds.
    #[serde(default)]
    pub(crate) polled_at: Option<Timestamp>,
    /// As stored; [`Consent::status_on`] also knows that time passes.
    status: ConsentStatus,
}

/// Who asked: taken from the certificate that made the consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ThirdParty {
    /// The `organizationIdentifier`, which also is the OAuth client id.
    pub(crate) organisation: String,
    pub(crate) name: String,
}

/// An account as this consent names it. The id is new in every consent, so clients have to match
/// accounts again by IBAN after a renewal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantedAccount {
    pub(crate) resource_id: String,
    pub(crate) iban: Iban,
}

impl GrantedAccount {
    /// How the consent names the account's card, which is not how it names the account.
    pub(crate) fn card_id(&self) -> String {
        let digest = digest::digest(&digest::SHA256, format!("card of {}", self.resource_id).as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, drawn)| *byte = *drawn);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// `consentStatus` of the Berlin Group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ConsentStatus {
    Received,
    Valid,
    Rejected,
    RevokedByPsu,
    Expired,
    TerminatedByTpp,
    /// Somebody else has to agree as well.
    PartiallyAuthorised,
    /// A word of this bank's own, which the standard allows.
    OnHold,
}

impl Consent {
    /// A consent as the bank takes it in.
    pub(crate) fn received(order: order::Order, tpp: ThirdParty, mood: Mood, ids: Ids, now: Timestamp) -> Self {
        Self {
            id: ids.consent,
            mood,
            tpp,
            access: order.access,
            recurring: order.recurring,
            valid_until: order.valid_until,
            frequency_per_day: order.frequency_per_day,
            created_at: now,
            last_action: order.ordered_on,
            redirect_uri: order.redirect_uri,
            nok_redirect_uri: order.nok_redirect_uri,
            authorisations: ids.authorisation.map(Authorisation::received).into_iter().collect(),
            asked_of: None,
            customer: None,
            accounts: Vec::new(),
            uses: 0,
            polled_at: None,
            status: ConsentStatus::Received,
        }
    }

    /// Where the consent stands on a day: `validUntil` is the last day it holds.
    pub(crate) fn status_on(&self, today: Date) -> ConsentStatus {
        match self.status {
            status if status.is_open() && self.valid_until < today => ConsentStatus::Expired,
            status => status,
        }
    }

    /// The accounts of `customer` that this consent may cover.
    pub(crate) fn eligible<'a>(&self, customer: &'a Customer) -> Vec<&'a Account> {
        let named = self.access.named();
        let may = |account: &&Account| match self.access.form() {
            Form::Named => named.contains(&account.iban),
            Form::Offer | Form::List | Form::Everything => self.access.admits_type(account.cash_account_type),
        };
        customer.accounts.iter().filter(|_| self.may_be_given_by(customer.id)).filter(may).collect()
    }

    /// An attempt to have it authorised.
    pub(crate) fn authorisation(&self, id: &str) -> Option<&Authorisation> {
        self.authorisations.iter().find(|one| one.id == id)
    }

    /// An attempt to have it authorised, to be changed.
    pub(crate) fn authorisation_mut(&mut self, id: &str) -> Option<&mut Authorisation> {
        self.authorisations.iter_mut().find(|one| one.id == id)
    }

    /// Whether `customer` may be asked for it.
    pub(crate) fn may_be_given_by(&self, customer: &str) -> bool {
        self.asked_of.as_deref().is_none_or(|only| only == customer)
    }

    /// The customer agreed, for these accounts, in one attempt.
    pub(crate) fn approve(&mut self, authorisation: &str, customer: &str, accounts: Vec<Chosen>, today: Date) {
        self.settle(authorisation, ScaStatus::Finalised);
        self.take_over(customer, accounts);
        self.turn(ConsentStatus::Valid, today);
    }

    /// The customer agreed; the consent holds once the third party has brought the code with this
    /// digest.
    pub(crate) fn approve_unconfirmed(&mut self, authorisation: &str, approval: Approval) {
        if let Some(authorisation) = self.authorisation_mut(authorisation) {
            authorisation.status = ScaStatus::Unconfirmed;
            authorisation.approval = Some(approval);
        }
    }

    /// The third party brought a code. The right one makes the consent valid, a wrong one ends it;
    /// `None` if nothing waits for one.
    pub(crate) fn confirm(&mut self, authorisation: &str, code_sha256: &str, today: Date) -> Option<bool> {
        let waiting = self.authorisation_mut(authorisation)?;
        let approval = waiting.approval.take_if(|_| waiting.status == ScaStatus::Unconfirmed)?;
        let right = approval.code_sha256 == code_sha256;
        if right {
            self.approve(authorisation, &approval.customer, approval.accounts, today);
        } else {
            self.refuse(authorisation, today);
        }
        Some(right)
    }

    /// The customer refused.
    pub(crate) fn refuse(&mut self, authorisation: &str, today: Date) {
        self.settle(authorisation, ScaStatus::Failed);
        self.end(ConsentStatus::Rejected, today);
    }

    /// Notes that its standing is asked for; `false` if that is too soon after the last time.
    pub(crate) fn poll(&mut self, now: Timestamp) -> bool {
        let soon = self.polled_at.is_some_and(|last| now.duration_since(last) < SHORTEST_POLL);
        if !soon {
            self.polled_at = Some(now);
        }
        !soon
    }

    /// Puts the consent where a test wants it.
    pub(crate) fn put(&mut self, status: ConsentStatus, today: Date) {
        self.turn(status, today);
    }

    fn settle(&mut self, authorisation: &str, status: ScaStatus) {
        if let Some(authorisation) = self.authorisation_mut(authorisation) {
            authorisation.status = status;
        }
    }

    fn take_over(&mut self, customer: &str, accounts: Vec<Chosen>) {
        let references: Vec<_> =
            accounts.iter().map(|one| AccountReference::new(one.granted.iban.clone(), &one.currency)).collect();
        self.access.grant(&references);
        self.accounts = accounts.into_iter().map(|one| one.granted).collect();
        self.customer = Some(customer.to_owned());
    }

    /// Ends the consent for `reason`; one that has ended already stays as it is.
    pub(crate) fn end(&mut self, reason: ConsentStatus, today: Date) {
        if self.status_on(today).is_open() {
            self.turn(reason, today);
        }
    }

    /// Whether a newly valid `newer` consent takes this one's place.
    pub(crate) fn gives_way_to(&self, newer: &Self, today: Date) -> bool {
        self.id != newer.id
            && self.recurring
            && newer.recurring
            && self.mood == newer.mood
            && self.tpp.organisation == newer.tpp.organisation
            && self.customer == newer.customer
            && self.status_on(today) == ConsentStatus::Valid
    }

    /// The account that this consent knows under `resource_id`.
    pub(crate) fn account(&self, resource_id: &str) -> Option<&GrantedAccount> {
        self.accounts.iter().find(|account| account.resource_id == resource_id)
    }

    fn turn(&mut self, status: ConsentStatus, today: Date) {
        self.status = status;
        self.last_action = today;
    }
}

impl ConsentStatus {
    /// Whether something can still become of the consent, or has.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Valid | Self::PartiallyAuthorised | Self::OnHold)
    }
}

/// The identifiers of a new consent.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) consent: String,
    /// None if the authorisation is started later.
    pub(crate) authorisation: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests;
