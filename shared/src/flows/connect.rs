//! Starts or renews a session: asks the bank for a consent and prepares the link for the browser.
//!
//! The consent is asked for here, at the CRM's POST, and not when the link is opened: a GET must not create anything at
//! a bank, and the CRM learns at once, in a form it can act on, if the bank cannot be had.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{deps::Deps, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Bank,
        flow::Flow,
        ids::{SessionId, TenantId},
        place::Place,
        presence::PsuContext,
        purpose::Purpose,
        secret::{ExposeSecret, SecretString},
        session::{Attempt, AttemptStage, Session},
    },
    ports::{
        documents::{Collection, CommitError},
        store::{Change, Loaded},
    },
    protocol::{
        berlin_group::{
            approach::{Approach, UnsupportedApproach},
            consents::{self, AccessWanted, ConsentOrder, CreatedConsent},
            errors::AnswerError,
        },
        oauth::{authorization::AuthorizationRequest, pkce::Verifier},
        ticket::{State, Ticket},
    },
};

/// How long the link waits for the browser and the browser for the PSU, if the bank's own window is not shorter.
const JOURNEY: Duration = Duration::from_mins(15);

/// What the CRM wants.
pub struct Order {
    /// At which bank.
    pub bank: Arc<Bank>,
    /// Where the browser goes at the end.
    pub return_url: Url,
    /// The PSU's context, if the CRM proved that the PSU is there.
    pub psu: Option<PsuContext>,
}

/// What the CRM gets.
pub struct Started {
    /// The session.
    pub session: Session,
    /// The link to open in the PSU's browser, once.
    pub link: SecretString,
    /// When the link ends.
    pub expires_at: Timestamp,
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

/// What the callback will need: sealed in the flow.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// The consent that the PSU is authorising.
    pub consent_id: String,
    /// The PKCE verifier, where the bank uses OAuth.
    pub verifier: Option<String>,
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
    let journey = Journey::prepare(deps, trail, &session, order).await?;
    journey.enter(&mut session);
    let audit = trail.record(&session, AuditEvent::SessionStarted, deps.now());
    let change = Change::new().create(&session).create(&journey.flow).audit(&audit);
    deps.store.commit(change).await.map_err(Trouble::from)?;
    journey.started(deps, session)
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
    let journey = Journey::prepare(deps, trail, &loaded.record, order).await?;
    loop {
        let mut session = loaded.record.clone();
        journey.enter(&mut session);
        let audit = trail.record(&session, AuditEvent::RenewalStarted, deps.now());
        let change = Change::new().replace(&loaded, &session).create(&journey.flow).audit(&audit);
        match deps.store.commit(change).await {
            Ok(()) => return journey.started(deps, session),
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

/// A journey to a bank, ready to begin.
struct Journey {
    flow: Flow,
    ticket: Ticket,
    return_url: Url,
    started_at: Timestamp,
}

impl Journey {
    /// Asks the bank for a consent and seals what the browser and the callback will need.
    async fn prepare(deps: &Deps, trail: &Trail, session: &Session, order: Order) -> Result<Self, Trouble> {
        let bank = &order.bank;
        let ticket = Ticket::from_random(deps.random()?);
        let state = ticket.state();
        let redirect_uri = redirect_uri(deps, bank, &state)?;
        let consent = ask_for_consent(deps, trail, session, &order, &redirect_uri).await?;
        let verifier = Verifier::from_random(deps.random()?);
        let way = Way { session, consent: &consent, redirect_uri: &redirect_uri, state: &state, verifier: &verifier };
        let (location, verifier) = way.location(deps, trail, bank).await?;

        let started_at = deps.now();
        let id = state.flow_id();
        let pending = Pending { consent_id: consent.consent_id.expose_secret().to_owned(), verifier };
        let pending =
            deps.vault.seal_json(Purpose::Flow, &pending_place(&session.tenant, id.as_str()), &pending).await?;
        let location = ticket.seal_location(&location, deps.random()?).ok_or(Trouble::Integrity)?;
        let flow = Flow {
            id,
            tenant: session.tenant.clone(),
            session: session.id.clone(),
            bank: bank.id.clone(),
            location,
            pending,
            binding: None,
            expires_at: started_at + JOURNEY.min(bank.consent.sca_window()),
            consumed_at: None,
        };
        Ok(Self { flow, ticket, return_url: order.return_url, started_at })
    }

    /// Notes the journey in the session, in place of one that has not come back.
    fn enter(&self, session: &mut Session) {
        if let Some(AttemptStage::AwaitingActivation(access)) = session.attempt.take().map(|old| old.stage) {
            session.retire(*access, self.started_at);
        }
        session.attempt = Some(Attempt {
            flow: self.flow.id.clone(),
            return_url: self.return_url.clone(),
            started_at: self.started_at,
            expires_at: self.flow.expires_at,
            look_again_at: None,
            stage: AttemptStage::AwaitingPsu,
        });
        session.schedule();
    }

    fn started(self, deps: &Deps, session: Session) -> Result<Started, ConnectError> {
        let ticket = self.ticket.to_text();
        let path = format!("authorize/{}", ticket.expose_secret());
        let link = deps.public_url.join(&path).map_err(|_| Trouble::Address)?;
        Ok(Started { session, link: String::from(link).into(), expires_at: self.flow.expires_at })
    }
}

/// Where a flow's pending part lives.
pub(super) fn pending_place(tenant: &TenantId, flow: &str) -> Place {
    Place {
        collection: Collection::Flows.name(),
        document: flow.to_owned(),
        field: "pending",
        tenant: tenant.clone(),
        generation: 0,
    }
}

/// The address that the bank sends the browser back to. OAuth carries `state` itself; without OAuth it stands in the
/// query, for the Berlin Group has no field for it.
fn redirect_uri(deps: &Deps, bank: &Bank, state: &State) -> Result<Url, Trouble> {
    let mut uri = deps.redirect_uri(&bank.id)?;
    if bank.oauth.is_none() {
        uri.query_pairs_mut().append_pair("state", state.expose());
    }
    Ok(uri)
}

async fn ask_for_consent(
    deps: &Deps,
    trail: &Trail,
    session: &Session,
    order: &Order,
    redirect_uri: &Url,
) -> Result<CreatedConsent, Trouble> {
    let bank = &order.bank;
    // Asking for a consent wants an address even when no PSU is there; then it is the TPP's own (Berlin Group 1.3).
    let psu = order.psu.clone().unwrap_or_else(|| PsuContext::at(deps.egress_address));
    let today = deps.now().to_zoned(TimeZone::UTC).date();
    let consent_order = ConsentOrder {
        valid_until: today.saturating_add(i64::from(bank.consent.days()).days()),
        frequency_per_day: bank.consent.frequency_per_day,
        access: AccessWanted::BankOffered,
        recurring: true,
        redirect_uri,
        nok_redirect_uri: Some(redirect_uri),
        psu: &psu,
    };
    let call_id = deps.call_id()?;
    let request = consents::create(bank, &consent_order, call_id, None)?;
    let response = deps.calls.send(bank, trail, session, request).await?;
    Ok(consents::created(bank, call_id, &response)?)
}

/// What the way to the bank's page depends on.
struct Way<'a> {
    session: &'a Session,
    consent: &'a CreatedConsent,
    redirect_uri: &'a Url,
    state: &'a State,
    verifier: &'a Verifier,
}

impl Way<'_> {
    /// Where to send the browser, and the verifier to keep if the bank will give a code.
    async fn location(&self, deps: &Deps, trail: &Trail, bank: &Bank) -> Result<(Url, Option<String>), Trouble> {
        match (&self.consent.approach, &bank.oauth) {
            (Approach::OAuth { .. }, Some(profile)) => {
                let metadata = deps.oauth_servers.metadata(&deps.calls, bank, profile, trail, self.session).await?;
                let request = AuthorizationRequest {
                    consent_id: &self.consent.consent_id,
                    redirect_uri: self.redirect_uri,
                    state: self.state,
                    verifier: self.verifier,
                };
                Ok((request.location(&metadata, profile), Some(self.verifier.expose().to_owned())))
            }
            (Approach::Redirect { location }, None) => Ok((location.clone(), None)),
            // The bank's document and the bank disagree on whether there is OAuth.
            _ => Err(AnswerError::ApproachNotSupported(UnsupportedApproach::Unnamed).into()),
        }
    }
}
