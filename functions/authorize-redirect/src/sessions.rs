//! The CRM's side of a journey: start, renew, activate.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::LOCATION};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        bank::Bank,
        ids::{BankId, SessionId},
        psu_reference::PsuReference,
        secret::{ExposeSecret, SecretString},
        session::SessionStatus,
        tenant::Tenant,
    },
    flows::{
        activate,
        connect::{self, Order, Started},
        trouble::Trouble,
    },
    http::{
        app::App,
        body::JsonBody,
        caller::{Audit, Caller, OwnSession, PresenceToken},
        presence::Bound,
        problem::{Code, Problem},
        session_view::SessionView,
    },
};
use url::Url;
use utoipa::ToSchema;

/// A session to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// The bank's id, from `/v1/banks`.
    bank: String,
    /// The CRM's own opaque reference of the PSU; not an address or account number.
    psu: String,
    /// Where the browser goes at the end; registered for the tenant.
    return_url: String,
}

/// A consent to ask for anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Where the browser goes at the end; registered for the tenant.
    return_url: String,
}

/// An activation code to redeem.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// The code that came back with the browser.
    #[schema(value_type = String)]
    activation_code: SecretString,
}

/// A journey that can begin.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedSession)]
pub struct StartedView {
    #[schema(value_type = String)]
    session: SessionId,
    status: SessionStatus,
    /// To be opened in the PSU's browser, once.
    authorize_url: String,
    authorize_expires_at: Timestamp,
}

pub(crate) async fn start(
    State(app): State<App>,
    Audit(trail): Audit,
    Caller(tenant): Caller,
    presence: PresenceToken,
    JsonBody(wanted): JsonBody<NewSession>,
) -> Result<Response, Problem> {
    let psu = PsuReference::parse(&wanted.psu).map_err(|error| Problem::caused(Code::PsuReferenceRejected, error))?;
    let order = Order {
        bank: bank(&app, &wanted.bank)?,
        return_url: return_url(&tenant, &wanted.return_url)?,
        psu: presence.judge(&app, &tenant, Bound::Psu(psu.as_str())).await?,
    };
    let started = connect::start(&app.deps, &trail, &tenant.id, psu.as_str(), order).await?;
    created(&app, &started)
}

pub(crate) async fn renew(
    State(app): State<App>,
    Audit(trail): Audit,
    Caller(tenant): Caller,
    OwnSession(session): OwnSession,
    presence: PresenceToken,
    JsonBody(wanted): JsonBody<Renewal>,
) -> Result<Response, Problem> {
    let order = Order {
        bank: Arc::clone(app.deps.bank(&session.record.bank)?),
        return_url: return_url(&tenant, &wanted.return_url)?,
        psu: presence.judge(&app, &tenant, Bound::Session(session.record.id.as_str())).await?,
    };
    let started = connect::renew(&app.deps, &trail, session, order).await?;
    created(&app, &started)
}

pub(crate) async fn activate(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    JsonBody(wanted): JsonBody<Activation>,
) -> Result<Json<SessionView>, Problem> {
    let code = wanted.activation_code.expose_secret();
    let session = activate::activate(&app.deps, &trail, session, code).await?;
    let bank = app.deps.bank(&session.bank)?;
    Ok(Json(SessionView::of(&session, Some(bank), app.deps.now())))
}

fn bank(app: &App, id: &str) -> Result<Arc<Bank>, Problem> {
    let bank = BankId::parse(id).ok().and_then(|id| app.deps.banks.get(&id));
    bank.map(Arc::clone).ok_or(Code::BankUnknown.into())
}

fn return_url(tenant: &Tenant, text: &str) -> Result<Url, Problem> {
    tenant.registered_return_url(text).ok_or(Code::ReturnUrlUnregistered.into())
}

fn created(app: &App, started: &Started) -> Result<Response, Problem> {
    let session = &started.session;
    let view = StartedView {
        session: session.id.clone(),
        status: session.status(app.deps.now()),
        authorize_url: started.link.expose_secret().to_owned(),
        authorize_expires_at: started.expires_at,
    };
    let location = app.deps.public_url.join(&format!("v1/sessions/{}", session.id)).map_err(|_| Trouble::Address)?;
    let location = HeaderValue::try_from(location.as_str()).map_err(|_| Problem::from(Code::Internal))?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
}
