//! Makes one leg: what the bank is asked, in which order, and what follows from its answers.

use std::time::Duration;

use jiff::{ToSpan, tz::TimeZone};
use url::Url;

use super::{Departure, Elsewhere, KeptTokens, Leg, Pending, Prepared, Wish, pending_place};
use crate::{
    domain::{
        bank::{AuthorizeBy, Bank, OAuthProfile, Pkce, ScaOAuthLink, StatePlace},
        flow::Flow,
        grant::Grant,
        presence::PsuContext,
        purpose::Purpose,
        secret::{ExposeSecret, SecretString},
        session::Session,
    },
    flows::{
        deps::Deps,
        trail::Trail,
        trouble::{BankFault, Trouble},
    },
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

/// Makes one leg.
pub(super) struct Maker<'a> {
    pub deps: &'a Deps,
    pub trail: &'a Trail,
    pub bank: &'a Bank,
    pub session: &'a Session,
    pub state: &'a State,
}

/// What is known of the browser's way.
struct Way {
    location: Url,
    verifier: Option<Verifier>,
    by_oauth: bool,
}

impl Maker<'_> {
    /// A leg that needs no consent: the PSU goes to the authorisation server.
    pub async fn by_token(&self, leg: Leg, wish: Wish, ticket: Ticket) -> Result<Departure, Trouble> {
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
    pub async fn by_consent(
        &self,
        wish: Wish,
        before: Option<KeptTokens>,
        ticket: Ticket,
    ) -> Result<Prepared, Trouble> {
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
                let link = link.filter(|_| profile.sca_link == ScaOAuthLink::AuthorizationEndpoint);
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
        let lifetime = pending.tokens.as_ref().map(|kept| kept.lifetime(self.deps.now()));
        let mut departure = self.depart(ticket, way.location, &pending, ends_others).await?;
        let grant = Grant { consent_id: Some(consent.consent_id), authorisation_id: None, tokens };
        departure.granted = lifetime.map(|lifetime| (grant, lifetime));
        Ok(Prepared::browser(departure))
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
        Ok(Departure { flow, ticket, location, ends_others, granted: None })
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
