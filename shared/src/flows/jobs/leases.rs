//! Leases over shards.

use jiff::Timestamp;

use super::Work;
use crate::{
    domain::{
        canary::Watch,
        ids::{BankId, OwnerId},
        job_lease::{Job, JobLease, Turn, turn},
    },
    flows::trouble::Trouble,
    ports::{
        documents::{Collection, CommitError},
        store::{Change, Loaded, Record},
    },
};

impl Record for JobLease {
    const COLLECTION: Collection = Collection::Jobs;

    fn document_id(&self) -> String {
        lease_id(self.job, self.shard)
    }
}

fn lease_id(job: Job, shard: u8) -> String {
    format!("{}.shard-{shard}", job.name())
}

impl Record for Watch {
    const COLLECTION: Collection = Collection::Jobs;

    fn document_id(&self) -> String {
        watch_id(self.job, &self.bank)
    }
}

/// The id of what is known of a bank's answers to a job.
pub(super) fn watch_id(job: Job, bank: &BankId) -> String {
    format!("{}.bank-{bank}", job.name())
}

/// A shard asked for.
pub(super) enum Taken {
    /// It is ours.
    Ours(JobLease),
    /// Another run is at it.
    Running,
    /// An earlier delivery has been through.
    Done,
    /// The run's own time is over.
    TooLate,
}

/// Takes the lease of a shard. Whoever is refused by compare-and-set finds another run at it.
///
/// The lease is counted from the instant at which the run was still in time: a run that is frozen after that look and
/// wakes late holds no lease that would keep its follower away.
pub(super) async fn take(work: &Work, shard: u8, owner: &OwnerId) -> Result<Taken, Trouble> {
    let now = work.deps.now();
    if work.is_late_at(now) {
        return Ok(Taken::TooLate);
    }
    let found: Option<Loaded<JobLease>> = work.deps.store.load(&lease_id(work.job, shard)).await?;
    let record = found.as_ref().map(|found| &found.record);
    let lease = match turn(record, work.job, shard, owner, work.due_until, now) {
        Turn::Take(lease) => lease,
        Turn::Running(_) => return Ok(Taken::Running),
        Turn::Done => return Ok(Taken::Done),
    };
    let change = match &found {
        Some(found) => Change::new().replace(found, &lease),
        None => Change::new().create(&lease),
    };
    match work.deps.store.commit(change).await {
        Ok(()) => Ok(Taken::Ours(lease)),
        Err(CommitError::Refused) => Ok(Taken::Running),
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}

/// Gives a lease back, unless it is another's by now. One that cannot be given back ends by itself.
pub(super) async fn give_back(work: &Work, lease: &JobLease, done_until: Option<Timestamp>) {
    let given = async {
        let found: Option<Loaded<JobLease>> = work.deps.store.load(&lease_id(lease.job, lease.shard)).await?;
        let Some(found) = found.filter(|found| found.record.owner == lease.owner) else { return Ok(()) };
        let given = found.record.given_back(done_until, work.deps.now());
        work.deps.store.note(&found, given).await.map(drop).map_err(Trouble::from)
    };
    if let Err(error) = given.await {
        tracing::warn!(error = &error as &dyn std::error::Error, shard = lease.shard, "a shard's lease ends by itself");
    }
}
