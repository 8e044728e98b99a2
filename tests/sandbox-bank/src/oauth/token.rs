//! The token endpoint (RFC 6749 section 3.2) and the revocation endpoint (RFC 7009). Clients prove
//! themselves by their certificate (RFC 8705): the client id is its `organizationIdentifier`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde_json::json;

use super::error::OAuthError;
use super::form::Form;
use super::grants::{Fresh, Issued, Redemption};
use crate::bank::{Bank, Moment};
use crate::consent::ConsentStatus;
use crate::random;
use crate::state::State;
use crate::tls::caller::Caller;

/// `POST /token`
pub(crate) async fn issue(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = form_of(&headers, &body)?;
    let client = client(&form, &caller)?;
    let fresh = Fresh { access: random::secret()?, refresh: random::secret()? };
    let issued = bank.change(|state, moment| match form.required("grant_type")? {
        "authorization_code" => redeem(state, &form, client, fresh, moment),
        "refresh_token" => refresh(state, &form, client, fresh, moment),
        _ => Err(OAuthError::UnsupportedGrantType),
    })?;
    Ok(answer(&issued))
}

/// `POST /revoke`: 200 also for tokens nobody knows (RFC 7009 section 2.2).
pub(crate) async fn revoke(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, OAuthError> {
    let form = form_of(&headers, &body)?;
    let client = client(&form, &caller)?;
    let token = form.required("token")?;
    bank.change(|state, _| {
        state.grants.revoke(token, client);
        Ok(StatusCode::OK)
    })
}

fn redeem(state: &mut State, form: &Form, client: &str, fresh: Fresh, moment: Moment) -> Result<Issued, OAuthError> {
    let attempt = Redemption {
        code: form.required("code")?,
        client,
        redirect_uri: form.required("redirect_uri")?,
        verifier: form.required("code_verifier")?,
    };
    let policy = state.tokens.current;
    let issued = state.grants.redeem(&attempt, fresh, &policy, moment.now)?;
    check_consent(state, &issued.consent, moment)?;
    Ok(issued)
}

fn refresh(state: &mut State, form: &Form, client: &str, fresh: Fresh, moment: Moment) -> Result<Issued, OAuthError> {
    let token = form.required("refresh_token")?;
    let consent = state.grants.consent_behind(token).ok_or(OAuthError::InvalidGrant)?.to_owned();
    check_consent(state, &consent, moment)?;
    let policy = state.tokens.current;
    Ok(state.grants.refresh(token, client, fresh, &policy, moment.now)?)
}

/// Tokens are no use without a valid consent, so none are issued.
fn check_consent(state: &State, consent: &str, moment: Moment) -> Result<(), OAuthError> {
    let status = state.consents.get(consent).map(|consent| consent.status_on(moment.today));
    (status == Some(ConsentStatus::Valid)).then_some(()).ok_or(OAuthError::InvalidGrant)
}

fn form_of(headers: &HeaderMap, body: &[u8]) -> Result<Form, OAuthError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    let form = Form::read(body);
    let proper = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !form.has_repetitions();
    proper.then_some(form).ok_or(OAuthError::InvalidRequest)
}

fn client<'a>(form: &'a Form, caller: &Caller) -> Result<&'a str, OAuthError> {
    let client = form.required("client_id")?;
    (client == caller.tpp.organisation).then_some(client).ok_or(OAuthError::InvalidClient)
}

fn answer(issued: &Issued) -> Response {
    let mut body = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": format!("AIS:{}", issued.consent),
    });
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = json!(refresh);
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
