//! Takes reads without the PSU out of the session's ledger before a bank is called (promise P4).
//!
//! A slot is taken by compare-and-set on the session, so that whatever many instances do at once, no slot is taken twice;
//! and since an end is a change of the session too, a slot also proves that the session had not ended. What becomes of a
//! slot afterwards: the call was made, and it stays taken; the call surely never left, and it is given back; nobody knows
//! (the process died), and it is lost, which is the safe side.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::ReadError;
use crate::{
    domain::{
        bank::Bank,
        ledger::{Exhausted, Ledger, LedgerKey, RESERVED_FOR, Ticket, daily_limit},
        session::Session,
    },
    flows::{
        change,
        deps::Deps,
        trouble::{Held, Trouble},
    },
    ports::{documents::CommitError, store::Loaded},
};

/// How often a reservation is tried anew when others change the session. Of so many writers at one account all but a few
/// find nothing left.
const TRIES: u32 = 20;

/// A slot in hand: the right to make one read without the PSU.
#[derive(Debug)]
pub struct Slot {
    ticket: Ticket,
    taken: Instant,
    /// Whether the bank may have seen a call that was made under it.
    used: bool,
}

/// Slots that were taken, and the session as it stands with them.
#[derive(Debug)]
pub struct Reserved {
    /// The session.
    pub session: Loaded<Session>,
    /// One slot for each of the keys, in their order.
    pub slots: Vec<Slot>,
}

impl Slot {
    /// What it is for.
    pub const fn key(&self) -> &LedgerKey {
        &self.ticket.key
    }

    /// When it was taken, as the ledger has it.
    pub fn taken_at(&self) -> Timestamp {
        self.ticket.taken_at()
    }

    /// Whether a call may still leave under it.
    pub fn is_good(&self) -> bool {
        self.taken.elapsed() <= RESERVED_FOR
    }

    /// Notes that a call is made under it, which the bank may see.
    pub(super) const fn use_up(&mut self) {
        self.used = true;
    }

    /// Whether surely no call was made under it.
    pub(super) const fn is_unused(&self) -> bool {
        !self.used
    }
}

/// Takes a slot for each of the keys, or none at all, and makes a change to the session in the same write. The change is
/// made anew to whatever the session has become if somebody else was quicker.
///
/// Fails with [`Held::Quota`] if not all of them are left, and if no consent works.
pub async fn reserve(
    deps: &Deps,
    loaded: Loaded<Session>,
    keys: &[LedgerKey],
    change: impl FnMut(&mut Session),
) -> Result<Reserved, ReadError> {
    exchange(deps, loaded, &[], keys, change).await
}

/// The same, tried once: `None` if somebody else has changed the session since it was loaded. For a change that only one may
/// make.
pub async fn claim(
    deps: &Deps,
    loaded: &Loaded<Session>,
    keys: &[LedgerKey],
    change: impl FnOnce(&mut Session),
) -> Result<Option<Reserved>, ReadError> {
    let taken = Instant::now();
    let limit = limit(deps, &loaded.record)?;
    let mut session = loaded.record.clone();
    let tickets = session.ledger.reserve(keys, limit, loaded.store_now(&*deps.clock));
    let tickets = tickets.map_err(|exhausted| used_up(loaded, exhausted))?;
    change(&mut session);
    match deps.store.note(loaded, session).await {
        Ok(session) => {
            let slots = tickets.into_iter().map(|ticket| Slot { ticket, taken, used: false }).collect();
            Ok(Some(Reserved { session, slots }))
        }
        Err(CommitError::Refused) => Ok(None),
        Err(CommitError::Failed(error)) => Err(Trouble::from(error).into()),
    }
}

/// The same, giving these slots back at once: for a call that comes too late for the slot it has.
pub(super) async fn exchange(
    deps: &Deps,
    mut loaded: Loaded<Session>,
    back: &[&Slot],
    keys: &[LedgerKey],
    mut change: impl FnMut(&mut Session),
) -> Result<Reserved, ReadError> {
    for tries in 0..TRIES {
        let taken = Instant::now();
        let limit = limit(deps, &loaded.record)?;
        let mut session = loaded.record.clone();
        for slot in back {
            session.ledger.give_back(&slot.ticket);
        }
        let tickets = session.ledger.reserve(keys, limit, loaded.store_now(&*deps.clock));
        let tickets = tickets.map_err(|exhausted| used_up(&loaded, exhausted))?;
        change(&mut session);
        match deps.store.note(&loaded, session).await {
            Ok(session) => {
                let slots = tickets.into_iter().map(|ticket| Slot { ticket, taken, used: false }).collect();
                return Ok(Reserved { session, slots });
            }
            Err(CommitError::Refused) => loaded = change::load(deps, &loaded.record.id).await?,
            Err(CommitError::Failed(error)) => return Err(Trouble::from(error).into()),
        }
        sleep(Duration::from_millis(u64::from(tries) * 5)).await;
    }
    Err(Trouble::Contention.into())
}

/// Nothing is left of the day's reads, which operators want to see growing.
fn used_up(loaded: &Loaded<Session>, exhausted: Exhausted) -> Trouble {
    tracing::info!(bank.id = %loaded.record.bank, "the reads without the PSU are used up");
    Held::from(exhausted).into()
}

/// Reads of one account and kind that the session may make in any 24 hours; fails if no consent works.
pub(super) fn limit(deps: &Deps, session: &Session) -> Result<u32, ReadError> {
    let now = deps.now();
    let bank: &Bank = deps.bank(&session.bank)?;
    let access = session.working_access(now);
    let access = access.ok_or_else(|| ReadError::NotWorking(Box::new(session.clone()), now))?;
    Ok(daily_limit(&bank.background, &access.consent))
}

/// Gives slots back under which surely no call was seen by the bank. If the store does not take it they are lost.
pub(super) async fn give_back(deps: &Deps, loaded: &mut Loaded<Session>, slots: &[Slot]) {
    let give_back = |ledger: &mut Ledger, _| {
        for slot in slots {
            ledger.give_back(&slot.ticket);
        }
    };
    note(deps, loaded, give_back).await;
}

/// Notes what a bank said of its limit. If the store does not take it, the bank will say it again.
pub(super) async fn note(deps: &Deps, loaded: &mut Loaded<Session>, change: impl Fn(&mut Ledger, Timestamp)) {
    if let Err(error) = try_note(deps, loaded, change).await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the ledger could not be written after a call");
    }
}

async fn try_note(
    deps: &Deps,
    loaded: &mut Loaded<Session>,
    change: impl Fn(&mut Ledger, Timestamp),
) -> Result<(), Trouble> {
    for tries in 0..TRIES {
        let mut session = loaded.record.clone();
        change(&mut session.ledger, loaded.store_now(&*deps.clock));
        if session.ledger == loaded.record.ledger {
            return Ok(());
        }
        match deps.store.note(loaded, session).await {
            Ok(noted) => {
                *loaded = noted;
                return Ok(());
            }
            Err(CommitError::Refused) => *loaded = change::load(deps, &loaded.record.id).await?,
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
        sleep(Duration::from_millis(u64::from(tries) * 5)).await;
    }
    Err(Trouble::Contention)
}
