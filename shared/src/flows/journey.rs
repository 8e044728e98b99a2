//! One leg of a PSU's journey: what the hub asks the bank for, and where the browser goes.
//!
//! Most journeys have one leg: the consent is asked for and the PSU authorises it. At banks that want a token before a
//! consent can be asked for there are two; the first ends in the callback, which begins the second with the tokens that
//! it got. Where the token is the consent, the only leg ends with the tokens.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{deps::Deps, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        bank::{Bank, Stage},
        code_hash::CodeHash,
        consent::AccessWanted,
        flow::Flow,
        grant::{Grant, Tokens},
        ids::TenantId,
        place::Place,
        presence::{PsuAtBank, PsuContext},
        secret::{ExposeSecret, Secret32, SecretString},
        session::Session,
    },
    ports::documents::Collection,
    protocol::ticket::Ticket,
};

mod maker;

use maker::Maker;

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

impl Pending {
    /// Whether an OAuth answer is awaited. A verifier is kept for no other, and journeys that began before this was noted
    /// have nothing else to tell it by.
    pub const fn awaits_oauth(&self) -> bool {
        self.by_oauth || self.verifier.is_some()
    }
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
    /// What there is already, after an earlier leg: the consent that was asked for and the tokens, and how long the
    /// access token lives. To be ended if the journey comes to nothing.
    pub granted: Option<(Grant, Duration)>,
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
