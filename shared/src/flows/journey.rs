//! One leg of a PSU's journey: what the hub asks the bank for, and where the browser goes.
//!
//! Most journeys have one leg: the consent is asked for and the PSU authorises it. At banks that want a token before a
//! consent can be asked for there are two; the first ends in the callback, which begins the second with the tokens that
//! it got. Where the token is the consent, the only leg ends with the tokens.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    deps::Deps,
    trail::Trail,
    trouble::{BankFault, Trouble},
};
use crate::{
    domain::{
        bank::{AuthorizeBy, Bank, OAuthProfile, Pkce, Stage, StatePlace},
        code_hash::CodeHash,
        consent::AccessWanted,
        flow::Flow,
        grant::{Grant, Tokens},
        ids::TenantId,
        place::Place,
        presence::{PsuAtBank, PsuContext},
        purpose::Purpose,
        secret::{ExposeSecret, Secret32, SecretString},
        session::Session,
    },
    ports::documents::Collection,
    protocol::{
        berlin_group::{
            approach::{Approach, Offer, UnsupportedApproach, authorises_by_oauth},
            authorisations,
            consents::{self, ConsentOrder, CreatedConsent},
            errors::AnswerError,
            headers::CallHeaders,
        },
        oauth::{
            authorization::{self, AuthorizationRequest},
            metadata::Metadata,
            pkce::Verifier,
        },
        ticket::{State, Ticket},
    },
};

/// How long the link waits for the browser and the browser for the PSU, if the bank's own window is not shorter.
const JOURNEY: Duration = Duration::from_mins(15);

/// What a PSU is to grant, and what the bank may want to know for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What the consent is to open.
    pub access: AccessWanted,
    /// The PSU's context, if the CRM proved that the PSU is there.
    pub psu: Option<PsuContext>,
    /// How the PSU is called at the bank, as the bank wants it told.
    pub psu_at_bank: PsuAtBank,
}

/// The part of a journey that one visit at the bank is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Leg {
    /// The PSU logs in, so that a consent can be asked for.
    PreStep,
    /// The PSU authorises a consent.
    #[default]
    Consent,
    /// The PSU grants a token that is the consent.
    Token,
}

impl Leg {
    /// The leg that a journey at this bank begins with.
    pub fn first(bank: &Bank) -> Self {
        match bank.oauth.as_ref().map(|profile| profile.stage) {
            Some(Stage::PreStep | Stage::PreStepAndSca) => Self::PreStep,
            Some(Stage::Token) => Self::Token,
            Some(Stage::Sca) | None => Self::Consent,
        }
    }
}

/// What the callback will need: sealed in the flow.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// Which leg it is.
    #[serde(default)]
    pub leg: Leg,
    /// The consent that the PSU is authorising.
    #[serde(default)]
    pub consent_id: Option<String>,
    /// Its authorisation, where the bank tells it.
    #[serde(default)]
    pub authorisation_id: Option<String>,
    /// Whether the authorisation must be confirmed.
    #[serde(default)]
    pub confirmation: bool,
    /// Whether an OAuth answer is awaited.
    #[serde(default)]
    pub by_oauth: bool,
    /// The PKCE verifier, where the bank takes it.
    #[serde(default)]
    pub verifier: Option<String>,
    /// What is to be asked for on the next leg.
    #[serde(default)]
    pub wish: Option<Wish>,
    /// The tokens of the leg before.
    #[serde(default)]
    pub tokens: Option<KeptTokens>,
}

/// Tokens between two legs. They are sealed with the flow, for the callback cannot open what it seals for good.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeptTokens {
    access: String,
    refresh: Option<String>,
    scope: Option<String>,
    ends_at: Timestamp,
}

impl KeptTokens {
    /// Tokens whose access token lives so long from now on.
    pub fn of(tokens: &Tokens, lifetime: Duration, now: Timestamp) -> Self {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        Self {
            access: text(&tokens.access),
            refresh: tokens.refresh.as_ref().map(text),
            scope: tokens.scope.clone(),
            ends_at: now + lifetime,
        }
    }

    /// The tokens again.
    pub fn tokens(&self) -> Tokens {
        let secret = |text: &String| SecretString::from(text.clone());
        Tokens { access: secret(&self.access), refresh: self.refresh.as_ref().map(secret), scope: self.scope.clone() }
    }

    /// How long the access token still lives.
    pub fn lifetime(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.ends_at.duration_since(now)).unwrap_or_default()
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

/// A leg that is ready.
pub(super) enum Prepared {
    /// The browser goes to the bank.
    Browser(Box<Departure>),
    /// The PSU authenticates on another device.
    Decoupled(Box<Elsewhere>),
}

/// A leg that a browser makes.
pub(super) struct Departure {
    /// The flow, not stored yet.
    pub flow: Flow,
    /// The secret of its link.
    pub ticket: Ticket,
    /// Where the browser goes.
    pub location: Url,
    /// Whether the bank ends the PSU's other consents when the new one becomes valid.
    pub ends_others: bool,
}

impl Departure {
    /// The flow bound to the browser that is here already, and the secret for its cookie.
    pub fn bound(&self, deps: &Deps) -> Result<(Flow, Secret32), Trouble> {
        let secret = Secret32::new(Box::new(deps.random()?));
        let binding = Some(CodeHash::of(secret.expose_secret()));
        Ok((Flow { binding, ..self.flow.clone() }, secret))
    }
}

/// A leg that another device makes.
pub(super) struct Elsewhere {
    /// What the PSU is authorising.
    pub grant: Grant,
    /// How long the access token lives, if there is one.
    pub lifetime: Option<Duration>,
    /// What the bank wants the PSU to be told.
    pub psu_message: Option<String>,
    /// Whether the bank ends the PSU's other consents when the new one becomes valid.
    pub ends_others: bool,
}

/// Prepares a leg: asks the bank for what there is to ask and seals what the browser and the callback will need.
pub(super) async fn prepare(
    deps: &Deps,
    trail: &Trail,
    bank: &Arc<Bank>,
    session: &Session,
    wish: Wish,
    before: Option<KeptTokens>,
) -> Result<Prepared, Trouble> {
    let leg = if before.is_some() { Leg::Consent } else { Leg::first(bank) };
    let ticket = Ticket::from_random(deps.random()?);
    let state = ticket.state();
    let maker = Maker { deps, trail, bank, session, state: &state };
    match leg {
        Leg::PreStep | Leg::Token => maker.by_token(leg, wish, ticket).await.map(Prepared::browser),
        Leg::Consent => maker.by_consent(wish, before, ticket).await,
    }
}

impl Prepared {
    fn browser(departure: Departure) -> Self {
        Self::Browser(Box::new(departure))
    }
}

/// Makes one leg.
struct Maker<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    bank: &'a Bank,
    session: &'a Session,
    state: &'a State,
}

/// What is known of the browser's way.
struct Way {
    location: Url,
    verifier: Option<Verifier>,
    by_oauth: bool,
}

impl Maker<'_> {
    /// A leg that needs no consent: the PSU goes to the authorisation server.
    async fn by_token(&self, leg: Leg, wish: Wish, ticket: Ticket) -> Result<Departure, Trouble> {
        let profile = self.bank.oauth.as_ref().ok_or(Trouble::Integrity)?;
        let recipe = match leg {
            Leg::PreStep => profile.pre_step_scope.as_deref().unwrap_or(&profile.scope),
            Leg::Consent | Leg::Token => &profile.scope,
        };
        let scope = authorization::scope(recipe, None);
        let way = self.by_oauth(profile, &scope, None).await?;
        let pending = Pending {
            leg,
            consent_id: None,
            authorisation_id: None,
            confirmation: false,
            by_oauth: true,
            verifier: way.verifier.as_ref().map(|verifier| verifier.expose().to_owned()),
            wish: (leg == Leg::PreStep).then_some(wish),
            tokens: None,
        };
        self.depart(ticket, way.location, &pending, leg == Leg::Token && self.bank.consent.several == Some(false)).await
    }

    /// A leg on which the PSU authorises a consent.
    async fn by_consent(&self, wish: Wish, before: Option<KeptTokens>, ticket: Ticket) -> Result<Prepared, Trouble> {
        let redirect_uri = self.redirect_uri(authorises_by_oauth(self.bank))?;
        let tokens = before.as_ref().map(KeptTokens::tokens);
        let token = tokens.as_ref().map(|tokens| &tokens.access);
        let mut consent = self.ask_for_consent(&wish, &redirect_uri, token).await?;
        if consent.offer.approach == Approach::Start {
            self.start_authorisation(&wish, &redirect_uri, token, &mut consent).await?;
        }
        let Offer { approach, authorisation_id, confirmation } = consent.offer;
        let ends_others = wish.access.recurring && !self.allows_several(consent.multiple_consents);
        let way = match approach {
            Approach::Decoupled => {
                let lifetime = before.as_ref().map(|kept| kept.lifetime(self.deps.now()));
                let grant = Grant { consent_id: Some(consent.consent_id), authorisation_id, tokens };
                let psu_message = consent.psu_message;
                return Ok(Prepared::Decoupled(Box::new(Elsewhere { grant, lifetime, psu_message, ends_others })));
            }
            Approach::Redirect { location } => Way { location, verifier: None, by_oauth: false },
            Approach::OAuth { link } => {
                let profile = self.bank.oauth.as_ref().ok_or_else(unsupported)?;
                let scope = authorization::scope(&profile.scope, Some(&consent.consent_id));
                let link =
                    link.filter(|_| profile.sca_link == crate::domain::bank::ScaOAuthLink::AuthorizationEndpoint);
                self.by_oauth(profile, &scope, link).await?
            }
            Approach::Start => return Err(unsupported().into()),
        };
        let pending = Pending {
            leg: Leg::Consent,
            consent_id: Some(consent.consent_id.expose_secret().to_owned()),
            authorisation_id: authorisation_id.map(|id| id.expose_secret().to_owned()),
            confirmation,
            by_oauth: way.by_oauth,
            verifier: way.verifier.as_ref().map(|verifier| verifier.expose().to_owned()),
            wish: None,
            tokens: before,
        };
        self.depart(ticket, way.location, &pending, ends_others).await.map(Prepared::browser)
    }

    /// Whether older consents stay good: by the bank's document, else by its word, else not.
    fn allows_several(&self, announced: Option<bool>) -> bool {
        self.bank.consent.several.or(announced).unwrap_or(false)
    }

    async fn depart(
        &self,
        ticket: Ticket,
        location: Url,
        pending: &Pending,
        ends_others: bool,
    ) -> Result<Departure, Trouble> {
        let Self { deps, session, bank, .. } = *self;
        let id = self.state.flow_id();
        let place = pending_place(&session.tenant, id.as_str());
        let flow = Flow {
            tenant: session.tenant.clone(),
            session: session.id.clone(),
            bank: bank.id.clone(),
            location: ticket.seal_location(&location, deps.random()?).ok_or(Trouble::Integrity)?,
            pending: deps.vault.seal_json(Purpose::Flow, &place, pending).await?,
            binding: None,
            expires_at: deps.now() + JOURNEY.min(bank.consent.sca_window()),
            consumed_at: None,
            id,
        };
        Ok(Departure { flow, ticket, location, ends_others })
    }

    /// The address that the bank sends the browser back to. OAuth carries `state` itself; without OAuth it stands in
    /// the address, for the Berlin Group has no field for it.
    fn redirect_uri(&self, by_oauth: bool) -> Result<Url, Trouble> {
        let mut uri = self.deps.redirect_uri(&self.bank.id)?;
        match self.bank.consent.state {
            _ if by_oauth => {}
            StatePlace::Query => {
                uri.query_pairs_mut().append_pair("state", self.state.expose());
            }
            StatePlace::Path => {
                uri.path_segments_mut().map_err(|()| Trouble::Address)?.push(self.state.expose());
            }
        }
        Ok(uri)
    }

    async fn ask_for_consent(
        &self,
        wish: &Wish,
        redirect_uri: &Url,
        token: Option<&SecretString>,
    ) -> Result<CreatedConsent, Trouble> {
        let Self { deps, trail, bank, session, .. } = *self;
        let today = deps.now().to_zoned(TimeZone::UTC).date();
        let order = ConsentOrder {
            access: &wish.access,
            valid_until: today.saturating_add(i64::from(bank.consent.days()).days()),
            frequency_per_day: bank.consent.frequency_per_day,
            redirect_uri,
            psu: &self.psu(wish),
            psu_at_bank: &wish.psu_at_bank,
        };
        let call_id = deps.call_id()?;
        let request = consents::create(bank, &order, call_id, token)?;
        let response = deps.calls.send(bank, trail, session, request).await?;
        Ok(consents::created(bank, call_id, &response)?)
    }

    /// Asking for a consent wants an address even when no PSU is there; then it is the TPP's own (Berlin Group 1.3).
    fn psu(&self, wish: &Wish) -> PsuContext {
        let own = self.bank.registration.egress_address.unwrap_or(self.deps.egress_address);
        wish.psu.clone().unwrap_or_else(|| PsuContext::at(own))
    }

    /// Starts the authorisation by a call of its own and takes what that offers instead.
    async fn start_authorisation(
        &self,
        wish: &Wish,
        redirect_uri: &Url,
        token: Option<&SecretString>,
        consent: &mut CreatedConsent,
    ) -> Result<(), Trouble> {
        let Self { deps, trail, bank, session, .. } = *self;
        let psu = self.psu(wish);
        let headers = CallHeaders { psu: Some(&psu), ..CallHeaders::unattended(deps.call_id()?, token) };
        let request = authorisations::start(bank, &consent.consent_id, redirect_uri, &wish.psu_at_bank, &headers)?;
        let response = deps.calls.send(bank, trail, session, request).await?;
        let started = authorisations::started(bank, &consent.consent_id, headers.request_id, &response)?;
        consent.offer = started.offer;
        consent.psu_message = started.psu_message.or(consent.psu_message.take());
        Ok(())
    }

    /// The way through the bank's authorisation server.
    async fn by_oauth(&self, profile: &OAuthProfile, scope: &str, endpoint: Option<Url>) -> Result<Way, Trouble> {
        let Self { deps, trail, bank, session, .. } = *self;
        let metadata = deps.calls.metadata(bank, profile, trail, session).await?;
        let redirect_uri = deps.redirect_uri(&bank.id)?;
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => self.authorization_endpoint(profile, &metadata, scope, &redirect_uri).await?,
        };
        let verifier = match profile.pkce {
            Pkce::S256 => {
                let octets: [u8; 96] = deps.random()?;
                let wanted = usize::from(profile.verifier_octets).min(octets.len());
                Some(Verifier::from_random(octets.get(..wanted).unwrap_or(&octets)))
            }
            Pkce::Refused => None,
        };
        let request =
            AuthorizationRequest { scope, redirect_uri: &redirect_uri, state: self.state, verifier: verifier.as_ref() };
        let mut location = request.location(&endpoint, profile);
        if profile.authorize.by == AuthorizeBy::Hub {
            let response =
                deps.calls.send(bank, trail, session, authorization::call(location, deps.call_id()?)).await?;
            location = authorization::called(bank, &endpoint, &response)?;
        }
        Ok(Way { location, verifier, by_oauth: true })
    }

    async fn authorization_endpoint(
        &self,
        profile: &OAuthProfile,
        metadata: &Metadata,
        scope: &str,
        redirect_uri: &Url,
    ) -> Result<Url, Trouble> {
        let Self { deps, trail, bank, session, .. } = *self;
        if profile.authorize.by != AuthorizeBy::HubAsks {
            return Ok(metadata.authorization_endpoint.clone());
        }
        let request = authorization::ask(&metadata.authorization_endpoint, scope, redirect_uri, deps.call_id()?);
        let response = deps.calls.send(bank, trail, session, request).await?;
        Ok(authorization::asked(bank, &response)?)
    }
}

/// The bank's document and the bank disagree on how the PSU authenticates.
const fn unsupported() -> BankFault {
    BankFault::Answer(AnswerError::ApproachNotSupported(UnsupportedApproach::UnknownServer))
}
