//! What a run would do and cost. Calls no bank and writes nothing.

use std::sync::Arc;

use super::{
    Cost, Summary, Work,
    balances::{self, Plan},
    outcome::Skip,
    pages::{self, LARGEST},
    tokens,
};
use crate::{
    domain::{
        bank::Bank, ids::AccountId, job_lease::Job, ledger::daily_limit, presence::Attendance, schedule,
        session::Session,
    },
    flows::{
        read::{ReadError, Reader},
        trouble::Trouble,
    },
    ports::store::Loaded,
};

/// Looks at what is due in the shards, a thousand sessions of each at most.
pub(super) async fn run(work: &Work, shards: &[u8]) -> Result<Summary, Trouble> {
    let mut summary = Summary { dry_run: true, ..Summary::of(work) };
    let mut cost = Cost::default();
    for shard in shards {
        if work.is_late() {
            summary.more = true;
            break;
        }
        let due = pages::due(work, *shard, LARGEST).await?;
        summary.more |= due.len() >= LARGEST;
        cost.store_reads += u32::try_from(due.len()).unwrap_or(u32::MAX).max(1);
        for session in due {
            look_at(work, session, &mut summary, &mut cost).await;
        }
    }
    summary.cost = Some(cost);
    Ok(summary)
}

async fn look_at(work: &Work, session: Loaded<Session>, summary: &mut Summary, cost: &mut Cost) {
    let bank_id = session.record.bank.clone();
    summary.is_due(&bank_id);
    cost.store_writes += 1;
    let Ok(bank) = work.deps.bank(&bank_id) else { return summary.skip(&bank_id, Skip::BankUnknown) };
    let now = work.deps.now();
    let plan = match work.job {
        Job::RefreshBalances => balances::plan(bank, &session.record, now),
        Job::RefreshTokens => tokens::plan(bank, &session.record, now),
    };
    let skip = match (plan, work.job) {
        (Plan::Skip(skip, _), _) => Some(skip),
        (Plan::Refresh(_), Job::RefreshTokens) => {
            cost.token_calls += 1;
            // The lease and the new tokens, each with its audit record.
            cost.store_writes += 4;
            None
        }
        (Plan::Refresh(_), Job::RefreshBalances) => would_read(work, bank, session, cost).await,
    };
    if let Some(skip) = skip {
        return summary.skip(&bank_id, skip);
    }
    summary.refreshed += 1;
    summary.bank(&bank_id).refreshed += 1;
}

/// Adds what reading the balances would cost, unless they are fresh. How many accounts there are is not known before they
/// were listed; that is one call more, and one account at least.
async fn would_read(work: &Work, bank: &Bank, session: Loaded<Session>, cost: &mut Cost) -> Option<Skip> {
    let interval = session.record.access.as_ref().and_then(|access| schedule::interval(bank, &access.consent));
    let limit = session.record.access.as_ref().map(|access| daily_limit(&bank.background, &access.consent));
    let (ledger, now) = (session.record.ledger.clone(), session.store_now(&*work.deps.clock));
    let accounts = known(work, session).await.ok().flatten();
    if let (Some(accounts), Some(interval)) = (&accounts, interval)
        && balances::is_fresh(&ledger, accounts, interval, now)
    {
        return Some(Skip::Fresh);
    }
    let keys: Vec<_> = balances::keys(accounts.as_deref()).into_iter().map(|key| (key, 1)).collect();
    if limit.is_some_and(|limit| ledger.possible_at(&keys, limit, now).is_some()) {
        return Some(Skip::Quota);
    }
    let reads = accounts.map_or(2, |accounts| u32::try_from(accounts.len()).unwrap_or(u32::MAX));
    cost.bank_reads = cost.bank_reads.saturating_add(reads);
    cost.store_writes = cost.store_writes.saturating_add(reads);
    None
}

async fn known(work: &Work, session: Loaded<Session>) -> Result<Option<Vec<AccountId>>, ReadError> {
    let (deps, trail) = (Arc::clone(&work.deps), Arc::clone(&work.trail));
    Reader::new(deps, trail, session, Attendance::Background)?.known_accounts().await
}
