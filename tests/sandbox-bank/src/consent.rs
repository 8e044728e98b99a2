//! A consent (Berlin Group 1.3.11, `/v1/consents`): what a third party may read, until when, and
//! where it stands between request and end.

pub(crate) mod access;
pub(crate) mod order;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::accounts::iban::Iban;
use crate::accounts::people::{Account, Customer};
use crate::mood::Mood;
use access::{Access, AccountReference, Form};

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
    pub(crate) authorisation: Authorisation,
    pub(crate) customer: Option<String>,
    pub(crate) accounts: Vec<GrantedAccount>,
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

/// The one authorisation that a consent is created with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Authorisation {
    pub(crate) id: String,
    pub(crate) status: ScaStatus,
}

/// An account as this consent names it. The id is new in every consent, so clients have to match
/// accounts again by IBAN after a renewal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantedAccount {
    pub(crate) resource_id: String,
    pub(crate) iban: Iban,
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
}

/// `scaStatus` of the Berlin Group, as far as a redirect gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ScaStatus {
    Received,
    PsuAuthenticated,
    Finalised,
    Failed,
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
            authorisation: Authorisation { id: ids.authorisation, status: ScaStatus::Received },
            customer: None,
            accounts: Vec::new(),
            status: ConsentStatus::Received,
        }
    }

    /// Where the consent stands on a day: `validUntil` is the last day it holds.
    pub(crate) fn status_on(&self, today: Date) -> ConsentStatus {
        match self.status {
            ConsentStatus::Received | ConsentStatus::Valid if self.valid_until < today => ConsentStatus::Expired,
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
        customer.accounts.iter().filter(may).collect()
    }

    /// The customer has logged in for this consent.
    pub(crate) fn authenticated(&mut self) {
        if self.authorisation.status == ScaStatus::Received {
            self.authorisation.status = ScaStatus::PsuAuthenticated;
        }
    }

    /// The customer agreed, for these accounts.
    pub(crate) fn approve(&mut self, customer: &str, accounts: Vec<(GrantedAccount, &'static str)>, today: Date) {
        let references: Vec<_> =
            accounts.iter().map(|(account, currency)| AccountReference::new(account.iban.clone(), currency)).collect();
        self.access.grant(&references);
        self.accounts = accounts.into_iter().map(|(account, _)| account).collect();
        self.customer = Some(customer.to_owned());
        self.authorisation.status = ScaStatus::Finalised;
        self.turn(ConsentStatus::Valid, today);
    }

    /// The customer refused.
    pub(crate) fn refuse(&mut self, today: Date) {
        self.authorisation.status = ScaStatus::Failed;
        self.end(ConsentStatus::Rejected, today);
    }

    /// Ends the consent for `reason`; one that has ended already stays as it is.
    pub(crate) fn end(&mut self, reason: ConsentStatus, today: Date) {
        if matches!(self.status_on(today), ConsentStatus::Received | ConsentStatus::Valid) {
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

/// The identifiers of a new consent.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) consent: String,
    pub(crate) authorisation: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::accounts::people::customers;

    pub(crate) const TODAY: Date = date(2026, 11, 20);

    /// A consent as tests all over the crate use it.
    pub(crate) fn consent(id: &str, access: serde_json::Value) -> Consent {
        let mut body = json!({ "recurringIndicator": true, "validUntil": "9999-12-31", "frequencyPerDay": 4,
            "combinedServiceIndicator": false });
        body["access"] = access;
        let order = order::Order::parse(
            body.to_string().as_bytes(),
            order::Returns { ok: "https://tpp.example/cb".to_owned(), nok: None },
            TODAY,
        );
        let ids = Ids { consent: id.to_owned(), authorisation: format!("{id}-sca") };
        let tpp = ThirdParty { organisation: "PSDDE-FAKENCA-HUB001".to_owned(), name: "Hub".to_owned() };
        Consent::received(order.unwrap(), tpp, Mood::OAuth, ids, Timestamp::UNIX_EPOCH)
    }

    fn granted(iban: &Iban) -> Vec<(GrantedAccount, &'static str)> {
        vec![(GrantedAccount { resource_id: "r1".to_owned(), iban: iban.clone() }, "EUR")]
    }

    #[test]
    fn expires_the_day_after_its_last_day() {
        let mut consent = consent("c1", json!({ "accounts": [] }));
        consent.approve("anna-schmidt", Vec::new(), TODAY);
        let last = consent.valid_until;
        assert_eq!(consent.status_on(last), ConsentStatus::Valid);
        assert_eq!(consent.status_on(last.tomorrow().unwrap()), ConsentStatus::Expired);
    }

    #[test]
    fn stays_ended_once_it_has_ended() {
        let mut consent = consent("c1", json!({ "accounts": [] }));
        consent.refuse(TODAY);
        consent.end(ConsentStatus::TerminatedByTpp, TODAY);
        assert_eq!(consent.status_on(TODAY), ConsentStatus::Rejected);
    }

    #[test]
    fn offers_only_the_named_accounts_that_the_customer_owns() {
        let customers = customers(1);
        let (anna, jonas) = (&customers[0], &customers[1]);
        let named = [&anna.accounts[0], &jonas.accounts[0]].map(|account| json!({ "iban": account.iban }));
        let consent = consent("c1", json!({ "balances": named }));
        let eligible: Vec<_> = consent.eligible(anna).iter().map(|account| &account.iban).collect();
        assert_eq!(eligible, [&anna.accounts[0].iban]);
    }

    #[test]
    fn gives_way_only_to_a_newer_recurring_consent_of_the_same_customer() {
        let iban = &customers(1)[0].accounts[0].iban;
        let valid = |id: &str, customer: &str| {
            let mut consent = consent(id, json!({ "accounts": [] }));
            consent.approve(customer, granted(iban), TODAY);
            consent
        };
        let older = valid("c1", "anna-schmidt");
        assert!(older.gives_way_to(&valid("c2", "anna-schmidt"), TODAY));
        assert!(!older.gives_way_to(&valid("c2", "jonas-weber"), TODAY));
        assert!(!older.gives_way_to(&older, TODAY));
        let mut once = valid("c2", "anna-schmidt");
        once.recurring = false;
        assert!(!older.gives_way_to(&once, TODAY));
    }
}
