//! `/consents/{consent}/authorisations`: starting, reading and confirming attempts to have a consent
//! authorised.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::consents::{Own, PSU_MESSAGE};
use super::gate;
use super::headers::{check_content_type, text};
use super::links::{Links, elsewhere};
use crate::bank::Bank;
use crate::consent::authorisation::Authorisation;
use crate::consent::{Consent, ConsentStatus, ScaStatus};
use crate::fingerprint::sha256_hex;
use crate::mood::{Approach, Mood, Start};
use crate::oauth::metadata;
use crate::random;
use crate::refusal::Refusal;

/// How the customer gets to the bank, as the name and the link of an answer; none where the bank gets
/// to the customer.
pub(super) fn way_to_the_customer(
    bank: &Bank,
    consent: &Consent,
    authorisation: &str,
) -> Option<(&'static str, Value)> {
    let (addresses, mood) = (&bank.addresses, consent.mood);
    match mood.profile().approach {
        Approach::OAuth if mood.profile().server.as_ref().is_some_and(|server| server.dialect.links_endpoint) => {
            Some(("scaOAuth", elsewhere(&metadata::endpoint_path(mood))))
        }
        Approach::OAuth => Some(("scaOAuth", elsewhere(&metadata::address(addresses, mood)))),
        Approach::Redirect => {
            let address = format!("{}/{mood}/sca/{}/{authorisation}", addresses.web, consent.id);
            Some(("scaRedirect", elsewhere(&address)))
        }
        Approach::Decoupled => None,
    }
}

/// `POST /consents/{consent}/authorisations`: a further attempt, or the first where none comes by
/// itself.
pub(super) async fn start(
    State(bank): State<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    headers: HeaderMap,
    own: Own,
) -> Result<Response, Refusal> {
    let mut attempt = Authorisation::received(random::id()?);
    if mood.profile().approach == Approach::Decoupled {
        attempt.started();
    }
    let consent = bank.change(|state, moment| {
        let consent = state.consents.get_mut(&own.consent.id).ok_or(Refusal::ConsentUnknownInPath)?;
        if consent.status_on(moment.today) != ConsentStatus::Received {
            return Err(Refusal::StatusInvalid);
        }
        if let Some(uri) = text(&headers, "tpp-redirect-uri") {
            uri.clone_into(&mut consent.redirect_uri);
            consent.nok_redirect_uri = text(&headers, "tpp-nok-redirect-uri").map(str::to_owned);
        }
        consent.authorisations.push(attempt.clone());
        Ok(consent.clone())
    })?;
    let links = Links::new(&bank.addresses, mood);
    let path = format!("/consents/{}/authorisations/{}", consent.id, attempt.id);
    let headers = [
        (header::LOCATION.as_str(), links.href(&path)),
        ("aspsp-sca-approach", mood.profile().approach.as_str().to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, Json(started(&bank, &consent, &attempt, links, &path))).into_response())
}

fn started(bank: &Bank, consent: &Consent, attempt: &Authorisation, links: Links<'_>, path: &str) -> Value {
    let mut all = json!({ "scaStatus": links.to(path) });
    if let Some((name, link)) = way_to_the_customer(bank, consent, &attempt.id) {
        all[name] = link;
    }
    if consent.mood.profile().start == Start::Explicit {
        all["confirmation"] = links.to(path);
    }
    let mut body = json!({ "scaStatus": attempt.status, "authorisationId": attempt.id, "_links": all });
    if consent.mood.profile().approach == Approach::Decoupled {
        body["psuMessage"] = json!(PSU_MESSAGE);
    }
    body
}

/// `GET /consents/{consent}/authorisations`
pub(super) async fn list(own: Own) -> Json<Value> {
    let ids: Vec<&str> = own.consent.authorisations.iter().map(|one| one.id.as_str()).collect();
    Json(json!({ "authorisationIds": ids }))
}

/// `GET /consents/{consent}/authorisations/{authorisation}`
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    own: Own,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    gate::check_patience(&bank, &own.consent.id)?;
    let known = own.consent.authorisation(&id).ok_or(Refusal::ResourceUnknown)?;
    Ok(Json(json!({ "scaStatus": known.status })))
}

/// The body of a confirmation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirmation {
    confirmation_code: String,
}

/// `PUT /consents/{consent}/authorisations/{authorisation}`: the code that the customer brought back.
pub(super) async fn confirm(
    State(bank): State<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    own: Own,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    if mood.profile().start != Start::Explicit {
        return Err(Refusal::Method);
    }
    check_content_type(&headers)?;
    own.consent.authorisation(&id).ok_or(Refusal::ResourceUnknown)?;
    let Confirmation { confirmation_code } =
        serde_json::from_slice(&body).map_err(|_| Refusal::Format("the body has no confirmationCode".to_owned()))?;
    let code = sha256_hex(confirmation_code.as_bytes());
    bank.change(|state, moment| {
        let consent = state.consents.get_mut(&own.consent.id).ok_or(Refusal::ConsentUnknownInPath)?;
        let right = consent.confirm(&id, &code, moment.today).ok_or(Refusal::StatusInvalid)?;
        let confirmed = consent.clone();
        if !right {
            return Err(Refusal::ScaInvalid);
        }
        state.retire_older(&confirmed, moment.today);
        Ok(())
    })?;
    let path = format!("/consents/{}/authorisations/{id}", own.consent.id);
    let links = json!({ "scaStatus": Links::new(&bank.addresses, mood).to(&path) });
    Ok(Json(json!({ "scaStatus": ScaStatus::Finalised, "_links": links })))
}
