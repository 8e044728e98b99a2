//! Refreshing one session's tokens before they end for want of use.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Work,
    balances::Plan,
    outcome::{Ended, Skip, judge},
};
use crate::{
    domain::{bank::Bank, schedule, session::Session},
    flows::{
        events,
        read::ReadError,
        refresh::{self, Need},
    },
    ports::store::Loaded,
};

/// What is to be done with a session.
pub(super) fn plan(bank: &Bank, session: &Session, now: Timestamp) -> Plan {
    let Some(access) = session.working_access(now) else { return Plan::Skip(Skip::NoConsent, None) };
    let Some(due) = schedule::tokens_due(bank, &session.id, access) else { return Plan::Skip(Skip::NotWanted, None) };
    let ends = bank.maintenance.iter().filter_map(|window| window.covering(now)).max();
    match ends {
        // Somebody has refreshed meanwhile.
        _ if due > now => Plan::Skip(Skip::Fresh, Some(due)),
        Some(ends) => Plan::Skip(Skip::Maintenance, Some(schedule::tokens_again(bank, &session.id, ends))),
        None => Plan::Refresh(schedule::tokens_again(bank, &session.id, now)),
    }
}

/// Refreshes one session's tokens, if it is still due. The claim says when they are tried again if this fails; new tokens
/// bring their own instant.
pub(super) async fn refresh(work: &Work, loaded: Loaded<Session>) -> Ended {
    Box::pin(try_refresh(work, loaded)).await.unwrap_or_else(|error| judge(error, work.naming).into())
}

async fn try_refresh(work: &Work, loaded: Loaded<Session>) -> Result<Ended, ReadError> {
    let Some(loaded) = work.still_due(loaded).await? else { return Ok(Ended::Skipped(Skip::Taken)) };
    let bank = work.deps.bank(&loaded.record.bank)?;
    let next = match plan(bank, &loaded.record, work.deps.now()) {
        Plan::Refresh(next) => next,
        Plan::Skip(skip, next) => return Ok(Ended::Skipped(work.skip(&loaded, skip, next).await?)),
    };
    let generation = loaded.record.access.as_ref().map_or(0, |access| access.grant.generation);
    let Some(claimed) = work.claim(&loaded, Some(next)).await? else { return Ok(Ended::Skipped(Skip::Taken)) };
    let refreshed = refresh::usable(&work.deps, &work.trail, claimed, Need::NewerThan(generation)).await;
    if let Err(error) = refreshed.map_err(ReadError::from) {
        events::hindered(&work.deps, &work.trail, &loaded.record, &error).await;
        return Err(error);
    }
    Ok(Ended::Refreshed(BTreeSet::new()))
}
