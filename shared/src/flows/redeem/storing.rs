//! Stores what a bank granted before anything else is done with it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Granted, Journey};
use crate::{
    domain::{
        audit::AuditEvent,
        code_hash::CodeHash,
        consent::{ConsentStatus, ConsentTerms},
        grant::{Grant, StoredGrant},
        purpose::Purpose,
        refresh::RefreshState,
        secret::{ExposeSecret, Secret32, SecretString},
        session::{Access, AttemptStage, Session},
    },
    flows::{deps::Deps, trail::Trail, trouble::Trouble},
    ports::store::Loaded,
};

/// How long the CRM has to redeem the activation code (P8: a short time).
pub(in crate::flows) const ACTIVATION: Duration = Duration::from_mins(10);

/// How soon upkeep asks about a consent that was not read back or is not valid yet.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// How often storing is tried while the store is away. Tokens that cannot be stored are lost (F7).
const STORE_TRIES: u32 = 4;

/// Stores the grant before anything else is done with it. Answers the activation code, or `None` if the session no
/// longer waits for it.
pub(super) async fn store(
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
    let mut replaced = None;
    if let Some(attempt) = &mut session.attempt {
        replaced = attempt.kept.take().filter(|_| granted.replaces);
        attempt.stage = AttemptStage::AwaitingActivation(Box::new(access));
        attempt.expires_at = now + ACTIVATION;
        attempt.look_again_at = Some(now + LOOK_AGAIN);
        if let Some(ends_others) = granted.elsewhere {
            attempt.is_decoupled = true;
            attempt.ends_others = ends_others;
        }
    }
    session.schedule();
    if let Some(replaced) = replaced {
        session.retire_tokens(replaced, now);
    }
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
pub(in crate::flows) async fn access(
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
        covered: None,
        activation: CodeHash::of(code.expose_secret().as_bytes()),
        reminded: None,
        needs: None,
    })
}

/// Seals a grant under the session's next generation.
pub(in crate::flows) async fn seal(
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
pub(in crate::flows) const fn unread_terms() -> ConsentTerms {
    ConsentTerms { status: ConsentStatus::Received, valid_until: None, frequency_per_day: 0, recurring: true }
}

/// A fresh activation code.
pub(in crate::flows) fn activation_code(deps: &Deps) -> Result<SecretString, Trouble> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let secret = Secret32::new(Box::new(deps.random()?));
    Ok(URL_SAFE_NO_PAD.encode(secret.expose_secret()).into())
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
