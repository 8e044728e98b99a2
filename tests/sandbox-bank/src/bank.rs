//! The bank as all three ports see it: addresses, accounts, memory, journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::accounts::book::Book;
use crate::fault::{Fault, Faults};
use crate::journal::{Journal, Operation};
use crate::mood::Mood;
use crate::port::connections::Connections;
use crate::seal::Notary;
use crate::settings::Clock;
use crate::state::{State, day_of};
use crate::state_file::{DataDir, DataDirError};

/// What the handlers of all ports share.
pub(crate) struct Bank {
    pub(crate) addresses: Addresses,
    pub(crate) book: Book,
    pub(crate) journal: Journal,
    /// Judges signatures.
    pub(crate) notary: Notary,
    /// The open connections of the banking port.
    pub(crate) connections: Arc<Connections>,
    clock: Clock,
    state: Mutex<State>,
    data: Option<DataDir>,
}

/// Where the bank can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) api: String,
    pub(crate) web: String,
    pub(crate) control: String,
}

/// The moment at which a request is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) today: jiff::civil::Date,
}

impl Bank {
    pub(crate) fn new(
        addresses: Addresses,
        seed: u64,
        clock: Clock,
        state: State,
        journal: Journal,
        notary: Notary,
        data: Option<DataDir>,
    ) -> Self {
        Self {
            addresses,
            book: Book::new(seed, state.opened_on),
            journal,
            notary,
            connections: Arc::default(),
            clock,
            state: Mutex::new(state),
            data,
        }
    }

    /// Looks at the state.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&State, Moment) -> R) -> R {
        let state = self.state();
        let moment = self.moment(&state);
        look(&state, moment)
    }

    /// Changes the state and saves it before anybody hears of it. It is saved even if `change`
    /// fails: a refused code or token may well have ended others.
    pub(crate) fn change<R, E: From<DataDirError>>(
        &self,
        change: impl FnOnce(&mut State, Moment) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut state = self.state();
        let moment = self.moment(&state);
        let outcome = change(&mut state, moment);
        if let Some(data) = &self.data {
            data.save(&state)?;
        }
        outcome
    }

    /// The fault that strikes a request, if one is armed.
    pub(crate) fn draw_fault(&self, operation: Operation, mood: Option<Mood>) -> Option<Fault> {
        self.draw(|faults| faults.draw(operation, mood))
    }

    /// The fault that strikes a handshake, if one is armed.
    pub(crate) fn draw_handshake_fault(&self) -> Option<Fault> {
        self.draw(Faults::draw_for_handshake)
    }

    /// The usual case, nothing armed, changes and saves nothing.
    fn draw(&self, draw: impl FnOnce(&mut Faults) -> Option<Fault>) -> Option<Fault> {
        if self.read(|state, _| state.faults.armed().is_empty()) {
            return None;
        }
        self.change(|state, _| Ok::<_, DataDirError>(draw(&mut state.faults))).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a fault could not be drawn");
            None
        })
    }

    /// The bank's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.read(|_, moment| moment.now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moment(&self, state: &State) -> Moment {
        let now = state.time((self.clock)());
        Moment { now, today: day_of(now) }
    }
}
