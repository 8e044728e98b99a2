//! One instance's share of the fleet's budget at one bank: one compare-and-set for each.

use std::time::Duration;

use tokio::time::sleep;

use super::Shared;
use crate::{
    domain::{
        ids::BankId,
        spike::{Plan, Shares},
    },
    flows::trouble::Trouble,
    ports::{
        documents::CommitError,
        store::{Change, Loaded},
    },
};

/// How often a share is asked for while others ask too.
const TRIES: u32 = 10;

/// Asks for a share of so many lanes. Answers how many lanes this instance has now, and how long that lasts.
pub(super) async fn take(shared: &Shared, bank: &BankId, wanted: u32, plan: &Plan) -> Result<(u32, Duration), Trouble> {
    let mut trouble = Trouble::Contention;
    for tries in 0..TRIES {
        let now = shared.clock.now();
        let stored = shared.store.load::<Shares>(bank.as_str()).await?;
        let known = stored.as_ref().map_or_else(|| Shares::of(bank.clone()), |stored| stored.record.clone());
        let (next, lanes) = known.take(&shared.owner, wanted, plan, plan.window_of(now));
        match replaced(shared, stored, next).await {
            Ok(()) => return Ok((lanes, plan.left(now))),
            // If the write has landed after all, the same question has the same answer.
            Err(error) => trouble = error.into(),
        }
        sleep(Duration::from_millis(u64::from(tries) * 7)).await;
    }
    Err(trouble)
}

async fn replaced(shared: &Shared, from: Option<Loaded<Shares>>, to: Shares) -> Result<(), CommitError> {
    match from {
        Some(from) if from.record == to => Ok(()),
        Some(from) => shared.store.note(&from, to).await.map(drop),
        None => shared.store.commit(Change::new().create(&to)).await,
    }
}
