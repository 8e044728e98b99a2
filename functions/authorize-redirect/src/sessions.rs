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
        connect::{self, Onward, Order, Started, Wish},
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

use crate::wishes::{ConsentWish, NamesAtBank, access, psu_at_bank};

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
    /// What the PSU is to grant; what the bank grants first, if absent.
    consent: Option<ConsentWish>,
    /// How the PSU is called at the bank, where the bank wants to know.
    psu_at_bank: Option<NamesAtBank>,
}

/// A consent to ask for anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Where the browser goes at the end; registered for the tenant.
    return_url: String,
    /// What the PSU is to grant; what the bank grants first, if absent.
    consent: Option<ConsentWish>,
    /// How the PSU is called at the bank, where the bank wants to know.
    psu_at_bank: Option<NamesAtBank>,
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
    /// To be opened in the PSU's browser, once; absent where the PSU authenticates on another device.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorize_url: Option<String>,
    /// When the PSU's time is over.
    authorize_expires_at: Timestamp,
    /// Where the PSU authenticates on another device: what goes on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    decoupled: Option<DecoupledView>,
}

/// An authorisation on another device of the PSU's.
#[derive(Serialize, ToSchema)]
#[schema(as = Decoupled)]
pub struct DecoupledView {
    /// To be redeemed when the session is `awaiting_activation`: ask for the session until it is.
    activation_code: String,
    /// What the bank wants the PSU to be told, in the bank's words. Show it to nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    psu_message: Option<String>,
    /// When to ask for the session first.
    ask_again_at: Option<Timestamp>,
}

pub(crate) async fn start(
    State(app): State<App>,
    Audit(trail): Audit,
    Caller(tenant): Caller,
    presence: PresenceToken,
    JsonBody(wanted): JsonBody<NewSession>,
) -> Result<Response, Problem> {
    let psu = PsuReference::parse(&wanted.psu).map_err(|error| Problem::caused(Code::PsuReferenceRejected, error))?;
    let bank = offered_bank(&app, &wanted.bank)?;
    let order = Order {
        return_url: return_url(&tenant, &wanted.return_url)?,
        wish: Wish {
            access: access(&bank, wanted.consent.unwrap_or_default())?,
            psu_at_bank: psu_at_bank(&bank, &wanted.psu_at_bank.unwrap_or_default())?,
            psu: presence.judge(&app, &tenant, Bound::Psu(psu.as_str())).await?,
        },
        bank,
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
    let bank = Arc::clone(app.deps.bank(&session.record.bank)?);
    let order = Order {
        return_url: return_url(&tenant, &wanted.return_url)?,
        wish: Wish {
            access: access(&bank, wanted.consent.unwrap_or_default())?,
            psu_at_bank: psu_at_bank(&bank, &wanted.psu_at_bank.unwrap_or_default())?,
            psu: presence.judge(&app, &tenant, Bound::Session(session.record.id.as_str())).await?,
        },
        bank,
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
    let certificate_at = app.deps.certificate_ends_at(bank);
    Ok(Json(SessionView::of(&session, Some(bank), certificate_at, app.deps.now())))
}

fn offered_bank(app: &App, id: &str) -> Result<Arc<Bank>, Problem> {
    let bank = BankId::parse(id).ok().and_then(|id| app.deps.banks.get(&id));
    bank.filter(|bank| bank.facts.offered).map(Arc::clone).ok_or(Code::BankUnknown.into())
}

fn return_url(tenant: &Tenant, text: &str) -> Result<Url, Problem> {
    tenant.registered_return_url(text).ok_or(Code::ReturnUrlUnregistered.into())
}

fn created(app: &App, started: &Started) -> Result<Response, Problem> {
    let session = &started.session;
    let (authorize_url, decoupled) = match &started.onward {
        Onward::Link(link) => (Some(link.expose_secret().to_owned()), None),
        Onward::Decoupled { activation_code, psu_message } => {
            let activation_code = activation_code.expose_secret().to_owned();
            let ask_again_at = session.attempt.as_ref().and_then(|attempt| attempt.look_again_at);
            (None, Some(DecoupledView { activation_code, psu_message: psu_message.clone(), ask_again_at }))
        }
    };
    let view = StartedView {
        session: session.id.clone(),
        status: session.status(app.deps.now()),
        authorize_url,
        authorize_expires_at: started.expires_at,
        decoupled,
    };
    let location = app.deps.public_url.join(&format!("v1/sessions/{}", session.id)).map_err(|_| Trouble::Address)?;
    let location = HeaderValue::try_from(location.as_str()).map_err(|_| Problem::from(Code::Internal))?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
}
