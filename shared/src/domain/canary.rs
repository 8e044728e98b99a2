//! A few refreshes of every cycle go first at each bank, one by one. Where they meet what was not met before, the others
//! wait for the next cycle: what a bank changed costs a few customers an hour, and nobody a consent.
//!
//! The rules, over what refreshes brought in the order in which they ended:
//!
//! - A **kind of failure** that was not met in the last week, and that says nothing of the customer, stops at once.
//! - A **form of answers** (a member of the JSON, or a type of it) that was never met stops at once, unless no answer was
//!   ever met.
//! - **Failures** of more than half of the canaries stop, whatever their kind: a consent that ended is one customer's, three in
//!   a row are the bank's.
//! - Once the canaries are through, as many **failures in a row** stop as there are canaries, and no fewer than three.
//!
//! Whatever was met is known from then on, so that one odd account stops a bank for one cycle at most.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ids::{BankId, OwnerId},
    job_lease::Job,
};

mod form;

pub use form::{Form, forms_of};

/// How long a run may have the canaries of a cycle to itself.
pub const LEASE: Duration = super::job_lease::LEASE;

/// For how many cycles a kind of failure is remembered: a week.
const REMEMBERED: i64 = 168;

/// How many forms of a bank's answers are remembered.
const MOST_FORMS: usize = 1_000;

/// The fewest failures in a row that stop a bank whose canaries are through.
const SHORTEST_STREAK: u32 = 3;

/// A cycle: an hour of UTC, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cycle(i64);

impl Cycle {
    /// The cycle of an instant.
    pub fn of(now: Timestamp) -> Self {
        Self(now.as_second().div_euclid(3600))
    }

    /// When the next one begins.
    pub fn ends_at(self) -> Timestamp {
        Timestamp::from_second(self.0.saturating_add(1).saturating_mul(3600)).unwrap_or(Timestamp::MAX)
    }
}

/// What is known of a bank's answers to one job, and how its canaries of the cycle fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The bank.
    pub bank: BankId,
    /// The job.
    pub job: Job,
    /// The cycle that `state` is of.
    pub cycle: Cycle,
    /// How far the cycle has come.
    pub state: State,
    /// Kinds of failure and the cycle in which each was met last.
    pub failures: BTreeMap<String, Cycle>,
    /// Forms of answers, as hashes, and the cycle in which each was met last.
    pub forms: BTreeMap<Form, Cycle>,
}

/// How far a cycle has come at a bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Canaries are under way.
    Testing {
        /// How many have come back.
        came: u32,
        /// How many of these failed.
        failed: u32,
        /// The run that sends them.
        owner: OwnerId,
        /// Until when it may.
        ends_at: Timestamp,
    },
    /// The others may go.
    Open,
    /// The others wait for the next cycle.
    Stopped,
}

/// What a run may do at a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Send canaries: write this by compare-and-set first.
    Lead(Box<Watch>),
    /// Another run sends canaries, until then at the latest.
    Elsewhere(Timestamp),
    /// Go on; the canaries came back.
    Open,
    /// Wait for the next cycle.
    Stopped,
}

/// What one refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Met {
    /// Answers of these forms.
    Answers(BTreeSet<Form>),
    /// A failure.
    Failure {
        /// The hub's word for it.
        kind: String,
        /// Whether it says something of the customer: the consent is over, the account is closed.
        of_customer: bool,
    },
}

/// Why a bank's refreshes were stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A kind of failure that was not met before.
    NewFailure(String),
    /// Answers of a form that was not met before.
    NewForm,
    /// Too many canaries failed.
    Failures,
}

impl Watch {
    /// What is known of a bank that was never asked.
    pub const fn new(bank: BankId, job: Job, cycle: Cycle) -> Self {
        Self { bank, job, cycle, state: State::Stopped, failures: BTreeMap::new(), forms: BTreeMap::new() }
    }

    /// What this run may do in this cycle.
    pub fn begin(
        found: Option<&Self>,
        bank: &BankId,
        job: Job,
        cycle: Cycle,
        owner: &OwnerId,
        now: Timestamp,
    ) -> Begin {
        let lead = |watch: Self, came, failed| {
            let state = State::Testing { came, failed, owner: owner.clone(), ends_at: now + LEASE };
            Begin::Lead(Box::new(Self { cycle, state, ..watch }))
        };
        let Some(watch) = found else { return lead(Self::new(bank.clone(), job, cycle), 0, 0) };
        // A clock that is behind does not begin an older cycle anew.
        if watch.cycle < cycle {
            return lead(watch.clone(), 0, 0);
        }
        match &watch.state {
            State::Open => Begin::Open,
            State::Stopped => Begin::Stopped,
            State::Testing { ends_at, owner: other, .. } if *ends_at > now && other != owner => {
                Begin::Elsewhere(*ends_at)
            }
            State::Testing { came, failed, .. } => lead(watch.clone(), *came, *failed),
        }
    }

    /// Adds what a run met in that cycle. What has not been met for long is forgotten.
    pub fn learn(&mut self, failures: &BTreeSet<String>, forms: &BTreeSet<Form>, cycle: Cycle) {
        self.failures.extend(failures.iter().map(|kind| (kind.clone(), cycle)));
        self.failures.retain(|_, last| last.0 + REMEMBERED >= cycle.0);
        self.forms.extend(forms.iter().map(|form| (*form, cycle)));
        while self.forms.len() > MOST_FORMS {
            let oldest = self.forms.iter().min_by_key(|(_, last)| **last).map(|(form, _)| *form);
            let Some(oldest) = oldest else { break };
            self.forms.remove(&oldest);
        }
    }

    fn knows_failure(&self, kind: &str, cycle: Cycle) -> bool {
        self.failures.get(kind).is_some_and(|last| last.0 + REMEMBERED >= cycle.0)
    }
}

/// The watch that a run keeps over its refreshes at one bank.
#[derive(Clone, Debug)]
pub struct Trial {
    known: Watch,
    cycle: Cycle,
    wanted: u32,
    came: u32,
    failed: u32,
    streak: u32,
    stopped: bool,
    failures: BTreeSet<String>,
    forms: BTreeSet<Form>,
}

impl Trial {
    /// A watch that begins where the cycle stands: after `came` canaries, of which `failed` failed.
    pub fn new(known: Watch, cycle: Cycle, wanted: u32, came: u32, failed: u32) -> Self {
        let (failures, forms) = Default::default();
        Self { known, cycle, wanted, came, failed, streak: 0, stopped: false, failures, forms }
    }

    /// Takes note of what a refresh brought. Answers why the others are stopped, at the first reason.
    pub fn met(&mut self, met: Met) -> Option<Stop> {
        let reason = self.reason(&met);
        self.count(met);
        let reason = reason.or_else(|| self.too_many().then_some(Stop::Failures));
        let reason = reason.filter(|_| !self.stopped);
        self.stopped |= reason.is_some();
        reason
    }

    /// Whether no more canaries are needed.
    pub const fn is_over(&self) -> bool {
        self.came >= self.wanted
    }

    /// Whether the others are stopped.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How many canaries came back, and how many of these failed.
    pub const fn counts(&self) -> (u32, u32) {
        (self.came, self.failed)
    }

    /// What was met that was not known: kinds of failure, forms of answers. Taken, so that it is told once.
    pub fn take_news(&mut self) -> (BTreeSet<String>, BTreeSet<Form>) {
        let (failures, forms) = (std::mem::take(&mut self.failures), std::mem::take(&mut self.forms));
        self.known.learn(&failures, &forms, self.cycle);
        (failures, forms)
    }

    /// What is new in what a canary met. Whoever comes after the canaries is only learned from.
    fn reason(&self, met: &Met) -> Option<Stop> {
        if self.is_over() {
            return None;
        }
        match met {
            Met::Failure { kind, of_customer } => {
                let is_known = *of_customer || self.known.knows_failure(kind, self.cycle);
                (!is_known).then(|| Stop::NewFailure(kind.clone()))
            }
            Met::Answers(forms) => {
                let is_first = self.known.forms.is_empty();
                let is_known = forms.iter().all(|form| self.known.forms.contains_key(form));
                (!is_first && !is_known).then_some(Stop::NewForm)
            }
        }
    }

    fn count(&mut self, met: Met) {
        let is_canary = u32::from(!self.is_over());
        self.came = self.came.saturating_add(is_canary);
        match met {
            Met::Answers(forms) => {
                self.streak = 0;
                self.forms.extend(forms.into_iter().filter(|form| !self.known.forms.contains_key(form)));
            }
            Met::Failure { kind, .. } => {
                self.failed = self.failed.saturating_add(is_canary);
                self.streak = self.streak.saturating_add(1);
                self.failures.insert(kind);
            }
        }
    }

    const fn too_many(&self) -> bool {
        let longest = if self.wanted > SHORTEST_STREAK { self.wanted } else { SHORTEST_STREAK };
        self.wanted > 0 && (self.failed * 2 > self.wanted || self.streak >= longest)
    }
}

#[cfg(test)]
mod tests;
