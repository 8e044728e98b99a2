//! What becomes of consents.

use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::accounts::people::customers;
use crate::policy::Policy;

pub(crate) const TODAY: Date = date(2026, 11, 20);

/// A consent as tests all over the crate use it.
pub(crate) fn consent(id: &str, access: serde_json::Value) -> Consent {
    let mut body = json!({ "recurringIndicator": true, "validUntil": "9999-12-31", "frequencyPerDay": 4,
        "combinedServiceIndicator": false });
    body["access"] = access;
    let order = order::Order::parse(
        body.to_string().as_bytes(),
        order::Returns { ok: "https://tpp.example/cb".to_owned(), nok: None },
        &Policy::default(),
        TODAY,
    );
    let ids = Ids { consent: id.to_owned(), authorisation: Some(format!("{id}-sca")) };
    let tpp = ThirdParty { organisation: "PSDDE-FAKENCA-HUB001".to_owned(), name: "Hub".to_owned() };
    Consent::received(order.unwrap(), tpp, Mood::OAuth, ids, Timestamp::UNIX_EPOCH)
}

fn granted(iban: &Iban) -> Vec<Chosen> {
    let granted = GrantedAccount { resource_id: "r1".to_owned(), iban: iban.clone() };
    vec![Chosen { granted, currency: "EUR".to_owned() }]
}

#[test]
fn expires_the_day_after_its_last_day() {
    let mut consent = consent("c1", json!({ "accounts": [] }));
    consent.approve("c1-sca", "anna-schmidt", Vec::new(), TODAY);
    let last = consent.valid_until;
    assert_eq!(consent.status_on(last), ConsentStatus::Valid);
    assert_eq!(consent.status_on(last.tomorrow().unwrap()), ConsentStatus::Expired);
}

#[test]
fn stays_ended_once_it_has_ended() {
    let mut consent = consent("c1", json!({ "accounts": [] }));
    consent.refuse("c1-sca", TODAY);
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
        consent.approve("c1-sca", customer, granted(iban), TODAY);
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
