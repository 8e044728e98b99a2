//! What a run did, as the scheduler's log keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Work,
    outcome::{Ended, Skip},
};
use crate::domain::{ids::BankId, job_lease::Job};

/// What a run did, or with `dry_run` what one would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Summary {
    /// The job.
    pub job: Job,
    /// What was due at this instant was to be seen to.
    pub schedule_time: Timestamp,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Sessions that were due, as far as the run came.
    pub due: u32,
    /// Sessions that were refreshed.
    pub refreshed: u32,
    /// Sessions that were left out, by reason.
    pub skipped: BTreeMap<&'static str, u32>,
    /// Sessions whose refresh failed, by the error's code.
    pub failed: BTreeMap<&'static str, u32>,
    /// The same by bank.
    pub banks: BTreeMap<String, BankSummary>,
    /// What the run would cost, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Shards that another run is at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub already_running: Vec<u8>,
    /// Shards that an earlier delivery of this run has been through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub already_done: Vec<u8>,
    /// Whether something is left that was due, for the next run.
    pub more: bool,
}

/// What a run did at one bank.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct BankSummary {
    /// Sessions that were due.
    pub due: u32,
    /// Sessions that were refreshed.
    pub refreshed: u32,
    /// Sessions that were left out, by reason.
    pub skipped: BTreeMap<&'static str, u32>,
    /// Sessions whose refresh failed, by the error's code.
    pub failed: BTreeMap<&'static str, u32>,
    /// Why the canaries stopped the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<&'static str>,
}

/// What a run would cost.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Cost {
    /// Calls to banks that count against what they allow without the PSU.
    pub bank_reads: u32,
    /// Calls to token endpoints.
    pub token_calls: u32,
    /// Documents read.
    pub store_reads: u32,
    /// Documents written, those of the last good answers included.
    pub store_writes: u32,
}

impl Summary {
    pub(super) fn of(work: &Work) -> Self {
        Self {
            job: work.job,
            schedule_time: work.due_until,
            dry_run: false,
            due: 0,
            refreshed: 0,
            skipped: BTreeMap::new(),
            failed: BTreeMap::new(),
            banks: BTreeMap::new(),
            cost: None,
            already_running: Vec::new(),
            already_done: Vec::new(),
            more: false,
        }
    }

    /// Tells the log how many sessions there were of each kind, where there were any. A dry run did nothing.
    pub(super) fn tell_counts(&self) {
        let sum = |counts: &BTreeMap<&'static str, u32>| counts.values().sum::<u32>();
        let counts = [
            ("due", self.due),
            ("refreshed", self.refreshed),
            ("failed", sum(&self.failed)),
            ("skipped", sum(&self.skipped)),
        ];
        for (what, count) in counts.into_iter().filter(|(_, count)| *count > 0 && !self.dry_run) {
            tracing::info!(job.name = self.job.name(), job.what = what, job.sessions = count, "sessions of a job");
        }
    }

    pub(super) fn bank(&mut self, bank: &BankId) -> &mut BankSummary {
        self.banks.entry(bank.as_str().to_owned()).or_default()
    }

    pub(super) fn is_due(&mut self, bank: &BankId) {
        self.due += 1;
        self.bank(bank).due += 1;
    }

    pub(super) fn ended(&mut self, bank: &BankId, ended: &Ended) {
        match ended {
            Ended::Refreshed(_) => {
                self.refreshed += 1;
                self.bank(bank).refreshed += 1;
            }
            Ended::Skipped(skip) => self.skip(bank, *skip),
            Ended::HeldBack(_) => self.skip(bank, Skip::HeldBack),
            Ended::Failed(failure) => {
                *self.failed.entry(failure.kind).or_default() += 1;
                *self.bank(bank).failed.entry(failure.kind).or_default() += 1;
            }
        }
    }

    pub(super) fn skip(&mut self, bank: &BankId, skip: Skip) {
        *self.skipped.entry(skip.name()).or_default() += 1;
        *self.bank(bank).skipped.entry(skip.name()).or_default() += 1;
    }
}
