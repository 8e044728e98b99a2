//! Whether a call may leave: the bank's circuit is asked before anything is spent on it.

use std::time::Duration;

use jiff::Timestamp;

use super::BankCalls;
use crate::{
    domain::{bank::Bank, circuit::Admission, operation::Operation},
    flows::trouble::{Held, Trouble},
};

/// When to come back if nobody can tell who probes.
const UNCLEAR: Duration = Duration::from_secs(1);

impl BankCalls {
    /// Whether a call of that kind may leave now, as far as the bank's circuit goes: for flows that would otherwise spend
    /// something on it first, such as a refresh token. If it is time to, the bank is probed.
    pub async fn admits(&self, bank: &Bank, operation: Operation) -> Result<(), Trouble> {
        let admission = self.admission(bank, operation).await;
        if admission != Admission::Probe {
            return self.judged(bank, operation, admission);
        }
        self.probe(bank, operation).await;
        self.judged(bank, operation, self.admission(bank, operation).await)
    }

    /// The same, for a call that is about to leave. One that uses a refresh token does not wait for a probe: its lease is
    /// running. Whoever takes the lease has asked [`Self::admits`] before.
    pub(super) async fn admitted(&self, bank: &Bank, operation: Operation) -> Result<(), Trouble> {
        match operation {
            _ if self.probing => Ok(()),
            Operation::RefreshTokens => self.judged(bank, operation, self.admission(bank, operation).await),
            _ => self.admits(bank, operation).await,
        }
    }

    /// Whether a call that has waited for its turn may leave still. Nobody probes here: the probe needs a turn too.
    pub(super) async fn still_admitted(&self, bank: &Bank, operation: Operation) -> Result<(), Trouble> {
        if self.probing {
            return Ok(());
        }
        self.judged(bank, operation, self.admission(bank, operation).await)
    }

    async fn admission(&self, bank: &Bank, operation: Operation) -> Admission {
        self.traffic.to(bank).board.admission(operation).await
    }

    fn judged(&self, bank: &Bank, operation: Operation, admission: Admission) -> Result<(), Trouble> {
        match admission {
            Admission::Pass => Ok(()),
            Admission::Refused(until) => Err(refused(bank, operation, until)),
            Admission::Probe => Err(refused(bank, operation, self.clock.now() + UNCLEAR)),
        }
    }
}

fn refused(bank: &Bank, operation: Operation, until: Timestamp) -> Trouble {
    tracing::info!(bank.id = %bank.id, operation = operation.name(), %until, "a call is held back by an open circuit");
    Held::CircuitOpen(until).into()
}
