//! Asking for a consent (Berlin Group 1.3.11, `createConsent`).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::consent_status;
use crate::{
    domain::{
        bank::{Authorisation, Bank, ConsentKind, Preference},
        consent::{AccessWanted, ConsentStatus, WantedAccount},
        presence::{PsuAtBank, PsuContext},
        secret::SecretString,
    },
    protocol::berlin_group::{
        BankRequest, BankResponse, Operation, answers,
        approach::{self, Offer},
        endpoints::{self, Ids},
        errors::{AnswerError, MalformedAnswer, UnsendableRequest},
        headers::{CallHeaders, header_value, insert_psu_at_bank},
        link_map::LinkMap,
        wire::Text,
    },
};

/// The longest consent id that is taken; it must fit into a header of every later call.
const LONGEST_ID: usize = 1024;

/// The consent to ask for.
#[derive(Clone, Copy)]
pub struct ConsentOrder<'a> {
    /// What it opens.
    pub access: &'a AccessWanted,
    /// The last day to ask for. The bank may shorten it.
    pub valid_until: Date,
    /// Background reads a day to ask for. A consent for one use has one, whatever stands here.
    pub frequency_per_day: u32,
    /// Where the browser comes back to; carries our one-time state at banks without OAuth.
    pub redirect_uri: &'a Url,
    /// The PSU that orders. The standard wants an address on this call in any case; if no PSU is there, it wants
    /// the address of the caller.
    pub psu: &'a PsuContext,
    /// How the PSU is called at the bank, as far as the bank wants to know.
    pub psu_at_bank: &'a PsuAtBank,
}

/// A consent that the bank has stored and nobody has authorised yet.
#[derive(Debug)]
pub struct CreatedConsent {
    /// The bank's id of it.
    pub consent_id: SecretString,
    /// Where it stands.
    pub status: ConsentStatus,
    /// How the PSU is to authorise it.
    pub offer: Offer,
    /// What the bank wants the PSU to be told; the bank's own words, for the PSU's eyes alone.
    pub psu_message: Option<String>,
    /// Whether earlier consents stay good when this one becomes valid, if the bank says.
    pub multiple_consents: Option<bool>,
}

/// Asks for a consent (`createConsent`).
pub fn create(
    bank: &Bank,
    order: &ConsentOrder<'_>,
    request_id: Uuid,
    access_token: Option<&SecretString>,
) -> Result<BankRequest, UnsendableRequest> {
    let call = CallHeaders { request_id, psu: Some(order.psu), consent_id: None, access_token };
    let mut headers = call.to_map()?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    preferences(bank, &mut headers);
    redirects(bank, order.redirect_uri, &mut headers)?;
    insert_psu_at_bank(&mut headers, order.psu_at_bank)?;
    let body = Some(Bytes::from(order.body(bank).to_string()));
    let url = endpoints::of(bank, Operation::CreateConsent, &Ids::default())?;
    Ok(BankRequest { operation: Operation::CreateConsent, method: Method::POST, url, headers, body })
}

/// What we would like, which the bank may ignore.
fn preferences(bank: &Bank, headers: &mut HeaderMap) {
    const TRUE: HeaderValue = HeaderValue::from_static("true");
    match bank.consent.preference {
        Preference::Redirect => headers.insert("tpp-redirect-preferred", TRUE),
        Preference::Decoupled => headers.insert("tpp-decoupled-preferred", TRUE),
        Preference::Unsaid => None,
    };
    let explicit = match bank.consent.authorisation {
        Authorisation::AsOffered => return,
        Authorisation::Explicit => TRUE,
        Authorisation::Implicit => HeaderValue::from_static("false"),
    };
    headers.insert("tpp-explicit-authorisation-preferred", explicit);
}

/// Where the browser comes back to. Banks may ignore the second address, for refusals.
pub(in crate::protocol::berlin_group) fn redirects(
    bank: &Bank,
    uri: &Url,
    headers: &mut HeaderMap,
) -> Result<(), UnsendableRequest> {
    headers.insert("tpp-redirect-uri", redirect("TPP-Redirect-URI", uri)?);
    if bank.consent.nok_redirect {
        headers.insert("tpp-nok-redirect-uri", redirect("TPP-Nok-Redirect-URI", uri)?);
    }
    Ok(())
}

/// A redirect URI may carry our one-time state, so it is no less secret than a token.
fn redirect(name: &'static str, uri: &Url) -> Result<HeaderValue, UnsendableRequest> {
    let mut value = header_value(name, uri.as_str())?;
    value.set_sensitive(true);
    Ok(value)
}

impl ConsentOrder<'_> {
    fn body(&self, bank: &Bank) -> Value {
        json!({
            "access": access(self.access),
            "recurringIndicator": self.access.recurring,
            "validUntil": self.valid_until.to_string(),
            "frequencyPerDay": if self.access.recurring { self.frequency_per_day } else { 1 },
            "combinedServiceIndicator": bank.consent.combined_service,
        })
    }
}

/// `accountAccess`.
fn access(wanted: &AccessWanted) -> Value {
    match wanted.kind {
        ConsentKind::BankOffered => json!({"accounts": [], "balances": [], "transactions": []}),
        ConsentKind::Dedicated => {
            let accounts: Vec<_> = wanted.accounts.iter().map(reference).collect();
            json!({"accounts": accounts, "balances": accounts, "transactions": accounts})
        }
        ConsentKind::AllAccounts => json!({"allPsd2": "allAccounts"}),
        ConsentKind::AccountList => json!({"availableAccounts": "allAccounts"}),
        ConsentKind::AccountListWithBalances => json!({"availableAccountsWithBalance": "allAccounts"}),
    }
}

/// `accountReference`.
fn reference(account: &WantedAccount) -> Value {
    match &account.currency {
        Some(currency) => json!({"iban": account.iban.as_str(), "currency": currency}),
        None => json!({"iban": account.iban.as_str()}),
    }
}

/// What the bank made of `create`.
pub fn created(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<CreatedConsent, AnswerError> {
    let wire: WireCreated = answers::data(bank, Operation::CreateConsent, request_id, response)?;
    let consent_id = consent_id(wire.consent_id)?;
    Ok(CreatedConsent {
        status: consent_status(wire.consent_status)?,
        offer: approach::recognise(bank, &consent_id, &response.headers, &wire.links.unwrap_or_default())?,
        psu_message: psu_message(wire.psu_message),
        consent_id,
        multiple_consents: multiple_consents(&response.headers),
    })
}

/// An id that could not be sent back is no id.
fn consent_id(text: Text) -> Result<SecretString, MalformedAnswer> {
    const NAME: &str = "consentId";
    let id = text.required(NAME)?;
    let sendable = id.len() <= LONGEST_ID && header_value(NAME, &id).is_ok();
    if sendable { Ok(SecretString::from(id)) } else { Err(MalformedAnswer::Invalid(NAME)) }
}

/// What the standard allows in length, without anything that could act on a terminal or page.
pub(in crate::protocol::berlin_group) fn psu_message(text: Text) -> Option<String> {
    const LONGEST: usize = 500;
    let shown: String = text.into_option()?.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
    Some(shown).filter(|shown| !shown.is_empty())
}

fn multiple_consents(headers: &HeaderMap) -> Option<bool> {
    headers.get("aspsp-multiple-consent-support")?.to_str().ok()?.trim().to_ascii_lowercase().parse().ok()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCreated {
    consent_status: Text,
    consent_id: Text,
    psu_message: Text,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{consent::Iban, presence::HeaderText, secret::ExposeSecret},
        protocol::berlin_group::{
            approach::Approach,
            fixtures::{REQUEST_ID, answer, bank, oauth_bank},
            links::LinkRejected,
        },
    };

    const CALLBACK: &str = "https://hub.example/callback/bank?state=s-1";

    fn wanted(kind: ConsentKind) -> AccessWanted {
        AccessWanted { kind, accounts: Vec::new(), recurring: true }
    }

    fn ordered(access: &AccessWanted) -> BankRequest {
        ordered_at(&bank(), access)
    }

    fn ordered_at(bank: &Bank, access: &AccessWanted) -> BankRequest {
        let callback = Url::parse(CALLBACK).unwrap();
        let order = ConsentOrder {
            access,
            valid_until: jiff::civil::date(2026, 12, 31),
            frequency_per_day: 4,
            redirect_uri: &callback,
            psu: &PsuContext::at([192, 0, 2, 7].into()),
            psu_at_bank: &PsuAtBank { id: HeaderText::parse("anna"), ..PsuAtBank::default() },
        };
        create(bank, &order, REQUEST_ID, Some(&SecretString::from("token-1"))).unwrap()
    }

    fn body_of(request: &BankRequest) -> Value {
        serde_json::from_slice(request.body.as_deref().unwrap()).unwrap()
    }

    fn judge(links: &Value) -> Result<CreatedConsent, AnswerError> {
        let body = json!({"consentStatus": "received", "consentId": "c-1", "_links": links});
        created(&bank(), REQUEST_ID, &answer(201, &body))
    }

    #[test]
    fn asks_for_the_accounts_that_the_psu_will_tick() {
        let request = ordered(&wanted(ConsentKind::BankOffered));
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", "https://api.bank.example/psd2/v1/consents")
        );
        insta::assert_json_snapshot!(body_of(&request), @r#"
        {
          "access": {
            "accounts": [],
            "balances": [],
            "transactions": []
          },
          "combinedServiceIndicator": false,
          "frequencyPerDay": 4,
          "recurringIndicator": true,
          "validUntil": "2026-12-31"
        }
        "#);
    }

    #[test]
    fn every_kind_has_its_own_form() {
        let form = |kind| body_of(&ordered(&wanted(kind)))["access"].clone();
        assert_eq!(form(ConsentKind::AllAccounts), json!({"allPsd2": "allAccounts"}));
        assert_eq!(form(ConsentKind::AccountList), json!({"availableAccounts": "allAccounts"}));
        assert_eq!(form(ConsentKind::AccountListWithBalances), json!({"availableAccountsWithBalance": "allAccounts"}));
        let account = |iban, currency: Option<&str>| WantedAccount {
            iban: Iban::parse(iban).unwrap(),
            currency: currency.map(str::to_owned),
        };
        let accounts = vec![account("NO93 8601 1117 947", None), account("GB82WEST12345698765432", Some("GBP"))];
        let named = AccessWanted { accounts, ..wanted(ConsentKind::Dedicated) };
        let list = json!([{"iban": "NO9386011117947"}, {"iban": "GB82WEST12345698765432", "currency": "GBP"}]);
        let expected = json!({"accounts": list, "balances": list, "transactions": list});
        assert_eq!(body_of(&ordered(&named))["access"], expected);
    }

    #[test]
    fn a_consent_for_one_use_has_one_read_a_day() {
        let once = AccessWanted { recurring: false, ..wanted(ConsentKind::AllAccounts) };
        let body = body_of(&ordered(&once));
        assert_eq!((&body["frequencyPerDay"], &body["recurringIndicator"]), (&json!(1), &json!(false)));
    }

    #[test]
    fn a_document_says_what_the_bank_is_told_of_our_wishes() {
        let mut bank = bank();
        bank.consent.preference = Preference::Decoupled;
        bank.consent.authorisation = Authorisation::Explicit;
        bank.consent.combined_service = true;
        bank.consent.nok_redirect = false;
        let request = ordered_at(&bank, &wanted(ConsentKind::BankOffered));
        assert_eq!(request.headers["tpp-decoupled-preferred"], "true");
        assert_eq!(request.headers["tpp-explicit-authorisation-preferred"], "true");
        assert!(!request.headers.contains_key("tpp-redirect-preferred"));
        assert!(!request.headers.contains_key("tpp-nok-redirect-uri"));
        assert_eq!(body_of(&request)["combinedServiceIndicator"], true);
    }

    #[test]
    fn tells_the_bank_who_asks_and_where_to_come_back() {
        let headers = ordered(&wanted(ConsentKind::BankOffered)).headers;
        for (name, value) in [
            ("psu-ip-address", "192.0.2.7"),
            ("tpp-redirect-uri", CALLBACK),
            ("tpp-nok-redirect-uri", CALLBACK),
            ("tpp-redirect-preferred", "true"),
            ("content-type", "application/json"),
            ("authorization", "Bearer token-1"),
            ("psu-id", "anna"),
        ] {
            assert_eq!(headers[name], value);
        }
        assert!(!format!("{headers:?}").contains("s-1"));
    }

    #[test]
    fn takes_a_consent_that_waits_for_a_redirect() {
        let location = Url::parse("https://www.bank.example/sca/1").unwrap();
        let consent = judge(&json!({"scaRedirect": {"href": location}})).unwrap();
        assert_eq!(consent.consent_id.expose_secret(), "c-1");
        assert_eq!((consent.status, consent.multiple_consents), (ConsentStatus::Received, None));
        assert_eq!(consent.offer.approach, Approach::Redirect { location });
    }

    #[test]
    fn sends_the_psu_to_no_foreign_page() {
        let judged = judge(&json!({"scaRedirect": {"href": "https://evil.example/sca/1"}}));
        assert!(matches!(judged, Err(AnswerError::LinkRejected(LinkRejected::ForeignOrigin))));
    }

    #[test]
    fn reads_whether_the_bank_keeps_several_consents() {
        let body = json!({"consentStatus": "received", "consentId": "c-1"});
        for (value, expected) in [("true", Some(true)), ("False", Some(false)), ("maybe", None)] {
            let mut response = answer(201, &body);
            response.headers.insert("aspsp-multiple-consent-support", HeaderValue::from_static(value));
            assert_eq!(created(&oauth_bank(), REQUEST_ID, &response).unwrap().multiple_consents, expected);
        }
    }

    #[test]
    fn an_id_that_cannot_be_sent_back_is_no_id() {
        for bad in ["a\r\nb", " a", "\u{e4}", &"a".repeat(LONGEST_ID + 1)] {
            let body = json!({"consentStatus": "received", "consentId": bad});
            let judged = created(&oauth_bank(), REQUEST_ID, &answer(201, &body));
            assert!(matches!(judged, Err(AnswerError::Malformed(MalformedAnswer::Invalid("consentId")))), "{bad:?}");
        }
        let judged = created(&oauth_bank(), REQUEST_ID, &answer(201, &json!({"consentStatus": "received"})));
        assert!(matches!(judged, Err(AnswerError::Malformed(MalformedAnswer::Missing("consentId")))));
    }
}
