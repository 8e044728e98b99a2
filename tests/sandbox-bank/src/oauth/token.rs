//! The token endpoint (RFC 6749 section 3.2) and the revocation endpoint (RFC 7009). Clients prove
//! themselves by their certificate (RFC 8705): the client id is its `organizationIdentifier`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde_json::json;

use super::error::OAuthError;
use super::form::Form;
use super::grants::{Fresh, Issued, Redemption, Subject};
use crate::bank::{Bank, Moment};
use crate::consent::ConsentStatus;
use crate::mood::{Applications, Mood, Pkce, Scope};
use crate::random;
use crate::state::State;
use crate::tls::caller::Caller;

/// `POST /token`
pub(crate) async fn issue(
    Shared(bank): Shared<Arc<Bank>>,
    Extension(mood): Extension<Mood>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = form_of(&headers, &body)?;
    let client = client(&form, &caller)?;
    check_role(mood, &Form::read(query.unwrap_or_default().as_bytes()))?;
    let fresh = Fresh { access: random::secret()?, refresh: random::secret()? };
    let issued = bank.change(|state, moment| match form.required("grant_type")? {
        "authorization_code" => redeem(state, &form, mood, client, fresh, moment),
        "refresh_token" => refresh(state, &form, client, fresh, moment),
        "client_credentials" => admit(state, &form, mood, client, fresh, moment),
        _ => Err(OAuthError::UnsupportedGrantType),
    })?;
    Ok(answer(&issued, mood))
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

fn redeem(
    state: &mut State,
    form: &Form,
    mood: Mood,
    client: &str,
    fresh: Fresh,
    moment: Moment,
) -> Result<Issued, OAuthError> {
    if mood.profile().server.as_ref().is_some_and(|server| server.pkce == Pkce::Required) {
        form.required("code_verifier")?;
    }
    let attempt = Redemption {
        code: form.required("code")?,
        client,
        redirect_uri: form.required("redirect_uri")?,
        verifier: form.one("code_verifier"),
    };
    let policy = state.tokens.current;
    let issued = state.grants.redeem(&attempt, fresh, &policy, moment.now)?;
    check_subject(state, &issued.subject, moment)?;
    Ok(issued)
}

fn refresh(state: &mut State, form: &Form, client: &str, fresh: Fresh, moment: Moment) -> Result<Issued, OAuthError> {
    let token = form.required("refresh_token")?;
    let subject = state.grants.subject_behind(token).ok_or(OAuthError::InvalidGrant)?.clone();
    check_subject(state, &subject, moment)?;
    let policy = state.tokens.current;
    Ok(state.grants.refresh(token, client, fresh, &policy, moment.now)?)
}

/// A token for the application itself (RFC 6749 section 4.4).
fn admit(
    state: &mut State,
    form: &Form,
    mood: Mood,
    client: &str,
    fresh: Fresh,
    moment: Moment,
) -> Result<Issued, OAuthError> {
    let asked = form.one("scope").unwrap_or_default();
    match mood.profile().server.as_ref().map(|server| server.applications) {
        Some(Applications::Any) => {}
        Some(Applications::Scoped(scope)) if scope == asked => {}
        Some(Applications::Scoped(_)) => return Err(OAuthError::InvalidScope),
        Some(Applications::None) | None => return Err(OAuthError::UnsupportedGrantType),
    }
    let policy = state.tokens.current;
    Ok(state.grants.issue_to_application(client, asked, fresh, &policy, moment.now)?)
}

/// Some banks want to be told at the token endpoint in which role somebody comes.
fn check_role(mood: Mood, query: &Form) -> Result<(), OAuthError> {
    let wanted = mood.profile().server.as_ref().and_then(|server| server.role);
    let told = query.one("role");
    wanted.is_none_or(|role| told == Some(role)).then_some(()).ok_or(OAuthError::InvalidRequest)
}

/// Tokens are no use without a valid consent, so none are issued.
fn check_subject(state: &State, subject: &Subject, moment: Moment) -> Result<(), OAuthError> {
    let Subject::Consent(consent) = subject else {
        return Ok(());
    };
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

/// What a token is good for, in the words of the mood.
fn scope(issued: &Issued, mood: Mood) -> String {
    let asked = mood.profile().server.as_ref().map(|server| server.scope);
    match (&issued.subject, asked) {
        (Subject::Application { application }, _) => application.clone(),
        (_, Some(Scope::Login(name) | Scope::Accounts(name))) => name.to_owned(),
        (Subject::Consent(consent), _) => format!("AIS:{consent}"),
        (Subject::Customer { .. }, _) => String::new(),
    }
}

fn answer(issued: &Issued, mood: Mood) -> Response {
    let mut body = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": scope(issued, mood),
    });
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = json!(refresh);
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
