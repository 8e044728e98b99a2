//! The authorisation of a consent as a resource of its own: started, asked about, confirmed (Berlin Group 1.3.11,
//! `startConsentAuthorisation`, `getConsentScaStatus`, `updateConsentsPsuData`).

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{
    BankRequest, BankResponse, Operation, answers,
    approach::{self, Approach, Offer, UnsupportedApproach},
    consents::{psu_message, redirects},
    endpoints::{self, Ids, bodiless},
    errors::{AnswerError, UnsendableRequest},
    headers::{CallHeaders, insert_psu_at_bank},
    link_map::LinkMap,
    wire::Text,
};
use crate::domain::{
    bank::Bank,
    consent::ScaStatus,
    presence::PsuAtBank,
    secret::{ExposeSecret, SecretString},
};

/// The longest authorisation id that is taken.
const LONGEST_ID: usize = 1024;

/// An authorisation that the bank has started.
#[derive(Debug)]
pub struct StartedAuthorisation {
    /// How the PSU is to authenticate; never by a further start.
    pub offer: Offer,
    /// What the bank wants the PSU to be told.
    pub psu_message: Option<String>,
}

/// Starts the authorisation of a consent.
pub fn start(
    bank: &Bank,
    consent_id: &SecretString,
    redirect_uri: &Url,
    psu_at_bank: &PsuAtBank,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let mut map = CallHeaders { consent_id: None, ..*headers }.to_map()?;
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    redirects(bank, redirect_uri, &mut map)?;
    insert_psu_at_bank(&mut map, psu_at_bank)?;
    let operation = Operation::StartAuthorisation;
    let url = endpoints::of(bank, operation, &Ids::consent(consent_id))?;
    Ok(BankRequest { operation, method: Method::POST, url, headers: map, body: Some(Bytes::from_static(b"{}")) })
}

/// What the bank made of `start`.
pub fn started(
    bank: &Bank,
    consent_id: &SecretString,
    request_id: Uuid,
    response: &BankResponse,
) -> Result<StartedAuthorisation, AnswerError> {
    let wire: WireStarted = answers::data(bank, Operation::StartAuthorisation, request_id, response)?;
    let links = wire.links.unwrap_or_default();
    let mut offer = approach::recognise(bank, consent_id, &response.headers, &links)?;
    if offer.approach == Approach::Start {
        return Err(AnswerError::ApproachNotSupported(UnsupportedApproach::NeverStarts));
    }
    let id = wire.authorisation_id.into_option().filter(|id| id.len() <= LONGEST_ID);
    offer.authorisation_id = id.map(SecretString::from).or(offer.authorisation_id);
    Ok(StartedAuthorisation { offer, psu_message: psu_message(wire.psu_message) })
}

/// Asks how an authorisation stands.
pub fn status(
    bank: &Bank,
    consent_id: &SecretString,
    authorisation_id: &SecretString,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let operation = Operation::AuthorisationStatus;
    let url = endpoints::of(bank, operation, &ids(consent_id, authorisation_id))?;
    bodiless(operation, Method::GET, url, &CallHeaders { consent_id: None, ..*headers })
}

/// How the authorisation stands.
pub fn status_answer(bank: &Bank, request_id: Uuid, response: &BankResponse) -> Result<ScaStatus, AnswerError> {
    let wire: WireStatus = answers::data(bank, Operation::AuthorisationStatus, request_id, response)?;
    Ok(sca_status(&wire.sca_status.required("scaStatus")?))
}

/// Confirms an authorisation with the code that came back with the browser; without one, the token that the bank has
/// given is the confirmation.
pub fn confirm(
    bank: &Bank,
    consent_id: &SecretString,
    authorisation_id: &SecretString,
    code: Option<&SecretString>,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    let operation = Operation::ConfirmAuthorisation;
    let url = endpoints::of(bank, operation, &ids(consent_id, authorisation_id))?;
    let mut map = CallHeaders { consent_id: None, ..*headers }.to_map()?;
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = code.map_or_else(|| json!({}), |code| json!({"confirmationCode": code.expose_secret()}));
    Ok(BankRequest { operation, method: Method::PUT, url, headers: map, body: Some(Bytes::from(body.to_string())) })
}

fn ids<'a>(consent_id: &'a SecretString, authorisation_id: &'a SecretString) -> Ids<'a> {
    Ids { authorisation: Some(authorisation_id.expose_secret()), ..Ids::consent(consent_id) }
}

fn sca_status(word: &str) -> ScaStatus {
    match word {
        "received" | "psuIdentified" | "psuAuthenticated" | "scaMethodSelected" | "started" => ScaStatus::UnderWay,
        "unconfirmed" => ScaStatus::Unconfirmed,
        "finalised" | "exempted" => ScaStatus::Finalised,
        "failed" => ScaStatus::Failed,
        _ => ScaStatus::Unknown,
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStarted {
    authorisation_id: Text,
    psu_message: Text,
    #[serde(rename = "_links")]
    links: Option<LinkMap>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    sca_status: Text,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        domain::presence::HeaderText,
        protocol::berlin_group::fixtures::{BACKGROUND, REQUEST_ID, answer, bank},
    };

    fn consent() -> SecretString {
        "c/1".into()
    }

    fn shown(request: &BankRequest) -> String {
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        format!("{} {} {}", request.method, request.url.path(), body.unwrap_or_default())
    }

    #[test]
    fn an_authorisation_is_started_with_everything_that_its_approach_may_need() {
        let psu = PsuAtBank { id: HeaderText::parse("anna"), ..PsuAtBank::default() };
        let back: Url = "https://hub.example/callback/bank?state=s".parse().unwrap();
        let request = start(&bank(), &consent(), &back, &psu, &BACKGROUND).unwrap();
        assert_eq!(shown(&request), "POST /psd2/v1/consents/c%2F1/authorisations {}");
        assert_eq!(request.headers["psu-id"], "anna");
        assert!(request.headers["psu-id"].is_sensitive() && request.headers["tpp-redirect-uri"].is_sensitive());
        assert_eq!(request.headers["tpp-redirect-uri"], back.as_str());
    }

    #[test]
    fn the_answer_offers_an_approach_and_names_the_authorisation() {
        let body = json!({
            "scaStatus": "received", "authorisationId": "a-1", "psuMessage": "Look at\u{7} your phone",
            "_links": {"scaRedirect": {"href": "https://www.bank.example/sca"}, "confirmation": {"href": "/psd2/v1/consents/c%2F1/authorisations/a-1"}},
        });
        let started = started(&bank(), &consent(), REQUEST_ID, &answer(201, &body)).unwrap();
        assert_eq!(started.offer.authorisation_id.unwrap().expose_secret(), "a-1");
        assert!(started.offer.confirmation && matches!(started.offer.approach, Approach::Redirect { .. }));
        assert_eq!(started.psu_message.as_deref(), Some("Look at your phone"));
    }

    #[test]
    fn a_start_that_wants_a_start_never_ends() {
        let body = json!({"scaStatus": "received", "_links": {"startAuthorisation": {"href": "/x"}}});
        let judged = started(&bank(), &consent(), REQUEST_ID, &answer(201, &body));
        assert!(matches!(judged, Err(AnswerError::ApproachNotSupported(UnsupportedApproach::NeverStarts))));
    }

    #[test]
    fn asks_and_confirms_at_the_authorisation() {
        let id = SecretString::from("a 1");
        let asked = status(&bank(), &consent(), &id, &BACKGROUND).unwrap();
        assert_eq!(shown(&asked), "GET /psd2/v1/consents/c%2F1/authorisations/a%201 ");
        let code = SecretString::from("42\"");
        let with_code = confirm(&bank(), &consent(), &id, Some(&code), &BACKGROUND).unwrap();
        assert_eq!(
            shown(&with_code),
            r#"PUT /psd2/v1/consents/c%2F1/authorisations/a%201 {"confirmationCode":"42\""}"#
        );
        let without = confirm(&bank(), &consent(), &id, None, &BACKGROUND).unwrap();
        assert!(shown(&without).ends_with(" {}"));
    }

    #[test]
    fn reads_every_word_of_the_standard() {
        let of = |body: &Value| status_answer(&bank(), REQUEST_ID, &answer(200, body));
        for (word, status) in [
            ("received", ScaStatus::UnderWay),
            ("psuIdentified", ScaStatus::UnderWay),
            ("psuAuthenticated", ScaStatus::UnderWay),
            ("scaMethodSelected", ScaStatus::UnderWay),
            ("started", ScaStatus::UnderWay),
            ("unconfirmed", ScaStatus::Unconfirmed),
            ("finalised", ScaStatus::Finalised),
            ("exempted", ScaStatus::Finalised),
            ("failed", ScaStatus::Failed),
            ("waiting", ScaStatus::Unknown),
        ] {
            assert_eq!(of(&json!({"scaStatus": word})).unwrap(), status, "{word}");
        }
        assert!(of(&json!({})).is_err());
    }
}
