//! Refreshing one session's balances.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Work,
    outcome::{Ended, Hindrance, Skip, judge},
};
use crate::{
    domain::{
        bank::Bank,
        canary::{Form, forms_of},
        data_kind::DataKind,
        ids::AccountId,
        ledger::{Ledger, LedgerKey},
        presence::Attendance,
        schedule,
        session::Session,
    },
    flows::{
        events,
        read::{
            ReadError, Reader,
            quota::{self, Reserved},
        },
        snapshots::{Desk, Staleness},
        trouble::Trouble,
    },
    ports::store::Loaded,
};

/// What is to be done with a session.
pub(super) enum Plan {
    /// Refresh it; it is due again then.
    Refresh(Timestamp),
    /// Leave it out until then, or for good.
    Skip(Skip, Option<Timestamp>),
}

/// What is to be done with a session, as far as it shows without opening anything.
pub(super) fn plan(bank: &Bank, session: &Session, now: Timestamp) -> Plan {
    let Some(access) = session.working_access(now) else { return Plan::Skip(Skip::NoConsent, None) };
    let Some(interval) = schedule::interval(bank, &access.consent) else { return Plan::Skip(Skip::NotWanted, None) };
    if let Some(ends) = bank.maintenance.iter().filter_map(|window| window.covering(now)).max() {
        return Plan::Skip(Skip::Maintenance, Some(schedule::put_off(&session.id, interval, ends, now)));
    }
    match schedule::next_balances(bank, &session.id, &access.consent, now) {
        Some(next) => Plan::Refresh(next),
        None => Plan::Skip(Skip::NotWanted, None),
    }
}

/// Whether every account's balances were read without the PSU in the last half of the interval.
pub(super) fn is_fresh(ledger: &Ledger, accounts: &[AccountId], interval: Duration, now: Timestamp) -> bool {
    let since = now - interval / 2;
    let was_read = |account: &AccountId| {
        let last = ledger.last_read(&LedgerKey::of(account, DataKind::Balances));
        last.is_some_and(|last| last > since)
    };
    !accounts.is_empty() && accounts.iter().all(was_read)
}

/// Refreshes one session's balances, if it is still due.
pub(super) async fn refresh(work: &Work, loaded: Loaded<Session>) -> Ended {
    Box::pin(try_refresh(work, loaded)).await.unwrap_or_else(|error| judge(error, work.naming).into())
}

async fn try_refresh(work: &Work, loaded: Loaded<Session>) -> Result<Ended, ReadError> {
    let Some(loaded) = work.still_due(loaded).await? else { return Ok(Ended::Skipped(Skip::Taken)) };
    let (session, now) = (&loaded.record, work.deps.now());
    let bank = work.deps.bank(&session.bank)?;
    let next = match plan(bank, session, now) {
        Plan::Refresh(next) => next,
        Plan::Skip(skip, next) => return Ok(Ended::Skipped(work.skip(&loaded, skip, next).await?)),
    };
    // What needs keys comes before the claim: without them nothing is claimed.
    let accounts = reader(work, loaded.clone())?.known_accounts().await?;
    let interval = session.access.as_ref().and_then(|access| schedule::interval(bank, &access.consent));
    let is_fresh =
        |accounts: &Vec<AccountId>| interval.is_some_and(|interval| is_fresh(&session.ledger, accounts, interval, now));
    if accounts.as_ref().is_some_and(is_fresh) {
        return Ok(Ended::Skipped(work.skip(&loaded, Skip::Fresh, Some(next)).await?));
    }
    let keys = keys(accounts.as_deref());
    let claimed = quota::claim(&work.deps, &loaded, &keys, |session| session.balances_due_at = Some(next)).await;
    let outcome = match claimed {
        Ok(Some(reserved)) => read(work, reserved, accounts).await,
        Ok(None) => return Ok(Ended::Skipped(Skip::Taken)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(forms) => {
            events::refreshed(&work.deps, &work.trail, session, DataKind::Balances).await;
            Ok(Ended::Refreshed(forms))
        }
        Err(error) => {
            events::hindered(&work.deps, &work.trail, session, &error).await;
            hindered(work, &loaded, judge(error, work.naming)).await
        }
    }
}

/// What a refresh reads, as the ledger counts it: the balances of every account, or the list of accounts where there are none
/// yet, so that as much is taken at once as is known.
pub(super) fn keys(accounts: Option<&[AccountId]>) -> Vec<LedgerKey> {
    let of_account = |account| LedgerKey::of(account, DataKind::Balances);
    accounts.map_or_else(|| vec![LedgerKey::ACCOUNTS], |accounts| accounts.iter().map(of_account).collect())
}

/// What stood in the way of a session. What the bank never saw is put off, not left out; what failed there waits for its next
/// turn, because its reads are spent.
async fn hindered(work: &Work, loaded: &Loaded<Session>, hindrance: Hindrance) -> Result<Ended, ReadError> {
    let (ended, until) = match hindrance {
        Hindrance::Failed(failure) => return Ok(Ended::Failed(failure)),
        Hindrance::Skip(skip, until) => (Ended::Skipped(skip), until),
        Hindrance::HeldBack(hold) => (Ended::HeldBack(hold), hold.until()),
    };
    if let Some(current) = work.deps.store.load::<Session>(loaded.record.id.as_str()).await.map_err(Trouble::from)? {
        let next = work.after(&current.record, until);
        // Only back from where the claim put it: an end or a renewal meanwhile has its own instant.
        if current.record.working_access(work.deps.now()).is_some() {
            work.claim(&current, Some(next)).await?;
        }
    }
    Ok(ended)
}

/// Reads under the slots that were taken, and keeps each answer. What was not used is given back.
async fn read(work: &Work, reserved: Reserved, accounts: Option<Vec<AccountId>>) -> Result<BTreeSet<Form>, ReadError> {
    let mut desk = desk(work, reserved.session)?.with_reserved(reserved.slots);
    let outcome = read_all(&mut desk, accounts).await;
    drop(desk.finish().await);
    outcome
}

/// Reads the balances of every account, one after the other; the accounts are listed first if they never were. An account
/// that the bank has no more does not keep the others from being read.
async fn read_all(desk: &mut Desk, accounts: Option<Vec<AccountId>>) -> Result<BTreeSet<Form>, ReadError> {
    let accounts = if let Some(accounts) = accounts {
        accounts
    } else {
        let listed = Box::pin(desk.accounts()).await?;
        listed.reading.value.into_iter().map(|account| account.account_id).collect()
    };
    let (mut forms, mut gone) = (BTreeSet::new(), None);
    for account in &accounts {
        match Box::pin(desk.balances(account)).await {
            Ok(answered) => forms.extend(forms_of(&answered.reading.raw)),
            Err(error @ (ReadError::AccountGone | ReadError::AccountUnknown)) => gone = Some(error),
            Err(error) => return Err(error),
        }
    }
    match gone {
        Some(error) if forms.is_empty() => Err(error),
        _ => Ok(forms),
    }
}

fn reader(work: &Work, session: Loaded<Session>) -> Result<Reader, ReadError> {
    Reader::new(Arc::clone(&work.deps), Arc::clone(&work.trail), session, Attendance::Background)
}

fn desk(work: &Work, session: Loaded<Session>) -> Result<Desk, ReadError> {
    let (deps, trail) = (Arc::clone(&work.deps), Arc::clone(&work.trail));
    Desk::new(deps, trail, session, Attendance::Background, Staleness::Refused)
}
