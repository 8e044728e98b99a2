//! `/consents`: making, reading and ending consents.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::headers::{ForConsent, InOrder};
use super::links::{self, Links};
use crate::bank::{Bank, Moment};
use crate::consent::order::Order;
use crate::consent::{Consent, ConsentStatus, Ids};
use crate::mood::{Approach, Mood};
use crate::oauth::metadata;
use crate::random;
use crate::refusal::Refusal;
use crate::tls::caller::Caller;

/// The consent named in the path, made by the caller in this mood, and the time it was looked at.
#[derive(Debug)]
pub(super) struct Own {
    consent: Consent,
    moment: Moment,
}

/// The names that paths below `/consents` contain.
#[derive(Deserialize)]
struct Names {
    consent: String,
}

impl FromRequestParts<Arc<Bank>> for Own {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, bank: &Arc<Bank>) -> Result<Self, Refusal> {
        InOrder::from_request_parts(parts, bank).await?;
        let unknown = |_| Refusal::ConsentUnknownInPath;
        let Path(names) =
            Path::<Names>::from_request_parts(parts, bank).await.map_err(|_| Refusal::ConsentUnknownInPath)?;
        let Extension(mood) = Extension::<Mood>::from_request_parts(parts, bank).await.map_err(unknown)?;
        let Extension(caller) = Extension::<Caller>::from_request_parts(parts, bank).await.map_err(unknown)?;
        bank.read(|state, moment| {
            let own = state.own_consent(&names.consent, mood, &caller.tpp.organisation);
            own.cloned().map(|consent| Self { consent, moment }).ok_or(Refusal::ConsentUnknownInPath)
        })
    }
}

/// `POST /consents`
pub(super) async fn create(
    State(bank): State<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    Extension(caller): Extension<Caller>,
    ForConsent(returns): ForConsent,
    body: Bytes,
) -> Result<Response, Refusal> {
    let ids = Ids { consent: random::id()?, authorisation: random::id()? };
    let (consent, several) = bank.change(|state, moment| {
        let order = Order::parse(&body, returns, moment.today)?;
        let consent = Consent::received(order, caller.tpp, mood, ids, moment.now);
        state.consents.insert(consent.id.clone(), consent.clone());
        Ok::<_, Refusal>((consent, state.several_consents))
    })?;
    let links = Links::new(&bank.addresses, mood);
    let headers = [
        (header::LOCATION.as_str(), links.href(&format!("/consents/{}", consent.id))),
        ("aspsp-sca-approach", "REDIRECT".to_owned()),
        ("aspsp-multiple-consent-support", several.to_string()),
    ];
    Ok((StatusCode::CREATED, headers, Json(created(&bank, &consent, links))).into_response())
}

fn created(bank: &Bank, consent: &Consent, links: Links<'_>) -> Value {
    let own = format!("/consents/{}", consent.id);
    let authorisation = &consent.authorisation.id;
    let mut all = json!({
        "self": links.to(&own),
        "status": links.to(&format!("{own}/status")),
        "scaStatus": links.to(&format!("{own}/authorisations/{authorisation}")),
    });
    let (name, address) = way_to_the_customer(bank, consent);
    all[name] = links::elsewhere(&address);
    json!({ "consentStatus": ConsentStatus::Received, "consentId": consent.id, "_links": all })
}

fn way_to_the_customer(bank: &Bank, consent: &Consent) -> (&'static str, String) {
    let web = &bank.addresses.web;
    match consent.mood.profile().approach {
        Approach::OAuth => ("scaOAuth", metadata::address(&bank.addresses, consent.mood)),
        Approach::Redirect => {
            ("scaRedirect", format!("{web}/{}/sca/{}/{}", consent.mood, consent.id, consent.authorisation.id))
        }
    }
}

/// `GET /consents/{consent}`
pub(super) async fn show(State(bank): State<Arc<Bank>>, own: Own) -> Json<Value> {
    let consent = &own.consent;
    Json(json!({
        "access": consent.access,
        "recurringIndicator": consent.recurring,
        "validUntil": consent.valid_until,
        "frequencyPerDay": consent.frequency_per_day,
        "lastActionDate": consent.last_action,
        "consentStatus": consent.status_on(own.moment.today),
        "_links": { "account": Links::new(&bank.addresses, consent.mood).to("/accounts") },
    }))
}

/// `GET /consents/{consent}/status`
pub(super) async fn status(own: Own) -> Json<Value> {
    Json(json!({ "consentStatus": own.consent.status_on(own.moment.today) }))
}

/// `DELETE /consents/{consent}`: ending what has ended already is no error.
pub(super) async fn terminate(State(bank): State<Arc<Bank>>, own: Own) -> Result<StatusCode, Refusal> {
    bank.change(|state, moment| {
        if let Some(consent) = state.consents.get_mut(&own.consent.id) {
            consent.end(ConsentStatus::TerminatedByTpp, moment.today);
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `GET /consents/{consent}/authorisations`
pub(super) async fn authorisations(own: Own) -> Json<Value> {
    Json(json!({ "authorisationIds": [own.consent.authorisation.id] }))
}

/// `GET /consents/{consent}/authorisations/{authorisation}`
pub(super) async fn authorisation(own: Own, Path((_, id)): Path<(String, String)>) -> Result<Json<Value>, Refusal> {
    let known = own.consent.authorisation;
    (known.id == id).then(|| Json(json!({ "scaStatus": known.status }))).ok_or(Refusal::ResourceUnknown)
}
