//! Real incidents by name: what happened at some bank, played again by faults and habits of this one.

mod table;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Armed, Fault, FaultError};
use crate::journal::Operation;
use crate::mood::Mood;
use crate::policy::PolicyError;
use crate::state::State;
use crate::state_file::DataDirError;

/// An incident that can be played.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Incident {
    /// Its name on the control port.
    pub name: &'static str,
    /// What happens, in one line.
    pub what: &'static str,
    /// Where it was told of: a repository and a number, or a release.
    pub source: &'static str,
    #[serde(skip)]
    effects: &'static [Effect],
}

/// What an incident does.
#[derive(Clone, Copy, Debug)]
enum Effect {
    /// Arms a fault for these operations, made at the moment at which it begins; for any if there are none.
    Fault(&'static [Operation], Trouble),
    /// Changes the policy: a name and the JSON of its value.
    Habit(&'static str, &'static str),
    /// Nothing listens on the banking port until the incident is ended.
    ClosedPort,
    /// Certificates in PEM end with empty lines.
    EmptyLines,
}

/// The fault of an incident that begins at that moment.
#[derive(Clone, Copy, Debug)]
struct Trouble(fn(Timestamp) -> Fault);

/// Which incidents are on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Incidents(Vec<Active>);

/// An incident that is on.
#[derive(Debug, Serialize, Deserialize)]
struct Active {
    name: String,
    /// What the policy was before.
    undo: Map<String, Value>,
}

/// Where and how often an incident plays.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    /// In this mood; in all if not said.
    pub(crate) mood: Option<Mood>,
    /// At this operation instead of its own.
    pub(crate) operation: Option<Operation>,
    /// So often; until it is ended if not said.
    pub(crate) times: Option<u32>,
}

/// Why an incident cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// There is none of that name.
    #[error("there is no incident {0:?}")]
    Unknown(String),
    /// It cannot be narrowed like that.
    #[error("{0}")]
    Fault(#[from] FaultError),
    /// It cannot change the policy.
    #[error("{0}")]
    Policy(#[from] PolicyError),
    /// It is a mistake in the table of incidents.
    #[error("the incident is written wrongly")]
    Table(#[from] serde_json::Error),
    /// It cannot be saved.
    #[error("the bank failed")]
    State(#[from] DataDirError),
}

impl Incident {
    /// All incidents.
    pub fn all() -> &'static [Self] {
        table::ALL
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        table::ALL.iter().find(|incident| incident.name == name)
    }

    /// Whether nothing listens while it is on.
    pub(crate) fn closes_port(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::ClosedPort))
    }
}

impl Incidents {
    /// Whether an incident is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.0.iter().any(|active| active.name == name)
    }

    /// Whether certificates in PEM end with empty lines.
    pub(crate) fn adds_empty_lines(&self) -> bool {
        let adds = |incident: &Incident| incident.effects.iter().any(|effect| matches!(effect, Effect::EmptyLines));
        self.0.iter().filter_map(|active| Incident::find(&active.name)).any(adds)
    }

    /// Forgets what does not outlive the process: the port of a new one is open.
    pub(crate) fn forget_closed_port(&mut self) {
        self.0.retain(|active| !Incident::find(&active.name).is_some_and(Incident::closes_port));
    }
}

impl State {
    /// An incident begins.
    pub(crate) fn begin_incident(
        &mut self,
        incident: &Incident,
        range: Range,
        now: Timestamp,
    ) -> Result<(), IncidentError> {
        let mut undo = Map::new();
        for effect in incident.effects {
            match effect {
                Effect::Fault(operations, Trouble(fault)) => self.arm(incident, operations, &fault(now), range)?,
                Effect::Habit(name, value) => {
                    let before = serde_json::to_value(&self.policy)?;
                    undo.insert((*name).to_owned(), before.get(*name).cloned().unwrap_or_default());
                    let change = Map::from_iter([((*name).to_owned(), serde_json::from_str(value)?)]);
                    self.policy = self.policy.changed(change)?;
                }
                Effect::ClosedPort | Effect::EmptyLines => {}
            }
        }
        self.incidents.0.push(Active { name: incident.name.to_owned(), undo });
        Ok(())
    }

    fn arm(
        &mut self,
        incident: &Incident,
        operations: &[Operation],
        fault: &Fault,
        range: Range,
    ) -> Result<(), FaultError> {
        let mut wanted: Vec<Option<Operation>> = match range.operation {
            Some(operation) => vec![Some(operation)],
            None => operations.iter().copied().map(Some).collect(),
        };
        if wanted.is_empty() {
            wanted.push(None);
        }
        for operation in wanted {
            let (mood, times) = (range.mood, range.times);
            let name = Some(incident.name.to_owned());
            self.faults.arm(Armed { id: 0, operation, mood, fault: fault.clone(), times, incident: name })?;
        }
        Ok(())
    }

    /// All incidents are over: their faults are disarmed and the policy is as before.
    pub(crate) fn end_incidents(&mut self) -> Result<(), IncidentError> {
        self.faults.disarm_incidents();
        for Active { undo, .. } in std::mem::take(&mut self.incidents.0).into_iter().rev() {
            if !undo.is_empty() {
                self.policy = self.policy.changed(undo)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::Policy;
    use crate::settings::TokenPolicy;

    fn state() -> State {
        State::new(TokenPolicy::default(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn begins_and_ends_every_incident() {
        for incident in Incident::all() {
            let mut state = state();
            state.begin_incident(incident, Range::default(), Timestamp::UNIX_EPOCH).unwrap();
            assert!(state.incidents.is_on(incident.name));
            let changes = !state.faults.armed().is_empty()
                || state.policy != Policy::default()
                || incident.closes_port()
                || state.incidents.adds_empty_lines();
            assert!(changes, "{}", incident.name);
            state.end_incidents().unwrap();
            assert!(state.faults.armed().is_empty() && state.policy == Policy::default(), "{}", incident.name);
        }
    }

    #[test]
    fn has_a_name_a_line_and_a_source_for_each() {
        let names: BTreeSet<_> = Incident::all().iter().map(|incident| incident.name).collect();
        assert_eq!(names.len(), Incident::all().len());
        for incident in Incident::all() {
            assert!(!incident.what.is_empty() && !incident.what.contains('\n') && !incident.source.is_empty());
        }
    }

    #[test]
    fn is_in_the_readme() {
        let readme = include_str!("../README.md");
        for Incident { name, what, source, .. } in Incident::all() {
            assert!(readme.contains(&format!("| `{name}` | {what} | {source} |")), "{name}");
        }
    }

    #[test]
    fn leaves_faults_alone_that_somebody_else_armed() {
        let mut state = state();
        let fault = Armed { id: 0, operation: None, mood: None, fault: Fault::Close, times: None, incident: None };
        state.faults.arm(fault).unwrap();
        let incident = Incident::find("html_500").unwrap();
        state.begin_incident(incident, Range::default(), Timestamp::UNIX_EPOCH).unwrap();
        state.end_incidents().unwrap();
        assert_eq!(state.faults.armed().len(), 1);
    }

    #[test]
    fn undoes_habits_in_the_right_order() {
        let mut state = state();
        state.policy.uses = Some(3);
        let incident = Incident::find("consent_dead_after_24_uses").unwrap();
        for _ in 0..2 {
            state.begin_incident(incident, Range::default(), Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(state.policy.uses, Some(24));
        state.end_incidents().unwrap();
        assert_eq!(state.policy.uses, Some(3));
    }
}
