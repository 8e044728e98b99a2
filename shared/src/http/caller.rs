//! What a handler's signature demands: the caller, the session that is the caller's own, proven presence.
//!
//! A session that is malformed, unknown or another tenant's looks the same: 404, same body, one read.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::{
    access::Bearer,
    app::App,
    presence::{self, Bound},
    problem::{Code, Problem},
};
use crate::{
    domain::{
        ids::{AccountId, SessionId},
        presence::{Attendance, PsuContext},
        session::Session,
        tenant::Tenant,
    },
    flows::{trail::Trail, trouble::Trouble},
    ports::store::Loaded,
};

/// The tenant that calls.
pub struct Caller(pub Arc<Tenant>);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let bearer = parts.extensions.get::<Bearer>().ok_or(Problem::from(Code::Unauthenticated))?;
        Ok(Self(Arc::clone(&bearer.tenant)))
    }
}

/// The trail of this call.
pub struct Audit(pub Arc<Trail>);

impl<S: Sync> FromRequestParts<S> for Audit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let trail = parts.extensions.get::<Arc<Trail>>().ok_or(Problem::from(Code::Internal))?;
        Ok(Self(Arc::clone(trail)))
    }
}

/// The session in the path, loaded, and the caller's own.
pub struct OwnSession(pub Loaded<Session>);

impl FromRequestParts<App> for OwnSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Caller(tenant) = Caller::from_request_parts(parts, app).await?;
        let id = path_parameter(parts, "session").await?;
        let id = SessionId::parse(id).map_err(|_| Problem::from(Code::NotFound))?;
        let loaded = app.deps.store.load::<Session>(id.as_str()).await.map_err(Trouble::from)?;
        match loaded {
            Some(own) if own.record.tenant == tenant.id => Ok(Self(own)),
            Some(_) => {
                tracing::warn!(tenant.id = %tenant.id, "somebody else's session was asked for");
                Err(Code::NotFound.into())
            }
            None => Err(Code::NotFound.into()),
        }
    }
}

/// The account id in the path. Whether the session has it is told when it is read.
pub struct AccountInPath(pub AccountId);

impl<S: Send + Sync> FromRequestParts<S> for AccountInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = path_parameter(parts, "account").await?;
        AccountId::parse(id).map(Self).map_err(|_| Code::NotFound.into())
    }
}

/// The account and the bank's id of a transaction in the path, percent-decoded. An id that no path of the bank's can hold
/// is no request.
pub struct TransactionInPath(pub AccountId, pub String);

/// The longest id of a transaction that is asked for.
const LONGEST_ID: usize = 256;

impl<S: Send + Sync> FromRequestParts<S> for TransactionInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AccountInPath(account) = AccountInPath::from_request_parts(parts, state).await?;
        let id = path_parameter(parts, "transaction").await?;
        let sendable = !matches!(id.as_str(), "" | "." | "..") && id.len() <= LONGEST_ID;
        if sendable && !id.chars().any(char::is_control) {
            Ok(Self(account, id))
        } else {
            Err(Code::RequestInvalid.into())
        }
    }
}

/// A parameter of the path, percent-decoded.
async fn path_parameter(parts: &mut Parts, name: &str) -> Result<String, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let parameters = parameters.map_err(|_| Problem::from(Code::NotFound))?;
    let value = parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    value.ok_or(Code::NotFound.into())
}

/// Whether the PSU of the session in the path is there, as the presence token proves.
pub struct Attended(pub Attendance);

impl FromRequestParts<App> for Attended {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let session = path_parameter(parts, "session").await?;
        let psu = proven(parts, app, Bound::Session(&session)).await?;
        Ok(Self(psu.map_or(Attendance::Background, |psu| Attendance::Attended(Box::new(psu)))))
    }
}

/// The presence token of a call, not yet judged, for routes whose PSU stands in the body.
pub struct PresenceToken(Option<String>);

impl<S: Sync> FromRequestParts<S> for PresenceToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        token(parts).map(Self)
    }
}

impl PresenceToken {
    /// The PSU's context, if there is a token; a token that is not good is an error, never "nobody is there".
    pub async fn judge(&self, app: &App, tenant: &Tenant, bound: Bound<'_>) -> Result<Option<PsuContext>, Problem> {
        let Some(token) = &self.0 else { return Ok(None) };
        let judged = presence::judge(&app.gate, tenant, token, bound, app.deps.now()).await;
        judged.map(Some).map_err(|error| {
            app.gate.tell_rejected(token, &error);
            Problem::caused(Code::PresenceInvalid, error)
        })
    }
}

async fn proven(parts: &mut Parts, app: &App, bound: Bound<'_>) -> Result<Option<PsuContext>, Problem> {
    let Caller(tenant) = Caller::from_request_parts(parts, app).await?;
    PresenceToken(token(parts)?).judge(app, &tenant, bound).await
}

/// The one presence header.
fn token(parts: &Parts) -> Result<Option<String>, Problem> {
    let mut values = parts.headers.get_all(presence::HEADER).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(|value| value.to_str()), second) {
        (None, _) => Ok(None),
        (Some(Ok(token)), None) => Ok(Some(token.to_owned())),
        _ => Err(Code::PresenceInvalid.into()),
    }
}
