//! Storing new tokens before anything else is done with them.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::{change, deps::Deps, events, redeem, revoke, trail::Trail, trouble::Trouble},
    generation,
    lease::Ready,
};
use crate::{
    domain::{
        audit::AuditEvent,
        grant::{Grant, StoredGrant, Tokens},
        refresh::RefreshState,
        session::Session,
    },
    ports::store::Loaded,
    protocol::oauth::token::TokenAnswer,
};

/// How often storing is tried while the store is away: over three seconds in all, well inside the lease.
const TRIES: u32 = 5;

/// Stores the new tokens, which were asked for at that instant, as long as the lease is ours; while the store is away
/// they are kept in memory and tried again (F7). If their consent was put aside meanwhile they are put aside too, to be
/// revoked (T20).
pub(super) async fn store(
    deps: &Deps,
    trail: &Trail,
    mut leased: Loaded<Session>,
    ready: Ready,
    answer: TokenAnswer,
    sent_at: Timestamp,
) -> Result<(), Trouble> {
    let renewed = Renewed { grant: renewed(ready.grant, answer.tokens), lifetime: answer.lifetime, sent_at };
    let first = leased.record.clone();
    let mut tries = 0;
    loop {
        let error = match store_once(deps, trail, &leased, &first, &renewed).await {
            Ok(stored) => return settle_if_over(deps, trail, &first, stored).await,
            Err(error) if tries >= TRIES => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    alert = "token_at_risk",
                    "tokens were not stored"
                );
                if is_over(&leased.record, &first) {
                    revoke::orphan(deps, trail, &ready.bank, &leased.record, &renewed.grant).await;
                }
                return Err(error);
            }
            Err(error) => error,
        };
        if !matches!(error, Trouble::Contention) {
            tokio::time::sleep(Duration::from_millis(100 << tries)).await;
        }
        tries += 1;
        let Ok(current) = change::load(deps, &leased.record.id).await else { continue };
        match standing(&current.record, &first) {
            Standing::Ours | Standing::Over => leased = current,
            // An earlier try had landed although its answer was lost (F4), or somebody else went on after our lease.
            Standing::Moved => return Ok(()),
        }
    }
}

/// Where a session stands for a holder that could not write.
enum Standing {
    /// The lease is still ours.
    Ours,
    /// The grant or the lease is another's.
    Moved,
    /// The consent was put aside: the session was ended, or another consent is in force.
    Over,
}

fn standing(current: &Session, first: &Session) -> Standing {
    let lease = |session: &Session| session.access.as_ref().map(|access| access.refresh.clone());
    if is_over(current, first) {
        Standing::Over
    } else if lease(current) == lease(first) && generation(current) == generation(first) {
        Standing::Ours
    } else {
        tracing::warn!(session.id = %current.id, alert = "late_refresh", "a refresh was stored before or came after its lease");
        Standing::Moved
    }
}

/// Whether the consent that the tokens belong to is no longer in force.
fn is_over(current: &Session, first: &Session) -> bool {
    let granted = |session: &Session| session.access.as_ref().map(|access| access.granted_at);
    granted(current) != granted(first)
}

/// Revokes what was put aside; what does not go now is left to upkeep.
async fn settle_if_over(deps: &Deps, trail: &Trail, first: &Session, stored: Loaded<Session>) -> Result<(), Trouble> {
    if is_over(&stored.record, first) {
        revoke::settle(deps, trail, stored).await?;
    }
    Ok(())
}

/// A grant as it came. Its life is counted from when it was asked for: the bank may have counted from then, and the answer
/// may have been long on its way.
struct Renewed {
    grant: Grant,
    lifetime: Duration,
    sent_at: Timestamp,
}

async fn store_once(
    deps: &Deps,
    trail: &Trail,
    leased: &Loaded<Session>,
    first: &Session,
    renewed: &Renewed,
) -> Result<Loaded<Session>, Trouble> {
    let mut session = leased.record.clone();
    let Renewed { grant, lifetime, sent_at } = renewed;
    let stored = redeem::seal(deps, &mut session, grant, Some(*lifetime), *sent_at).await?;
    let now = deps.now();
    match &mut session.access {
        Some(access) if !is_over(&leased.record, first) => {
            access.grant = StoredGrant { chain_ends_at: access.grant.chain_ends_at, ..stored };
            access.refresh = RefreshState::default();
            session.find_token();
            session.plan_after_refresh(deps.bank(&leased.record.bank)?, now);
        }
        _ => session.retire_tokens(stored, now),
    }
    events::tell_of_change(deps, &leased.record, &mut session, now);
    let audit = trail.record(&session, AuditEvent::TokensRefreshed, now);
    Ok(deps.store.replace(leased, session, audit).await?)
}

/// The new grant; a bank that sends no new refresh token means the old one to be kept (RFC 6749 §6).
fn renewed(old: Grant, new: Tokens) -> Grant {
    let (refresh, scope) = old.tokens.map_or((None, None), |tokens| (tokens.refresh, tokens.scope));
    let tokens = Tokens { access: new.access, refresh: new.refresh.or(refresh), scope: new.scope.or(scope) };
    Grant { tokens: Some(tokens), ..old }
}
