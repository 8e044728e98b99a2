//! The bank as all three ports see it: addresses, accounts, memory, journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::accounts::book::Book;
use crate::fault::{Fault, Faults};
use crate::incident::{Incident, IncidentError, Range};
use crate::journal::{Journal, Operation};
use crate::mood::Mood;
use crate::port::connections::Connections;
use crate::port::shutter::Shutter;
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
    /// The certificates that are nobody's secret.
    pub(crate) certificates: Certificates,
    /// The open connections of the banking port.
    pub(crate) connections: Arc<Connections>,
    /// Whether anything listens on the banking port.
    pub(crate) shutter: Shutter,
    clock: Clock,
    state: Mutex<State>,
    data: Option<DataDir>,
}

/// The bank's certificates in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    pub(crate) ca: String,
    pub(crate) server_chain: String,
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
        (notary, certificates): (Notary, Certificates),
        data: Option<DataDir>,
    ) -> Self {
        Self {
            addresses,
            book: Book::new(seed, state.opened_on),
            journal,
            notary,
            certificates,
            connections: Arc::default(),
            shutter: Shutter::default(),
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
        self.draw(|faults, now| faults.draw(operation, mood, now))
    }

    /// The fault that strikes a handshake, if one is armed.
    pub(crate) fn draw_handshake_fault(&self) -> Option<Fault> {
        self.draw(|faults, _| faults.draw_for_handshake())
    }

    /// The usual case, nothing armed, changes and saves nothing.
    fn draw(&self, draw: impl FnOnce(&mut Faults, Timestamp) -> Option<Fault>) -> Option<Fault> {
        if self.read(|state, _| state.faults.armed().is_empty()) {
            return None;
        }
        self.change(|state, moment| Ok::<_, DataDirError>(draw(&mut state.faults, moment.now))).unwrap_or_else(
            |error| {
                tracing::error!(error = &error as &dyn std::error::Error, "a fault could not be drawn");
                None
            },
        )
    }

    /// An incident begins; returns when it has taken hold.
    pub(crate) async fn play_incident(&self, name: &str, range: Range) -> Result<(), IncidentError> {
        let incident = Incident::find(name).ok_or_else(|| IncidentError::Unknown(name.to_owned()))?;
        self.change(|state, moment| state.begin_incident(incident, range, moment.now))?;
        if incident.closes_port() {
            self.shutter.put(true).await;
        }
        Ok(())
    }

    /// All incidents end.
    pub(crate) async fn end_incidents(&self) -> Result<(), IncidentError> {
        self.change(|state, _| state.end_incidents())?;
        self.shutter.put(false).await;
        Ok(())
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
