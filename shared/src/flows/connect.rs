//! Starts or renews a session: asks the bank for a consent and prepares the link for the browser.
//!
//! The consent is asked for here, at the CRM's POST, and not when the link is opened: a GET must not create anything at
//! a bank, and the CRM learns at once, in a form it can act on, if the bank cannot be had.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use url::Url;

use super::{
    deps::Deps,
    journey::{self, Departure, Elsewhere, Prepared},
    redeem,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        ids::{FlowId, SessionId, TenantId},
        secret::{ExposeSecret, SecretString},
        session::{Attempt, AttemptStage, Session},
    },
    ports::{
        documents::CommitError,
        store::{Change, Loaded},
    },
};

pub use super::journey::Wish;

/// What the CRM wants.
pub struct Order {
    /// At which bank.
    pub bank: Arc<Bank>,
    /// Where the browser goes at the end.
    pub return_url: Url,
    /// What the PSU is to grant.
    pub wish: Wish,
}

/// What the CRM gets.
pub struct Started {
    /// The session.
    pub session: Session,
    /// When the journey must be over.
    pub expires_at: Timestamp,
    /// How it goes on.
    pub onward: Onward,
}

/// How a journey goes on.
pub enum Onward {
    /// By a link to open in the PSU's browser, once.
    Link(SecretString),
    /// On another device of the PSU's.
    Decoupled {
        /// The code to redeem when the PSU is done. No browser carries it, so the CRM gets it at once; it is worth
        /// nothing before the bank has made the consent valid.
        activation_code: SecretString,
        /// What the bank wants the PSU to be told.
        psu_message: Option<String>,
    },
}

/// Why a session could not be started or renewed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The session has been ended.
    #[error("the session has ended")]
    Ended,
    /// Something below failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Starts a session for a PSU of the tenant's.
pub async fn start(
    deps: &Deps,
    trail: &Trail,
    tenant: &TenantId,
    psu_reference: &str,
    order: Order,
) -> Result<Started, ConnectError> {
    let id = SessionId::from_random(deps.random().map_err(Trouble::from)?);
    let psu = deps.pseudonyms.pseudonym(tenant, psu_reference);
    let mut session = Session::begun(id, tenant.clone(), order.bank.id.clone(), psu, deps.now());
    let start = Start::prepare(deps, trail, &session, order).await?;
    let code = start.enter(deps, &mut session).await?;
    let audit = trail.record(&session, AuditEvent::SessionStarted, deps.now());
    let change = start.with_flow(Change::new().create(&session)).audit(&audit);
    deps.store.commit(change).await.map_err(Trouble::from)?;
    start.started(deps, session, code)
}

/// Asks for a new consent in a session that exists. The consent in force stays in force until the new one is activated.
pub async fn renew(
    deps: &Deps,
    trail: &Trail,
    mut loaded: Loaded<Session>,
    order: Order,
) -> Result<Started, ConnectError> {
    if loaded.record.ended_at.is_some() {
        return Err(ConnectError::Ended);
    }
    let start = Start::prepare(deps, trail, &loaded.record, order).await?;
    loop {
        let mut session = loaded.record.clone();
        let code = start.enter(deps, &mut session).await?;
        let audit = trail.record(&session, AuditEvent::RenewalStarted, deps.now());
        let change = start.with_flow(Change::new().replace(&loaded, &session)).audit(&audit);
        match deps.store.commit(change).await {
            Ok(()) => return start.started(deps, session, code),
            Err(CommitError::Refused) => loaded = still_open(deps, &session.id).await?,
            Err(CommitError::Failed(error)) => return Err(Trouble::from(error).into()),
        }
    }
}

/// The session as it stands after somebody else changed it.
async fn still_open(deps: &Deps, id: &SessionId) -> Result<Loaded<Session>, ConnectError> {
    let loaded = deps.store.load::<Session>(id.as_str()).await.map_err(Trouble::from)?;
    loaded.filter(|loaded| loaded.record.ended_at.is_none()).ok_or(ConnectError::Ended)
}

/// A journey that is ready to begin.
struct Start {
    prepared: Prepared,
    return_url: Url,
    started_at: Timestamp,
    window: Duration,
    first_poll: Duration,
}

impl Start {
    async fn prepare(deps: &Deps, trail: &Trail, session: &Session, order: Order) -> Result<Self, Trouble> {
        let Order { bank, return_url, wish } = order;
        let prepared = journey::prepare(deps, trail, &bank, session, wish, None).await?;
        Ok(Self {
            prepared,
            return_url,
            started_at: deps.now(),
            window: bank.consent.sca_window(),
            first_poll: Duration::from_secs(bank.consent.polling.first_seconds.into()),
        })
    }

    /// Notes the journey in the session, in place of one that has not come back. Answers the activation code, if no
    /// browser will carry it.
    async fn enter(&self, deps: &Deps, session: &mut Session) -> Result<Option<SecretString>, Trouble> {
        session.drop_attempt(self.started_at);
        let (attempt, code) = match &self.prepared {
            Prepared::Browser(departure) => (self.by_browser(departure), None),
            Prepared::Decoupled(elsewhere) => {
                let (attempt, code) = self.decoupled(deps, session, elsewhere).await?;
                (attempt, Some(code))
            }
        };
        session.attempt = Some(attempt);
        session.schedule();
        Ok(code)
    }

    fn by_browser(&self, departure: &Departure) -> Attempt {
        Attempt {
            flow: departure.flow.id.clone(),
            return_url: self.return_url.clone(),
            started_at: self.started_at,
            expires_at: departure.flow.expires_at,
            look_again_at: None,
            stage: AttemptStage::AwaitingPsu,
            kept: None,
            is_decoupled: false,
            ends_others: departure.ends_others,
        }
    }

    async fn decoupled(
        &self,
        deps: &Deps,
        session: &mut Session,
        elsewhere: &Elsewhere,
    ) -> Result<(Attempt, SecretString), Trouble> {
        let now = deps.now();
        let code = redeem::activation_code(deps)?;
        let access = redeem::access(deps, session, &elsewhere.grant, elsewhere.lifetime, &code, now).await?;
        let attempt = Attempt {
            // There is no flow; the name keeps this attempt apart from others.
            flow: FlowId::from_hash(deps.random()?),
            return_url: self.return_url.clone(),
            started_at: self.started_at,
            expires_at: now + self.window,
            look_again_at: Some(now + self.first_poll),
            stage: AttemptStage::AwaitingActivation(Box::new(access)),
            kept: None,
            is_decoupled: true,
            ends_others: elsewhere.ends_others,
        };
        Ok((attempt, code))
    }

    fn with_flow(&self, change: Change) -> Change {
        match &self.prepared {
            Prepared::Browser(departure) => change.create(&departure.flow),
            Prepared::Decoupled(_) => change,
        }
    }

    fn started(&self, deps: &Deps, session: Session, code: Option<SecretString>) -> Result<Started, ConnectError> {
        let onward = match (&self.prepared, code) {
            (Prepared::Browser(departure), _) => {
                let path = format!("authorize/{}", departure.ticket.to_text().expose_secret());
                let link = deps.public_url.join(&path).map_err(|_| Trouble::Address)?;
                Onward::Link(String::from(link).into())
            }
            (Prepared::Decoupled(elsewhere), Some(activation_code)) => {
                Onward::Decoupled { activation_code, psu_message: elsewhere.psu_message.clone() }
            }
            (Prepared::Decoupled(_), None) => return Err(Trouble::Integrity.into()),
        };
        let expires_at = session.attempt.as_ref().map_or(self.started_at, |attempt| attempt.expires_at);
        Ok(Started { session, expires_at, onward })
    }
}
