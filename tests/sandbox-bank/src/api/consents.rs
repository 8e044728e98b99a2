//! `/consents`: making, reading and ending consents.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::authorisations::way_to_the_customer;
use super::gate;
use super::headers::{ForConsent, InOrder};
use super::links::Links;
use crate::bank::{Bank, Moment};
use crate::consent::authorisation::Authorisation;
use crate::consent::order::Order;
use crate::consent::{Consent, ConsentStatus, Ids};
use crate::mood::{Approach, Mood, Start};
use crate::random;
use crate::refusal::Refusal;
use crate::tls::caller::Caller;

/// What banks write for customers to read.
pub(super) const PSU_MESSAGE: &str = "Please confirm in your Sandbox Bank app.";

/// The consent named in the path, made by the caller in this mood, and the time it was looked at.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) consent: Consent,
    pub(super) moment: Moment,
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
        gate::play_script(bank, mood, &names.consent)?;
        bank.read(|state, moment| {
            gate::admit(mood, &parts.headers, &caller, state, moment)?;
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
    headers: HeaderMap,
    ForConsent { returns, psu_id }: ForConsent,
    body: Bytes,
) -> Result<Response, Refusal> {
    let implicit = mood.profile().start == Start::Implicit;
    let ids = Ids { consent: random::id()?, authorisation: implicit.then(random::id).transpose()? };
    let asked_of = known(&bank, psu_id)?;
    let (consent, several) = bank.change(|state, moment| {
        let customer = gate::admit_new(mood, &headers, &caller, state, moment)?;
        let order = Order::parse(&body, returns, &state.policy, moment.today)?;
        let mut consent = Consent::received(order, caller.tpp, mood, ids, moment.now);
        consent.asked_of = asked_of.or(customer);
        if mood.profile().approach == Approach::Decoupled {
            consent.authorisations.iter_mut().for_each(Authorisation::started);
        }
        state.consents.insert(consent.id.clone(), consent.clone());
        let policy = &state.policy;
        Ok::<_, Refusal>((consent, policy.tells_several.then_some(policy.several_consents)))
    })?;
    let links = Links::new(&bank.addresses, mood);
    let headers = [
        (header::LOCATION.as_str(), links.href(&format!("/consents/{}", consent.id))),
        ("aspsp-sca-approach", mood.profile().approach.as_str().to_owned()),
    ];
    let told = several.map(|several| [("aspsp-multiple-consent-support", several.to_string())]);
    Ok((StatusCode::CREATED, headers, told.map(AppendHeaders), Json(created(&bank, &consent, links))).into_response())
}

/// The customer that `PSU-ID` names.
fn known(bank: &Bank, psu_id: Option<String>) -> Result<Option<String>, Refusal> {
    match psu_id {
        Some(id) if bank.book.customer(&id).is_none() => Err(Refusal::PsuUnknown),
        other => Ok(other),
    }
}

fn created(bank: &Bank, consent: &Consent, links: Links<'_>) -> Value {
    let own = format!("/consents/{}", consent.id);
    let mut all = json!({ "self": links.to(&own), "status": links.to(&format!("{own}/status")) });
    if let Some(authorisation) = consent.authorisations.first() {
        all["scaStatus"] = links.to(&format!("{own}/authorisations/{}", authorisation.id));
        if let Some((name, link)) = way_to_the_customer(bank, consent, &authorisation.id) {
            all[name] = link;
        }
    } else {
        all["startAuthorisation"] = links.to(&format!("{own}/authorisations"));
    }
    let mut body = json!({ "consentStatus": ConsentStatus::Received, "consentId": consent.id, "_links": all });
    if consent.mood.profile().approach == Approach::Decoupled {
        body["psuMessage"] = json!(PSU_MESSAGE);
    }
    body
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
pub(super) async fn status(State(bank): State<Arc<Bank>>, own: Own) -> Result<Json<Value>, Refusal> {
    gate::check_patience(&bank, &own.consent.id)?;
    Ok(Json(json!({ "consentStatus": own.consent.status_on(own.moment.today) })))
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
