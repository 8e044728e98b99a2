//! From a consumed answer to a stored grant: redeems the code, stores the tokens before looking at them further, reads
//! the consent back, and sends the browser to the CRM.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
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
        code_hash::CodeHash,
        consent::{ConsentStatus, ConsentTerms, ScaStatus},
        grant::{Grant, StoredGrant, Tokens},
        ids::FlowId,
        purpose::Purpose,
        refresh::RefreshState,
        secret::{ExposeSecret, Secret32, SecretString},
        session::{Access, AttemptStage, LapseReason, Session},
    },
    ports::store::Loaded,
    protocol::{
        berlin_group::{authorisations, headers::CallHeaders},
        oauth::{
            metadata::Metadata,
            pkce::Verifier,
            token::{self, TokenAnswer},
        },
    },
};

mod second_leg;

/// How long the CRM has to redeem the activation code (P8: a short time).
pub(super) const ACTIVATION: Duration = Duration::from_mins(10);

/// How soon upkeep asks about a consent that was not read back or is not valid yet.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// How often storing is tried while the store is away. Tokens that cannot be stored are lost (F7).
const STORE_TRIES: u32 = 4;

/// An answer that passed every check. Only this leads to the token endpoint.
pub(super) struct Accepted {
    /// What was kept for it.
    pub pending: Pending,
    /// How the leg ended.
    pub outcome: AcceptedOutcome,
    /// The confirmation code that came along, where the bank wants the authorisation confirmed.
    pub confirmation: Option<Option<SecretString>>,
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
    if let Some(confirmation) = &accepted.confirmation
        && let Err(error) = confirm_authorisation(deps, trail, bank, journey, accepted, granted, confirmation).await
    {
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

/// Confirms the authorisation, where the bank wants that: with the code that came back with the browser, or with the
/// token. A browser that came back with neither brings no confirmation; the consent's status tells why.
async fn confirm_authorisation(
    deps: &Deps,
    trail: &Trail,
    bank: &Bank,
    journey: &Journey,
    accepted: &Accepted,
    granted: &Granted,
    code: &Option<SecretString>,
) -> Result<(), Trouble> {
    if code.is_none() && !accepted.pending.by_oauth {
        return Ok(());
    }
    let secret = |text: &String| SecretString::from(text.clone());
    let consent_id = accepted.pending.consent_id.as_ref().map(secret).ok_or(Trouble::Integrity)?;
    let authorisation_id = accepted.pending.authorisation_id.as_ref().map(secret).ok_or(Trouble::Integrity)?;
    let headers = CallHeaders::unattended(deps.call_id()?, granted.grant.access_token());
    let request = authorisations::confirm(bank, &consent_id, &authorisation_id, code.as_ref(), &headers)?;
    let response = deps.calls.send(bank, trail, &journey.session, request).await?;
    match authorisations::status_answer(headers.request_id, &response)? {
        ScaStatus::Failed => Err(Trouble::NotConfirmed),
        ScaStatus::UnderWay | ScaStatus::Unconfirmed | ScaStatus::Finalised | ScaStatus::Unknown => Ok(()),
    }
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
        return Ok(Granted { grant: accepted.granted_before(), lifetime, elsewhere: None });
    };
    let Redeemable { code, verifier, metadata, profile } = &**redeemable;
    let redirect_uri = deps.redirect_uri(&bank.id)?;
    let request = token::redeem_code(metadata, profile, code, verifier.as_ref(), &redirect_uri);
    let response = deps.calls.send(bank, trail, session, request).await?;
    let TokenAnswer { tokens, lifetime } = token::process(profile, &response)?;
    Ok(Granted { grant: accepted.grant(Some(tokens)), lifetime: Some(lifetime), elsewhere: None })
}

/// Stores the grant before anything else is done with it. Answers the activation code, or `None` if the session no
/// longer waits for it.
async fn store(
    deps: &Deps,
    trail: &Trail,
    journey: &Journey,
    granted: &Granted,
) -> Result<Option<SecretString>, Trouble> {
    let code = activation_code(deps)?;
    let mut tries = 0;
    loop {
        match store_once(deps, trail, journey, granted, &code).await {
            Ok(true) => return Ok(Some(code)),
            Ok(false) => return Ok(None),
            Err(Trouble::Contention) => {}
            Err(error) if tries >= STORE_TRIES => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    alert = "token_at_risk",
                    "a grant was not stored"
                );
                return Err(error);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100 << tries)).await,
        }
        tries += 1;
    }
}

async fn store_once(
    deps: &Deps,
    trail: &Trail,
    journey: &Journey,
    granted: &Granted,
    code: &SecretString,
) -> Result<bool, Trouble> {
    let loaded: Option<Loaded<Session>> = deps.store.load(journey.session.id.as_str()).await?;
    let activation = CodeHash::of(code.expose_secret().as_bytes());
    let Some(loaded) = loaded.filter(|loaded| loaded.record.redeems(&journey.flow)) else {
        // An earlier try may have landed although its answer was lost (F4): then the code is ours.
        return is_stored(deps, journey, &activation).await;
    };
    let now = deps.now();
    let mut session = loaded.record.clone();
    let access = access(deps, &mut session, &granted.grant, granted.lifetime, code, now).await?;
    if let Some(attempt) = &mut session.attempt {
        attempt.stage = AttemptStage::AwaitingActivation(Box::new(access));
        attempt.expires_at = now + ACTIVATION;
        attempt.look_again_at = Some(now + LOOK_AGAIN);
        if let Some(ends_others) = granted.elsewhere {
            attempt.is_decoupled = true;
            attempt.ends_others = ends_others;
        }
    }
    session.schedule();
    let audit = trail.record(&session, AuditEvent::GrantStored, now);
    deps.store.replace(&loaded, session, audit).await?;
    Ok(true)
}

async fn is_stored(deps: &Deps, journey: &Journey, activation: &CodeHash) -> Result<bool, Trouble> {
    let loaded: Option<Loaded<Session>> = deps.store.load(journey.session.id.as_str()).await?;
    let stage = loaded.and_then(|loaded| loaded.record.attempt).map(|attempt| attempt.stage);
    Ok(matches!(stage, Some(AttemptStage::AwaitingActivation(access)) if access.activation == *activation))
}

/// What will be in force once the consent is read back and the code redeemed.
pub(super) async fn access(
    deps: &Deps,
    session: &mut Session,
    grant: &Grant,
    lifetime: Option<Duration>,
    code: &SecretString,
    now: Timestamp,
) -> Result<Access, Trouble> {
    Ok(Access {
        consent: unread_terms(),
        granted_at: now,
        grant: seal(deps, session, grant, lifetime, now).await?,
        refresh: RefreshState::default(),
        directory: None,
        activation: CodeHash::of(code.expose_secret().as_bytes()),
    })
}

/// Seals a grant under the session's next generation.
pub(super) async fn seal(
    deps: &Deps,
    session: &mut Session,
    grant: &Grant,
    lifetime: Option<Duration>,
    now: Timestamp,
) -> Result<StoredGrant, Trouble> {
    let generation = session.next_generation();
    let plaintext = grant.to_plaintext()?;
    let sealed = deps.vault.seal(Purpose::Tokens, &session.grant_place(generation), &plaintext).await?;
    let profile = deps.bank(&session.bank)?.oauth.as_ref();
    let chain = profile.and_then(|profile| profile.chain_lifetime);
    let idle = profile.and_then(|profile| profile.idle_lifetime);
    let margin = profile.and_then(|profile| profile.refresh_margin);
    Ok(StoredGrant {
        sealed,
        generation,
        access_stale_at: lifetime.map(|lifetime| now + usable(lifetime, margin)),
        access_ends_at: lifetime.map(|lifetime| now + lifetime),
        refreshable: grant.tokens.as_ref().is_some_and(|tokens| tokens.refresh.is_some()),
        chain_ends_at: chain.filter(|_| lifetime.is_some()).map(|chain| now + chain),
        idle_ends_at: idle.filter(|_| lifetime.is_some()).map(|idle| now + idle),
    })
}

/// How much of an access token's life is used: all but the bank's margin, or else half a minute; never less than nine
/// tenths without a margin, and half with one.
fn usable(lifetime: Duration, margin: Option<Duration>) -> Duration {
    let unused = margin.map_or((lifetime / 10).min(Duration::from_secs(30)), |margin| margin.min(lifetime / 2));
    lifetime.saturating_sub(unused)
}

/// The terms until they are read back: nothing may be read under them.
const fn unread_terms() -> ConsentTerms {
    ConsentTerms { status: ConsentStatus::Received, valid_until: None, frequency_per_day: 0, recurring: true }
}

/// A fresh activation code.
pub(super) fn activation_code(deps: &Deps) -> Result<SecretString, Trouble> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let secret = Secret32::new(Box::new(deps.random()?));
    Ok(URL_SAFE_NO_PAD.encode(secret.expose_secret()).into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lives_are_used_nearly_to_their_end() {
        assert_eq!(usable(Duration::from_secs(5), None), Duration::from_millis(4500));
        assert_eq!(usable(Duration::from_mins(5), None), Duration::from_secs(270));
        assert_eq!(usable(Duration::from_hours(1), None), Duration::from_secs(3570));
        assert_eq!(usable(Duration::ZERO, None), Duration::ZERO);
        let margin = Some(Duration::from_mins(2));
        assert_eq!(usable(Duration::from_mins(15), margin), Duration::from_mins(13));
        assert_eq!(usable(Duration::from_mins(1), margin), Duration::from_secs(30));
    }
}
