//! What stands between the hub and a bank: circuit, bulkhead and spike arrest (promises P6, P7).
//!
//! Every bank has a state of its own here, so that one bank's trouble is nobody else's. The circuits and the shares of
//! the fleet's budget stand in the store; what a call needs of them is remembered, so that a healthy bank's calls write
//! nothing and read the circuits at most once a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::trouble::Trouble;
use crate::{
    domain::{
        bank::Bank,
        circuit::Circuits,
        ids::{BankId, OwnerId},
        operation::Operation,
    },
    ports::{clock::Clock, store::Store},
};

mod board;
mod bulkhead;
mod news;
mod pacing;
mod shares;
mod verdict;

pub(super) use self::{board::Board, bulkhead::Place};
use self::{bulkhead::Bulkhead, pacing::Pace};
pub(super) use verdict::{Verdict, health_of, subject_of, verdict};

/// How long a call waits for its turn where the bank's document says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many calls wait for a place where the bank's document says nothing.
const QUEUE: u32 = 100;

/// How long a call that uses a refresh token waits at most: its lease is running.
const PATIENCE_UNDER_LEASE: Duration = Duration::from_secs(2);

/// How long a call that failed waits until that is written down.
pub(super) const WRITING: Duration = Duration::from_secs(1);

/// How often the same alarm is raised at most.
const ALARM_EVERY: Duration = Duration::from_mins(1);

/// The traffic to all banks.
pub struct Traffic {
    shared: Shared,
    banks: Mutex<HashMap<BankId, Arc<BankTraffic>>>,
}

/// What the parts of it need.
#[derive(Clone)]
struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    owner: OwnerId,
    work: TaskTracker,
}

/// The traffic to one bank.
pub(super) struct BankTraffic {
    pub board: Arc<Board>,
    bulkhead: Bulkhead,
    pace: Option<Pace>,
    alarmed_at: Mutex<Option<Instant>>,
}

impl Traffic {
    /// No traffic yet, for the instance of that name. What must be written down although its caller has gone is done in
    /// `work`.
    pub fn new(store: Store, clock: Arc<dyn Clock>, owner: OwnerId, work: TaskTracker) -> Self {
        Self { shared: Shared { store, clock, owner, work }, banks: Mutex::default() }
    }

    /// Where work goes on that outlives its caller.
    pub(super) const fn work(&self) -> &TaskTracker {
        &self.shared.work
    }

    /// The traffic to that bank.
    pub(super) fn to(&self, bank: &Bank) -> Arc<BankTraffic> {
        let mut banks = self.banks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = banks.entry(bank.id.clone()).or_insert_with(|| Arc::new(BankTraffic::of(bank, &self.shared)));
        Arc::clone(known)
    }

    /// How the bank's circuits stand, as far as this instance knows: at most a second old.
    pub async fn circuits(&self, bank: &Bank) -> Circuits {
        self.to(bank).board.current().await
    }
}

impl BankTraffic {
    fn of(bank: &Bank, shared: &Shared) -> Self {
        Self {
            board: Arc::new(Board::of(bank, shared)),
            bulkhead: Bulkhead::of(bank, shared),
            pace: bank.spike_arrest.as_ref().map(|profile| Pace::of(bank, profile, shared)),
            alarmed_at: Mutex::default(),
        }
    }

    /// Whether an alarm about the bank is to be raised now; one a minute is enough.
    pub fn is_to_alarm(&self) -> bool {
        let mut alarmed_at = self.alarmed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = alarmed_at.is_none_or(|at| at.elapsed() >= ALARM_EVERY);
        if is_due {
            *alarmed_at = Some(Instant::now());
        }
        is_due
    }

    /// Waits for a place among the calls under way, and for the call's turn. The place is free again when the answer is
    /// dropped.
    pub async fn enter(&self, patience: Duration) -> Result<Place, Trouble> {
        let until = Instant::now() + patience;
        let place = self.bulkhead.enter(until).await?;
        if let Some(pace) = &self.pace {
            pace.turn(until).await?;
        }
        Ok(place)
    }
}

/// How long a call of that kind waits at most until it leaves.
pub(super) fn patience(bank: &Bank, operation: Operation) -> Duration {
    let patience = bank.spike_arrest.as_ref().map_or(PATIENCE, |profile| profile.longest_wait().max(PATIENCE));
    if operation == Operation::RefreshTokens { patience.min(PATIENCE_UNDER_LEASE) } else { patience }
}
