//! From a consumed answer to a stored grant: redeems the code, stores the tokens before looking at them further, reads
//! the consent back, and sends the browser to the CRM.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::{
    callback::Landing,
    change::{self, Decision},
    confirm,
    deps::Deps,
    journey::{KeptTokens, Leg, Pending},
    revoke,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::{Bank, OAuthProfile},
        grant::{Grant, Tokens},
        ids::FlowId,
        secret::{ExposeSecret, SecretString},
        session::{LapseReason, Session},
    },
    protocol::oauth::{
        metadata::Metadata,
        pkce::Verifier,
        token::{self, TokenAnswer},
    },
};

mod confirmation;
mod second_leg;
mod storing;

use confirmation::Confirmation;
use storing::store;
pub(super) use storing::{ACTIVATION, access, activation_code, seal, unread_terms};

/// An answer that passed every check. Only this leads to the token endpoint.
pub(super) struct Accepted {
    /// What was kept for it.
    pub pending: Pending,
    /// How the leg ended.
    pub outcome: AcceptedOutcome,
    /// The confirmation code that came along, if one did and the bank wants the authorisation confirmed.
    pub confirmation: Option<SecretString>,
}

/// How a leg ended, with all that redeeming needs.
pub(super) enum AcceptedOutcome {
    /// A code to redeem.
    Code(Box<Redeemable>),
    /// Back from a page of the bank's.
    Returned,
    /// The PSU refused.
    Denied,
    /// The bank failed.
    Failed,
}

/// A code and what redeeming it takes.
pub(super) struct Redeemable {
    /// The code.
    pub code: SecretString,
    /// Its PKCE verifier, where the bank takes one.
    pub verifier: Option<Verifier>,
    /// Where to redeem it.
    pub metadata: Arc<Metadata>,
    /// As which client.
    pub profile: OAuthProfile,
}

/// A journey whose answer was consumed.
pub(super) struct Journey {
    /// The flow.
    pub flow: FlowId,
    /// The session as consuming left it.
    pub session: Session,
    /// Where the browser goes at the end.
    pub return_url: Url,
}

impl Accepted {
    /// What the PSU granted before this answer, to be ended if the answer is not wanted any more.
    pub fn granted_before(&self) -> Grant {
        self.grant(self.pending.tokens.as_ref().map(KeptTokens::tokens))
    }

    fn grant(&self, tokens: Option<Tokens>) -> Grant {
        let secret = |text: &String| SecretString::from(text.clone());
        Grant { consent_id: self.pending.consent_id.as_ref().map(secret), authorisation_id: None, tokens }
    }
}

/// Ends a leg whose answer was consumed. Answers where the browser goes.
pub(super) async fn conclude(
    deps: &Arc<Deps>,
    trail: &Trail,
    bank: &Arc<Bank>,
    journey: Journey,
    accepted: Accepted,
) -> Result<Landing, Trouble> {
    match accepted.outcome {
        AcceptedOutcome::Denied => return Ok(journey.back("error", "sca_denied")),
        AcceptedOutcome::Failed => return Ok(journey.back("error", "sca_failed")),
        AcceptedOutcome::Code(_) | AcceptedOutcome::Returned => {}
    }
    let granted = match redeem(deps, trail, bank, &journey.session, &accepted).await {
        Ok(granted) => granted,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the code was not redeemed");
            give_up(deps, trail, &journey).await?;
            return Ok(journey.back("error", "sca_failed"));
        }
    };
    match accepted.pending.leg {
        Leg::PreStep => second_leg::begin(deps, trail, bank, journey, accepted.pending, granted).await,
        Leg::Consent | Leg::Token => keep(deps, trail, bank, &journey, &accepted, &granted).await,
    }
}

/// Stores what was granted, confirms it and reads it back.
async fn keep(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    journey: &Journey,
    accepted: &Accepted,
    granted: &Granted,
) -> Result<Landing, Trouble> {
    let Some(code) = store(deps, trail, journey, granted).await? else {
        revoke::orphan(deps, trail, bank, &journey.session, &granted.grant).await;
        return Ok(journey.back("error", "sca_failed"));
    };
    let confirmation = Confirmation { deps, trail, bank, session: &journey.session, grant: &granted.grant };
    if let Err(error) = confirmation.of(&accepted.pending, accepted.confirmation.as_ref()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the authorisation was not confirmed");
        confirm::give_up(deps, trail, &journey.session.id).await?;
        return Ok(journey.back("error", "sca_failed"));
    }
    match confirm::read_back(deps, trail, bank, &journey.session, &granted.grant).await {
        Ok(terms) if !terms.status.is_usable() && !terms.status.is_pending() => {
            Ok(journey.back("error", "consent_rejected"))
        }
        Ok(_) => Ok(journey.back("activation_code", code.expose_secret())),
        Err(error) => {
            // The grant is stored; upkeep asks again.
            tracing::warn!(error = &error as &dyn std::error::Error, bank.id = %bank.id, "the consent was not read back");
            Ok(journey.back("activation_code", code.expose_secret()))
        }
    }
}

/// Stores what the PSU is authorising on another device. The browser takes the activation code along, which is worth
/// nothing before the bank has made the consent valid.
async fn keep_decoupled(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    journey: &Journey,
    granted: &Granted,
) -> Result<Landing, Trouble> {
    let Some(code) = store(deps, trail, journey, granted).await? else {
        revoke::orphan(deps, trail, bank, &journey.session, &granted.grant).await;
        return Ok(journey.back("error", "sca_failed"));
    };
    Ok(journey.back("activation_code", code.expose_secret()))
}

impl Journey {
    /// The CRM's return URL with the session and one word more.
    fn back(&self, key: &str, value: &str) -> Landing {
        let mut location = self.return_url.clone();
        location.query_pairs_mut().append_pair("session", self.session.id.as_str()).append_pair(key, value);
        Landing { location, binding: None }
    }
}

/// A grant, and how long its access token lives if it has one.
struct Granted {
    grant: Grant,
    lifetime: Option<Duration>,
    /// Set where the PSU has yet to authenticate on another device: whether the bank then ends the PSU's other consents.
    elsewhere: Option<bool>,
    /// Whether its tokens take the place of those of an earlier leg.
    replaces: bool,
}

async fn redeem(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    session: &Session,
    accepted: &Accepted,
) -> Result<Granted, Trouble> {
    let AcceptedOutcome::Code(redeemable) = &accepted.outcome else {
        let lifetime = accepted.pending.tokens.as_ref().map(|kept| kept.lifetime(deps.now()));
        return Ok(Granted { grant: accepted.granted_before(), lifetime, elsewhere: None, replaces: false });
    };
    let Redeemable { code, verifier, metadata, profile } = &**redeemable;
    let redirect_uri = deps.redirect_uri(&bank.id)?;
    let request = token::redeem_code(metadata, profile, code, verifier.as_ref(), &redirect_uri);
    let response = deps.calls.send(bank, trail, session, request).await?;
    let TokenAnswer { tokens, lifetime } = token::process(profile, &response)?;
    Ok(Granted { grant: accepted.grant(Some(tokens)), lifetime: Some(lifetime), elsewhere: None, replaces: true })
}

/// Notes that the journey came to nothing.
async fn give_up(deps: &Deps, trail: &Trail, journey: &Journey) -> Result<(), Trouble> {
    let loaded = change::load(deps, &journey.session.id).await?;
    let decide = |session: &Session, now| {
        if !session.redeems(&journey.flow) {
            return Ok(Decision::Leave);
        }
        let mut session = Box::new(session.clone());
        session.abandon_attempt(LapseReason::ScaFailed, now);
        Ok(Decision::Write(session, AuditEvent::AuthorisationFailed { reason: "not_redeemed".to_owned() }))
    };
    change::change(deps, trail, loaded, decide).await.map(drop)
}
