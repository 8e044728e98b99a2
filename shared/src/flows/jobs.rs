//! Background refresh: the scheduler's jobs that find what is due, shard by shard, and refresh it (point by point in
//! `docs/background-refresh.md`).
//!
//! That a refresh is made once is held by the session: whoever moves its due instant ahead by compare-and-set makes it,
//! and nobody else. Leases over shards ([`crate::domain::job_lease`]) save the reads of a second delivery. A run lasts no longer than
//! `STARTS` and what is under way then; what it does not come to stays due. Banks go side by side, each with as much
//! under way as its document says, and behind its canaries ([`crate::domain::canary`]).

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{deps::Deps, read::ReadError, trail::Trail, trouble::Trouble};
use crate::domain::{
    ids::OwnerId,
    job_lease::Job,
    session::{SHARDS, Session},
};

mod balances;
mod claim;
mod dry;
mod lane;
mod leases;
mod outcome;
mod pages;
mod run;
mod summary;
mod tokens;
mod watching;

pub use self::summary::{BankSummary, Cost, Summary};

/// How long a run begins refreshes, well inside the time that the hub works on one request.
const STARTS: Duration = Duration::from_secs(20);

/// How long a run waits for what is under way; whatever takes longer ends by itself, and on the record.
const WAITS: Duration = Duration::from_secs(27);

/// What the scheduler asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The job.
    pub job: Job,
    /// One shard, or all of them one after the other.
    pub shard: Option<u8>,
    /// Only to tell what a run would do and cost.
    pub dry_run: bool,
    /// The instant that the run was scheduled for. It sees to what was due then, so that a second delivery of the same
    /// run finds nothing more to do.
    pub scheduled_at: Option<Timestamp>,
    /// The scheduler's own name of its job, for the log.
    pub scheduler: String,
}

/// The stable name of an error, as callers are told it.
pub type Naming = fn(ReadError) -> &'static str;

/// Runs a job. An error means that nothing could be found or claimed; whatever is met at single sessions stands in the
/// summary.
pub async fn run(deps: &Arc<Deps>, trail: &Arc<Trail>, wanted: &Wanted, naming: Naming) -> Result<Summary, Trouble> {
    let work = Work::new(deps, trail, wanted, naming);
    let shards: Vec<u8> = wanted.shard.map_or_else(|| (0..SHARDS).collect(), |shard| vec![shard]);
    let summary = if wanted.dry_run {
        dry::run(&work, &shards).await?
    } else {
        let owner = OwnerId::from_random(deps.random()?);
        run::Run::new(Arc::new(work), owner).over(&shards).await?
    };
    summary.tell_counts();
    let Summary { due, refreshed, more, dry_run, .. } = summary;
    let (job, scheduler, shard) = (wanted.job.name(), wanted.scheduler.as_str(), wanted.shard);
    tracing::info!(job.name = job, job.scheduler = scheduler, shard, dry_run, due, refreshed, more, "a job ran");
    Ok(summary)
}

/// What all parts of a run share.
struct Work {
    deps: Arc<Deps>,
    trail: Arc<Trail>,
    job: Job,
    naming: Naming,
    /// What was due at that instant is seen to.
    due_until: Timestamp,
    /// No refresh begins after that.
    starts_until: Timestamp,
    /// Nobody waits for a refresh after that.
    waits_until: Instant,
}

impl Work {
    fn new(deps: &Arc<Deps>, trail: &Arc<Trail>, wanted: &Wanted, naming: Naming) -> Self {
        let now = deps.now();
        Self {
            deps: Arc::clone(deps),
            trail: Arc::clone(trail),
            job: wanted.job,
            naming,
            due_until: wanted.scheduled_at.map_or(now, |scheduled| scheduled.min(now)),
            starts_until: now + STARTS,
            waits_until: Instant::now() + WAITS,
        }
    }

    fn is_late(&self) -> bool {
        self.is_late_at(self.deps.now())
    }

    fn is_late_at(&self, now: Timestamp) -> bool {
        now >= self.starts_until || Instant::now() >= self.waits_until
    }

    /// When this job is due at a session.
    const fn due_at(&self, session: &Session) -> Option<Timestamp> {
        match self.job {
            Job::RefreshBalances => session.balances_due_at,
            Job::RefreshTokens => session.tokens_due_at,
        }
    }
}
