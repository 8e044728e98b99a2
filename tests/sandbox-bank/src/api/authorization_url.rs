//! `/oauth/authorization-server-url`: where an application learns where its customers have to go.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Json;
use serde_json::{Value, json};

use super::gate;
use super::headers::InOrder;
use crate::bank::Bank;
use crate::mood::{Mood, Scope};
use crate::oauth::authorize::is_address;
use crate::oauth::form::Form;
use crate::oauth::metadata;
use crate::refusal::Refusal;
use crate::tls::caller::Caller;

/// `GET /oauth/authorization-server-url?redirect_uri=…&scope=…`: the address of authorisation requests.
/// Customers may be sent back to `redirect_uri` from now on.
pub(super) async fn show(
    State(bank): State<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    Extension(caller): Extension<Caller>,
    _: InOrder,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let uri = form.one("redirect_uri").filter(|uri| is_address(uri));
    let uri = uri.ok_or_else(|| Refusal::Format("redirect_uri is missing or no address".to_owned()))?;
    let known = mood.profile().server.as_ref().map(|server| server.scope);
    if !matches!((form.one("scope"), known), (Some(asked), Some(Scope::Accounts(name))) if asked == name) {
        return Err(Refusal::Format("scope is missing or not one of this bank's".to_owned()));
    }
    bank.change(|state, moment| {
        gate::admit_application(&headers, &caller, state, moment)?;
        state.announce(&caller.tpp.organisation, uri);
        Ok::<_, Refusal>(())
    })?;
    Ok(Json(json!({ "location": metadata::endpoint(&bank.addresses, mood) })))
}
