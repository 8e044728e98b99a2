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
    domain::{bank::Bank, consent::ConsentStatus, presence::PsuContext, secret::SecretString},
    protocol::berlin_group::{
        BankRequest, BankResponse, Operation, answers,
        approach::{self, Approach},
        endpoints::resource,
        errors::{AnswerError, MalformedAnswer, UnsendableRequest},
        headers::{CallHeaders, header_value},
        link_map::LinkMap,
        wire::Text,
    },
};

/// The longest consent id that is taken; it must fit into a header of every later call.
const LONGEST_ID: usize = 1024;

/// The consent to ask for.
#[derive(Clone, Copy)]
pub struct ConsentOrder<'a> {
    /// Which accounts it opens.
    pub access: AccessWanted,
    /// Whether it can be used more than once.
    pub recurring: bool,
    /// The last day to ask for. The bank may shorten it.
    pub valid_until: Date,
    /// Background reads a day to ask for. A consent for one use has one, whatever stands here.
    pub frequency_per_day: u32,
    /// Where the browser comes back to; carries our one-time state at banks without OAuth.
    pub redirect_uri: &'a Url,
    /// Where it comes back to if the PSU refused. Banks may ignore it.
    pub nok_redirect_uri: Option<&'a Url>,
    /// The PSU that orders. The standard wants an address on this call in any case; if no PSU is there, it wants
    /// the address of the caller.
    pub psu: &'a PsuContext,
}

/// Which accounts a consent opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessWanted {
    /// Those that the PSU ticks at the bank.
    BankOffered,
    /// All of the PSU's.
    Global,
}

/// A consent that the bank has stored and nobody has authorised yet.
#[derive(Debug)]
pub struct CreatedConsent {
    /// The bank's id of it.
    pub consent_id: SecretString,
    /// Where it stands.
    pub status: ConsentStatus,
    /// How the PSU is to authorise it.
    pub approach: Approach,
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
    headers.insert("tpp-redirect-preferred", HeaderValue::from_static("true"));
    headers.insert("tpp-redirect-uri", redirect("TPP-Redirect-URI", order.redirect_uri)?);
    if let Some(nok) = order.nok_redirect_uri {
        headers.insert("tpp-nok-redirect-uri", redirect("TPP-Nok-Redirect-URI", nok)?);
    }
    let body = Some(Bytes::from(order.body().to_string()));
    let url = resource(bank, &["consents"])?;
    Ok(BankRequest { operation: Operation::CreateConsent, method: Method::POST, url, headers, body })
}

/// A redirect URI may carry our one-time state, so it is no less secret than a token.
fn redirect(name: &'static str, uri: &Url) -> Result<HeaderValue, UnsendableRequest> {
    let mut value = header_value(name, uri.as_str())?;
    value.set_sensitive(true);
    Ok(value)
}

impl ConsentOrder<'_> {
    fn body(&self) -> Value {
        json!({
            "access": self.access.body(),
            "recurringIndicator": self.recurring,
            "validUntil": self.valid_until.to_string(),
            "frequencyPerDay": if self.recurring { self.frequency_per_day } else { 1 },
            "combinedServiceIndicator": false,
        })
    }
}

impl AccessWanted {
    fn body(self) -> Value {
        match self {
            Self::BankOffered => json!({"accounts": [], "balances": [], "transactions": []}),
            Self::Global => json!({"allPsd2": "allAccounts"}),
        }
    }
}

/// What the bank made of `create`.
pub fn created(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<CreatedConsent, AnswerError> {
    let wire: WireCreated = answers::read(request_id, response)?;
    Ok(CreatedConsent {
        consent_id: consent_id(wire.consent_id)?,
        status: consent_status(wire.consent_status)?,
        approach: approach::recognise(bank, &response.headers, &wire.links.unwrap_or_default())?,
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

fn multiple_consents(headers: &HeaderMap) -> Option<bool> {
    headers.get("aspsp-multiple-consent-support")?.to_str().ok()?.trim().to_ascii_lowercase().parse().ok()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCreated {
    consent_status: Text,
    consent_id: Text,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::secret::ExposeSecret,
        protocol::berlin_group::{
            fixtures::{REQUEST_ID, answer, bank, oauth_bank},
            links::LinkRejected,
        },
    };

    const CALLBACK: &str = "https://hub.example/callback/bank?state=s-1";

    fn ordered(access: AccessWanted, recurring: bool) -> BankRequest {
        let callback = Url::parse(CALLBACK).unwrap();
        let order = ConsentOrder {
            access,
            recurring,
            valid_until: jiff::civil::date(2026, 12, 31),
            frequency_per_day: 4,
            redirect_uri: &callback,
            nok_redirect_uri: Some(&callback),
            psu: &PsuContext::at([192, 0, 2, 7].into()),
        };
        create(&bank(), &order, REQUEST_ID, Some(&SecretString::from("token-1"))).unwrap()
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
        let request = ordered(AccessWanted::BankOffered, true);
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
    fn asks_for_all_accounts() {
        let body = body_of(&ordered(AccessWanted::Global, true));
        assert_eq!(body["access"], json!({"allPsd2": "allAccounts"}));
    }

    #[test]
    fn a_consent_for_one_use_has_one_read_a_day() {
        assert_eq!(body_of(&ordered(AccessWanted::Global, false))["frequencyPerDay"], 1);
    }

    #[test]
    fn tells_the_bank_who_asks_and_where_to_come_back() {
        let headers = ordered(AccessWanted::BankOffered, true).headers;
        for (name, value) in [
            ("psu-ip-address", "192.0.2.7"),
            ("tpp-redirect-uri", CALLBACK),
            ("tpp-nok-redirect-uri", CALLBACK),
            ("tpp-redirect-preferred", "true"),
            ("content-type", "application/json"),
            ("authorization", "Bearer token-1"),
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
        assert_eq!(consent.approach, Approach::Redirect { location });
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
