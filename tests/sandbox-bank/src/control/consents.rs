//! `/consents`: what customers see in their online banking.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Body, Mistake};
use crate::bank::{Bank, Moment};
use crate::consent::{Consent, ConsentStatus};

/// `GET /consents`
pub(super) async fn list(State(bank): State<Arc<Bank>>) -> Json<Value> {
    let consents = bank
        .read(|state, moment| state.consents.values().map(|consent| described(consent, moment)).collect::<Vec<_>>());
    Json(json!({ "consents": consents }))
}

/// `POST /consents/{consent}/revoke`: the customer ends a consent at the bank.
pub(super) async fn revoke(State(bank): State<Arc<Bank>>, Path(id): Path<String>) -> Result<Json<Value>, Mistake> {
    bank.change(|state, moment| {
        let consent = state.consents.get_mut(&id).ok_or(Mistake::NoSuchThing)?;
        consent.end(ConsentStatus::RevokedByPsu, moment.today);
        Ok(Json(described(consent, moment)))
    })
}

/// Where a test wants a consent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standing {
    status: ConsentStatus,
}

/// `POST /consents/{consent}/status`: puts a consent into any state, whatever it was in.
pub(super) async fn put(
    State(bank): State<Arc<Bank>>,
    Path(id): Path<String>,
    Body(standing): Body<Standing>,
) -> Result<Json<Value>, Mistake> {
    bank.change(|state, moment| {
        let consent = state.consents.get_mut(&id).ok_or(Mistake::NoSuchThing)?;
        consent.put(standing.status, moment.today);
        Ok(Json(described(consent, moment)))
    })
}

fn described(consent: &Consent, moment: Moment) -> Value {
    json!({
        "id": consent.id,
        "mood": consent.mood,
        "organisation": consent.tpp.organisation,
        "customer": consent.customer,
        "status": consent.status_on(moment.today),
        "recurring": consent.recurring,
        "frequency_per_day": consent.frequency_per_day,
        "valid_until": consent.valid_until,
        "created_at": consent.created_at,
        "accounts": consent.accounts.iter().map(|account| &account.iban).collect::<Vec<_>>(),
    })
}
