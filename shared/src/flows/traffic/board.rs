//! One bank's circuits as one instance knows them: read at most once a second, written on failure and change only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::Mutex as Turn,
    time::{Instant, sleep, timeout},
};
use tracing::Instrument;

use super::{
    Shared, WRITING,
    news::{Kind, News},
};
use crate::{
    domain::{
        bank::{Bank, CircuitProfile},
        circuit::{Admission, Circuit, Circuits, Failure, Probed, Witness},
        code_hash::sha256,
        ids::BankId,
        operation::Operation,
        refresh::Lease,
    },
    ports::{
        documents::{CommitError, StoreError},
        store::{Change, Loaded},
    },
};

/// How old what is known may be.
const FRESH: Duration = Duration::from_secs(1);

/// How old what is known may get before calls wait for whoever looks: an open circuit is seen within that time by an
/// instance that had nothing to do, too.
const OLDEST: Duration = Duration::from_secs(2);

/// How long reading the record may hold a call up; then it goes by what is known.
const READING: Duration = Duration::from_secs(1);

/// How often a write is tried before it is left to the next.
const TRIES: u32 = 8;

/// How much news is kept while the store is away.
const MOST_NEWS: usize = 1000;

/// The circuits of one bank.
pub struct Board {
    bank: BankId,
    profile: CircuitProfile,
    shared: Shared,
    known: Mutex<Known>,
    /// Whose turn it is at the record: one reader or writer per instance.
    turn: Turn<()>,
}

/// What this instance knows.
struct Known {
    circuits: Circuits,
    /// The record as it stood in the store last.
    stored: Option<Loaded<Circuits>>,
    /// When it was looked at, or should have been.
    looked_at: Option<Instant>,
    /// When it was looked at last and seen: counted from before the store was asked.
    seen_at: Option<Instant>,
    has_looked: bool,
    /// What is not written yet.
    news: Vec<News>,
    witnesses: HashMap<Operation, Witness>,
    next_id: u64,
}

impl Board {
    pub(super) fn of(bank: &Bank, shared: &Shared) -> Self {
        let known = Known {
            circuits: Circuits::of(bank.id.clone()),
            stored: None,
            looked_at: None,
            seen_at: None,
            has_looked: false,
            news: Vec::new(),
            witnesses: HashMap::new(),
            next_id: first_id(shared.owner.as_str()),
        };
        Self {
            bank: bank.id.clone(),
            profile: bank.circuit,
            shared: shared.clone(),
            known: Mutex::new(known),
            turn: Turn::default(),
        }
    }

    /// The circuits, as they stood a second ago or later. While one call looks, the others go by what is known, if that is
    /// not older than [`OLDEST`]; else they wait for the look. If the store does not answer, what is known here goes on counting.
    pub async fn current(&self) -> Circuits {
        self.refresh().await;
        self.known().circuits.clone()
    }

    async fn refresh(&self) {
        if self.is_to_look() {
            // Cut short, the look counts as made: there is one a second and no more.
            let looked = timeout(READING, Box::pin(self.look())).await;
            self.known().has_looked = true;
            if let Ok(Err(error)) = looked {
                tracing::warn!(bank.id = %self.bank, error = &error as &dyn std::error::Error, "the circuits cannot be read");
            }
        } else if self.is_to_wait() {
            let _ = timeout(READING, self.turn.lock()).await;
        }
    }

    /// Whether a call of that kind may leave now.
    pub async fn admission(&self, operation: Operation) -> Admission {
        self.refresh().await;
        self.known().circuits.admits(operation, &self.profile, self.shared.clock.now())
    }

    /// Claims the look of this second.
    fn is_to_look(&self) -> bool {
        let mut known = self.known();
        let is_due = known.looked_at.is_none_or(|at| at.elapsed() >= FRESH);
        if is_due {
            known.looked_at = Some(Instant::now());
        }
        is_due
    }

    /// Whether nothing is known, or only what is too old to go by.
    fn is_to_wait(&self) -> bool {
        let known = self.known();
        !known.has_looked || known.seen_at.is_none_or(|at| at.elapsed() >= OLDEST)
    }

    async fn look(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.load().await
    }

    /// Reads the record. Only in one's turn.
    async fn load(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let stored = self.shared.store.load::<Circuits>(self.bank.as_str()).await?;
        let mut known = self.known();
        known.looked_at = Some(Instant::now());
        known.seen_at = Some(asked_at);
        self.adopt(&mut known, stored);
        drop(known);
        Ok(())
    }

    /// Goes by the stored record from now on, and by the news that is not in it yet.
    fn adopt(&self, known: &mut Known, stored: Option<Loaded<Circuits>>) {
        known.circuits =
            stored.as_ref().map_or_else(|| Circuits::of(self.bank.clone()), |stored| stored.record.clone());
        known.stored = stored;
        let now = self.shared.clock.now();
        for news in &known.news {
            news.apply(&mut known.circuits, &self.profile, now);
        }
    }

    /// A call for that subject, begun then, was well. On the healthy path that is remembered here and told nobody.
    pub async fn succeeded(self: &Arc<Self>, operation: Operation, subject: u32, began_at: Timestamp) {
        let now = self.shared.clock.now();
        let is_news = {
            let mut known = self.known();
            known.witnesses.entry(operation).or_default().saw_success(subject, now);
            matches!(known.circuits.operations.get(&operation), Some(Circuit::Trial { .. }))
        };
        if is_news {
            self.tell(News { operation, kind: Kind::Succeeded(began_at) }).await;
        }
    }

    /// A call for that subject, begun then, failed. Comes back when the fleet knows, or after [`WRITING`].
    pub async fn failed(
        self: &Arc<Self>,
        operation: Operation,
        subject: u32,
        is_of_connection: bool,
        began_at: Timestamp,
    ) {
        let failed_at = self.shared.clock.now();
        let failure = {
            let mut known = self.known();
            known.next_id = known.next_id.wrapping_add(1) & IDS;
            let id = known.next_id;
            let witness = known.witnesses.entry(operation).or_default();
            let others_are_well = witness.others_are_well(subject, self.profile.window(), failed_at);
            witness.saw_failure(subject, failed_at);
            Failure { id, failed_at, subject, is_of_connection, others_are_well }
        };
        self.tell(News { operation, kind: Kind::Failed(failure, began_at) }).await;
    }

    /// The probe under that lease ended so.
    pub async fn probed(self: &Arc<Self>, operation: Operation, lease: Lease, outcome: Probed) {
        self.tell(News { operation, kind: Kind::Probed(lease, outcome) }).await;
    }

    /// Counts it here at once, and sees to it that it is written even if the caller goes away.
    async fn tell(self: &Arc<Self>, news: News) {
        let now = self.shared.clock.now();
        {
            let mut known = self.known();
            let before = known.circuits.get(news.operation).standing().map(|(state, _)| state);
            news.apply(&mut known.circuits, &self.profile, now);
            let after = known.circuits.get(news.operation).standing().map(|(state, _)| state);
            if before != after {
                let (operation, state) = (news.operation.name(), after.unwrap_or("closed"));
                tracing::warn!(bank.id = %self.bank, operation, circuit = state, "the circuit changes");
            }
            if known.news.len() < MOST_NEWS {
                known.news.push(news);
            }
        }
        let board = Arc::clone(self);
        let writing = self.shared.work.spawn(async move { board.write().await }.in_current_span());
        let _ = timeout(WRITING, writing).await;
    }

    /// Writes all news that waits. Whoever finds that others have taken his along is done.
    async fn write(&self) {
        let _turn = self.turn.lock().await;
        for tries in 0..TRIES {
            match self.write_once().await {
                Ok(()) => return,
                Err(CommitError::Refused) => sleep(Duration::from_millis(u64::from(tries) * 3)).await,
                Err(CommitError::Failed(error)) if tries + 1 == TRIES => {
                    tracing::error!(bank.id = %self.bank, error = &error as &dyn std::error::Error, "the circuits cannot be written");
                }
                Err(CommitError::Failed(_)) => sleep(Duration::from_millis(20 << tries)).await,
            }
            // What stands there is looked at before it is tried again: an earlier try may have landed.
            let _ = self.load().await;
        }
    }

    async fn write_once(&self) -> Result<(), CommitError> {
        let is_first = {
            let known = self.known();
            if known.news.is_empty() {
                return Ok(());
            }
            known.stored.is_none()
        };
        if is_first {
            self.load().await?;
        }
        let (count, from, to) = {
            let known = self.known();
            let from = known.stored.clone();
            let mut to = from.as_ref().map_or_else(|| Circuits::of(self.bank.clone()), |from| from.record.clone());
            let now = self.shared.clock.now();
            for news in &known.news {
                news.apply(&mut to, &self.profile, now);
            }
            (known.news.len(), from, to)
        };
        let stored = self.replaced(from, to).await?;
        let mut known = self.known();
        let written = count.min(known.news.len());
        known.news.drain(..written);
        self.adopt(&mut known, stored);
        drop(known);
        Ok(())
    }

    /// Puts the record in place of what was loaded, unless it is the same.
    async fn replaced(
        &self,
        from: Option<Loaded<Circuits>>,
        to: Circuits,
    ) -> Result<Option<Loaded<Circuits>>, CommitError> {
        let store = &self.shared.store;
        match from {
            Some(from) if from.record == to => Ok(Some(from)),
            Some(from) => store.note(&from, to).await.map(Some),
            None if to.operations.is_empty() => Ok(None),
            None => {
                store.commit(Change::new().create(&to)).await?;
                Ok(store.load::<Circuits>(self.bank.as_str()).await.unwrap_or_default())
            }
        }
    }

    /// Takes the lease of a probe that takes no longer than that; `None` if somebody else has it, or nothing is to be
    /// probed any more, or the store does not answer.
    pub async fn lease(&self, operation: Operation, takes: Duration) -> Option<Lease> {
        let _turn = self.turn.lock().await;
        self.load().await.ok()?;
        self.write_once().await.ok()?;
        let from = self.known().stored.clone()?;
        let now = self.shared.clock.now();
        let probing = from.record.get(operation).probed_by(&self.shared.owner, takes, &self.profile, now)?;
        let Circuit::Probing { lease, .. } = &probing else { return None };
        let lease = lease.clone();
        let mut to = from.record.clone();
        to.set(operation, probing);
        match self.shared.store.note(&from, to).await {
            Ok(stored) => self.adopt(&mut self.known(), Some(stored)),
            // It may have landed.
            Err(_) => self.load().await.ok()?,
        }
        let is_ours =
            matches!(&self.known().circuits.get(operation), Circuit::Probing { lease: found, .. } if *found == lease);
        is_ours.then_some(lease)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What numbers of failures are cut to, so that every store holds them.
const IDS: u64 = u64::MAX >> 2;

/// Where an instance's numbers begin: far from every other's.
fn first_id(owner: &str) -> u64 {
    sha256(owner.as_bytes()).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) & IDS
}
