//! The circuits of one bank (promise P6), as values and pure functions of (state, event, now).
//!
//! A circuit is closed and counts failures in a sliding window; opened by too many of them; probed after its cool-down by
//! whoever takes the lease; and then on trial, until the first call of a customer's shows which way it goes. All circuits
//! of a bank stand in one record that the instances share. On the healthy path nobody writes it.
//!
//! Clocks of instances differ. A failure that claims to come from further ahead than [`SKEW`] is forgotten, and a rest
//! that would last longer than the bank's longest is not kept.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    bank::CircuitProfile,
    ids::{BankId, OwnerId},
    operation::Operation,
    refresh::{Lease, SKEW},
};

mod failures;
mod witness;

pub use failures::{Failure, Failures};
pub use witness::Witness;

/// How long a probe lasts as a rule. Who is turned away while one is under way is told to come back then.
const PROBE_TAKES: Duration = Duration::from_secs(5);

/// The circuits of one bank. One that stands in no map is closed and has not failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuits {
    /// Whose.
    pub bank: BankId,
    /// By operation; only those with something to tell.
    pub operations: BTreeMap<Operation, Circuit>,
}

/// How calls of one kind to one bank stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Circuit {
    /// Calls pass.
    Closed {
        /// The failures that count.
        failures: Failures,
    },
    /// No call passes until the rest is over; then somebody may probe.
    Open {
        /// What is known of this opening.
        opening: Opening,
        /// When the rest is over.
        until_at: Timestamp,
    },
    /// Somebody is probing; no call passes.
    Probing {
        /// What is known of this opening.
        opening: Opening,
        /// Who probes, and until when nobody else may.
        lease: Lease,
    },
    /// The probe was well: calls pass, and the first that ends decides.
    Trial {
        /// What is known of this opening.
        opening: Opening,
        /// Since when. Calls that began earlier decide nothing.
        since_at: Timestamp,
        /// Failures of the one subject that the circuit was opened for, as long as they alone do not open it again.
        failures: Failures,
    },
}

/// What is remembered from the opening of a circuit to its closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// When it opened.
    pub opened_at: Timestamp,
    /// Probes and trials that failed since, one after another.
    pub failed: u32,
    /// The one subject that all failures were of, if the bank could be met: it may be that account's own trouble.
    pub suspect: Option<u32>,
}

/// Whether a call may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Pass,
    /// Not before then.
    Refused(Timestamp),
    /// The rest is over: whoever takes the lease probes.
    Probe,
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// The bank can be met.
    Well,
    /// It fails still.
    Failed,
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed { failures: Failures::default() }
    }
}

impl Circuit {
    /// Whether a call may leave now.
    pub fn admits(&self, profile: &CircuitProfile, now: Timestamp) -> Admission {
        match self {
            Self::Closed { .. } | Self::Trial { .. } => Admission::Pass,
            Self::Open { until_at, .. } => {
                let longest = profile.cool_down(u32::MAX) + SKEW;
                if is_ahead(*until_at, now, longest) { Admission::Refused(*until_at) } else { Admission::Probe }
            }
            Self::Probing { lease, .. } => {
                if lease.ends_at > now {
                    Admission::Refused(lease.ends_at.min(now + PROBE_TAKES))
                } else {
                    Admission::Probe
                }
            }
        }
    }

    /// The circuit after a failure of a call that began then.
    #[must_use]
    pub fn after_failure(
        &self,
        failure: &Failure,
        began_at: Timestamp,
        profile: &CircuitProfile,
        now: Timestamp,
    ) -> Self {
        match self {
            Self::Closed { failures } => {
                let failures = failures.with(failure.clone(), profile.window(), now);
                if failures.weight() < profile.failures {
                    return Self::Closed { failures };
                }
                let opening = Opening { opened_at: now, failed: 0, suspect: failures.only_subject() };
                opening.rests(profile, now)
            }
            Self::Trial { opening, since_at, failures } if began_at >= *since_at => {
                let is_suspect = !failure.is_of_connection && opening.suspect == Some(failure.subject);
                let failures = failures.with(failure.clone(), profile.window(), now);
                if is_suspect && failures.weight() < profile.failures {
                    return Self::Trial { opening: opening.clone(), since_at: *since_at, failures };
                }
                let suspect = opening.suspect.filter(|_| is_suspect);
                opening.failed_again(suspect).rests(profile, now)
            }
            // Calls that were on their way when it opened tell nothing new.
            Self::Open { .. } | Self::Probing { .. } | Self::Trial { .. } => self.clone(),
        }
    }

    /// The circuit after a call that began then was answered as by a healthy bank.
    #[must_use]
    pub fn after_success(&self, began_at: Timestamp) -> Self {
        match self {
            Self::Trial { since_at, .. } if began_at >= *since_at => Self::default(),
            _ => self.clone(),
        }
    }

    /// The circuit with the lease of a probe, for so long; `None` if there is nothing to probe now.
    pub fn probed_by(
        &self,
        owner: &OwnerId,
        takes: Duration,
        profile: &CircuitProfile,
        now: Timestamp,
    ) -> Option<Self> {
        if self.admits(profile, now) != Admission::Probe {
            return None;
        }
        let (Self::Open { opening, .. } | Self::Probing { opening, .. }) = self else { return None };
        let lease = Lease { owner: owner.clone(), ends_at: now + takes + SKEW };
        Some(Self::Probing { opening: opening.clone(), lease })
    }

    /// The circuit after the probe under that lease; as it is, if the lease is no longer the one that stands.
    #[must_use]
    pub fn after_probe(&self, held: &Lease, outcome: Probed, profile: &CircuitProfile, now: Timestamp) -> Self {
        let Self::Probing { opening, lease } = self else { return self.clone() };
        if lease != held {
            return self.clone();
        }
        match outcome {
            Probed::Well => Self::Trial { opening: opening.clone(), since_at: now, failures: Failures::default() },
            Probed::Failed => opening.failed_again(None).rests(profile, now),
        }
    }

    /// Whether it has nothing to tell.
    pub fn is_idle(&self) -> bool {
        matches!(self, Self::Closed { failures } if failures.is_empty())
    }

    /// The state's name for people, and when to come back; `None` of a closed one.
    pub fn standing(&self) -> Option<(&'static str, Option<Timestamp>)> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { until_at, .. } => Some(("open", Some(*until_at))),
            Self::Probing { lease, .. } => Some(("probing", Some(lease.ends_at))),
            Self::Trial { .. } => Some(("trial", None)),
        }
    }
}

impl Opening {
    fn failed_again(&self, suspect: Option<u32>) -> Self {
        Self { failed: self.failed.saturating_add(1), suspect, ..self.clone() }
    }

    fn rests(self, profile: &CircuitProfile, now: Timestamp) -> Circuit {
        let until_at = now + profile.cool_down(self.failed);
        Circuit::Open { opening: self, until_at }
    }
}

impl Circuits {
    /// The circuits of a bank of which nothing is known.
    pub const fn of(bank: BankId) -> Self {
        Self { bank, operations: BTreeMap::new() }
    }

    /// The circuit of that operation.
    pub fn get(&self, operation: Operation) -> Circuit {
        self.operations.get(&operation).cloned().unwrap_or_default()
    }

    /// Whether a call of that kind may leave now.
    pub fn admits(&self, operation: Operation, profile: &CircuitProfile, now: Timestamp) -> Admission {
        self.operations.get(&operation).map_or(Admission::Pass, |circuit| circuit.admits(profile, now))
    }

    /// Puts a circuit in its place; one with nothing to tell takes none.
    pub fn set(&mut self, operation: Operation, circuit: Circuit) {
        if circuit.is_idle() {
            self.operations.remove(&operation);
        } else {
            self.operations.insert(operation, circuit);
        }
    }
}

/// Whether the instant lies ahead, and not further than that.
fn is_ahead(instant: Timestamp, now: Timestamp, furthest: Duration) -> bool {
    now < instant && instant <= now + furthest
}

#[cfg(test)]
mod tests;
