//! The CRM's side of a journey: start, renew, activate.

use std::{fmt, sync::Arc};

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
        bank::{AccessRejected, Bank, ConsentKind},
        consent::{AccessWanted, Iban, WantedAccount},
        ids::{BankId, SessionId},
        presence::{HeaderText, PsuAtBank},
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

/// How many accounts one consent may name.
const MOST_ACCOUNTS: usize = 100;

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

/// What the PSU is to grant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWish {
    /// The kind; the first of the bank's if absent.
    kind: Option<ConsentKind>,
    /// The accounts, for a dedicated consent.
    accounts: Option<Vec<WishedAccount>>,
    /// False for a consent that can be used once.
    recurring: Option<bool>,
}

/// An account that the PSU is to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WishedAccount {
    /// ISO 13616.
    iban: SecretText,
    /// ISO 4217, where the account has several currencies.
    currency: Option<String>,
}

/// How the PSU is called at the bank. Passed on to the bank and kept no longer than the journey takes; never a password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesAtBank {
    /// The name that the PSU logs in with (`PSU-ID`).
    id: Option<SecretText>,
    /// Its kind (`PSU-ID-Type`).
    id_type: Option<String>,
    /// The company's name at the bank (`PSU-Corporate-ID`).
    corporate_id: Option<SecretText>,
    /// Its kind (`PSU-Corporate-ID-Type`).
    corporate_id_type: Option<String>,
}

/// A text about a customer, which is not printed.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String)]
#[serde(transparent)]
pub struct SecretText(SecretString);

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText(..)")
    }
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

/// What the consent is to open, if the bank grants that.
fn access(bank: &Bank, wish: ConsentWish) -> Result<AccessWanted, Problem> {
    let unsupported = || Problem::from(Code::ConsentKindUnsupported);
    let accounts = wish.accounts.unwrap_or_default();
    let accounts = accounts.iter().take(MOST_ACCOUNTS + 1).map(account).collect::<Result<Vec<_>, _>>()?;
    if accounts.len() > MOST_ACCOUNTS {
        return Err(Code::RequestInvalid.into());
    }
    let access = AccessWanted {
        kind: wish.kind.or(bank.consent.kinds.first().copied()).ok_or_else(unsupported)?,
        accounts,
        recurring: wish.recurring.unwrap_or(true),
    };
    bank.consent.admits(&access).map_err(|error| match error {
        AccessRejected::NotGranted => Problem::caused(Code::ConsentKindUnsupported, error),
        AccessRejected::Accounts => Problem::caused(Code::RequestInvalid, error),
    })?;
    Ok(access)
}

fn account(wished: &WishedAccount) -> Result<WantedAccount, Problem> {
    let iban =
        Iban::parse(wished.iban.0.expose_secret()).map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let is_currency = |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if wished.currency.as_ref().is_some_and(|code| !is_currency(code)) {
        return Err(Code::RequestInvalid.into());
    }
    Ok(WantedAccount { iban, currency: wished.currency.clone() })
}

/// How the PSU is called at the bank, as this bank wants it told.
fn psu_at_bank(bank: &Bank, names: &NamesAtBank) -> Result<PsuAtBank, Problem> {
    let text = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => HeaderText::parse(text).map(Some).ok_or(Problem::from(Code::RequestInvalid)),
    };
    let secret = |name: &Option<SecretText>| text(name.as_ref().map(|name| name.0.expose_secret()));
    let told = PsuAtBank {
        id: secret(&names.id)?,
        id_type: text(names.id_type.as_deref())?,
        corporate_id: secret(&names.corporate_id)?,
        corporate_id_type: text(names.corporate_id_type.as_deref())?,
    };
    bank.psu.fit(&told).map_err(|error| Problem::caused(Code::PsuIdRejected, error))
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
