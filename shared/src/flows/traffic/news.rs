//! What an instance has to tell of a bank's circuits.

use jiff::Timestamp;

use crate::domain::{
    bank::CircuitProfile,
    circuit::{Circuits, Failure, Probed},
    operation::Operation,
    refresh::Lease,
};

/// Something that may change a circuit.
#[derive(Clone, Debug)]
pub struct News {
    /// Whose circuit.
    pub operation: Operation,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A call that began then failed.
    Failed(Failure, Timestamp),
    /// A call that began then was well.
    Succeeded(Timestamp),
    /// The probe under that lease ended.
    Probed(Lease, Probed),
}

impl News {
    /// Changes the circuits by it. Told twice, it changes nothing the second time.
    pub fn apply(&self, circuits: &mut Circuits, profile: &CircuitProfile, now: Timestamp) {
        let circuit = circuits.get(self.operation);
        let changed = match &self.kind {
            Kind::Failed(failure, began_at) => circuit.after_failure(failure, *began_at, profile, now),
            Kind::Succeeded(began_at) => circuit.after_success(*began_at),
            Kind::Probed(lease, outcome) => circuit.after_probe(lease, *outcome, profile, now),
        };
        circuits.set(self.operation, changed);
    }
}
