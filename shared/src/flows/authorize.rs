//! Opens an authorisation link: binds the browser and sends it to the bank.

use url::Url;

use super::{deps::Deps, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        audit::AuditEvent,
        code_hash::CodeHash,
        flow::{Flow, Opening},
        ids::FlowId,
        secret::ExposeSecret,
        secret::Secret32,
    },
    flows::trail::Subject,
    ports::{documents::CommitError, store::Loaded},
    protocol::ticket::Ticket,
};

/// Where the browser goes, and what it must keep.
pub struct Opened {
    /// The bank's page.
    pub location: Url,
    /// The flow, which names the cookie.
    pub flow: FlowId,
    /// The secret to set as the binding cookie; `None` if this browser has it already.
    pub binding: Option<Secret32>,
}

/// Why the browser is not sent on.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// There is no such link.
    #[error("no such link")]
    Unknown,
    /// The link's time is over.
    #[error("the link has expired")]
    Expired,
    /// Another browser has opened it.
    #[error("the link was opened in another browser")]
    Taken,
    /// The journey is over.
    #[error("the link was used")]
    Used,
    /// Something below failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Opens the link of this ticket in a browser. `kept` tells the binding secret that the browser has for a flow.
pub async fn open(
    deps: &Deps,
    trail: &Trail,
    ticket: &str,
    kept: impl Fn(&FlowId) -> Option<Vec<u8>>,
) -> Result<Opened, AuthorizeError> {
    let ticket = Ticket::parse(ticket).ok_or(AuthorizeError::Unknown)?;
    let id = ticket.state().flow_id();
    let flow: Loaded<Flow> =
        deps.store.load(id.as_str()).await.map_err(Trouble::from)?.ok_or(AuthorizeError::Unknown)?;
    let binding = match flow.record.opening(kept(&id).as_deref(), deps.now()) {
        Opening::Bind => Some(bind(deps, trail, &flow).await?),
        Opening::Again => None,
        Opening::Taken => return Err(AuthorizeError::Taken),
        Opening::Used => return Err(AuthorizeError::Used),
        Opening::Expired => return Err(AuthorizeError::Expired),
    };
    let location = ticket.open_location(&flow.record.location).map_err(|_| Trouble::Integrity)?;
    Ok(Opened { location, flow: id, binding })
}

/// Binds the flow to this browser, unless another one was quicker.
async fn bind(deps: &Deps, trail: &Trail, flow: &Loaded<Flow>) -> Result<Secret32, AuthorizeError> {
    let secret = Secret32::new(Box::new(deps.random().map_err(Trouble::from)?));
    let bound = Flow { binding: Some(CodeHash::of(secret.expose_secret())), ..flow.record.clone() };
    let audit = trail.record(Subject::from(&flow.record), AuditEvent::AuthorisationOpened, deps.now());
    match deps.store.replace(flow, bound, audit).await {
        Ok(_) => Ok(secret),
        Err(CommitError::Refused) => Err(AuthorizeError::Taken),
        Err(CommitError::Failed(error)) => Err(Trouble::from(error).into()),
    }
}

impl From<&Flow> for Subject {
    fn from(flow: &Flow) -> Self {
        Self {
            tenant: Some(flow.tenant.clone()),
            session: Some(flow.session.clone()),
            psu: None,
            bank: Some(flow.bank.clone()),
        }
    }
}
