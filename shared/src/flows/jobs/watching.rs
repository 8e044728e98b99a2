//! What is known of a bank, shared by all runs: read when a run first meets the bank, written when the canaries are back
//! and when something was learned.

use std::time::Duration;

use super::{Work, leases::watch_id};
use crate::{
    domain::{
        bank::Bank,
        canary::{Begin, Cycle, State, Trial, Watch},
        ids::OwnerId,
    },
    flows::trouble::Trouble,
    ports::{
        documents::CommitError,
        store::{Change, Loaded},
    },
};

/// How often a change is decided anew: the runs of all shards may write at once.
const TRIES: u32 = 20;

/// What a run may do at a bank, and the watch it keeps there.
pub(super) enum Opened {
    /// Send the canaries.
    Lead(Trial),
    /// Wait for the canaries of another run.
    Elsewhere,
    /// Go on.
    Open(Trial),
    /// Wait for the next cycle.
    Stopped,
}

/// Asks what this run may do at a bank.
pub(super) async fn open(work: &Work, bank: &Bank, cycle: Cycle, owner: &OwnerId) -> Result<Opened, Trouble> {
    let wanted = bank.background.canaries;
    if wanted == 0 {
        return Ok(Opened::Open(Trial::new(Watch::new(bank.id.clone(), work.job, cycle), cycle, 0, 0, 0)));
    }
    let found: Option<Loaded<Watch>> = work.deps.store.load(&watch_id(work.job, &bank.id)).await?;
    let known = found.as_ref().map(|found| &found.record);
    Ok(match Watch::begin(known, &bank.id, work.job, cycle, owner, work.deps.now()) {
        Begin::Open => {
            let known = known.cloned().unwrap_or_else(|| Watch::new(bank.id.clone(), work.job, cycle));
            Opened::Open(Trial::new(known, cycle, wanted, wanted, 0))
        }
        Begin::Stopped => Opened::Stopped,
        Begin::Elsewhere(_) => Opened::Elsewhere,
        Begin::Lead(watch) => {
            let State::Testing { came, failed, .. } = watch.state else { return Err(Trouble::Integrity) };
            match write(work, found.as_ref(), &watch).await {
                Ok(()) => Opened::Lead(Trial::new(*watch, cycle, wanted, came, failed)),
                // Another run leads, or has written down what it learned: look again in a moment.
                Err(CommitError::Refused) => Opened::Elsewhere,
                Err(CommitError::Failed(error)) => return Err(error.into()),
            }
        }
    })
}

/// Writes down what a run met at a bank, and how the cycle stands if that is known.
pub(super) async fn note(
    work: &Work,
    bank: &Bank,
    cycle: Cycle,
    trial: &mut Trial,
    state: Option<State>,
) -> Result<(), Trouble> {
    let (failures, forms) = trial.take_news();
    if bank.background.canaries == 0 || (state.is_none() && failures.is_empty() && forms.is_empty()) {
        return Ok(());
    }
    for tries in 0..TRIES {
        let found: Option<Loaded<Watch>> = work.deps.store.load(&watch_id(work.job, &bank.id)).await?;
        let known = found.as_ref().map(|found| found.record.clone());
        let mut watch = known.unwrap_or_else(|| Watch::new(bank.id.clone(), work.job, cycle));
        watch.learn(&failures, &forms, cycle);
        if let Some(state) = state.clone().filter(|_| watch.cycle == cycle) {
            watch.state = state;
        }
        match write(work, found.as_ref(), &watch).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused) => tokio::time::sleep(Duration::from_millis(u64::from(tries) * 5)).await,
            Err(CommitError::Failed(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contention)
}

async fn write(work: &Work, found: Option<&Loaded<Watch>>, watch: &Watch) -> Result<(), CommitError> {
    let change = match found {
        Some(found) => Change::new().replace(found, watch),
        None => Change::new().create(watch),
    };
    work.deps.store.commit(change).await
}
