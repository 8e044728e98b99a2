//! Log lines in memory, for tests that ask what was said, and what was not.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde_json::Value;
use tracing::Dispatch;
use tracing_subscriber::{Registry, fmt::MakeWriter, util::SubscriberInitExt};

use crate::telemetry::{Format, Looking, Telemetry, subscriber, subscriber_with};

/// While only one subscriber lives, `tracing` asks the current thread alone whether a line is of interest and remembers
/// the answer for every thread: a thread of another test, which listens to nothing, would silence this one. A second
/// subscriber that is never dropped makes it ask all of them.
static COMPANION: OnceLock<Dispatch> = OnceLock::new();

/// What was written. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Captures what this thread logs while the guard lives, as the hub would write it with these directives. Lines of
    /// crates that use `log` are captured as well.
    pub fn on_this_thread(format: Format, directives: &str) -> (Self, tracing::subscriber::DefaultGuard) {
        COMPANION.get_or_init(|| Dispatch::new(Registry::default()));
        let captured = Self::default();
        let guard = subscriber(format, directives, captured.clone()).unwrap().set_default();
        (captured, guard)
    }

    /// The same, with those who look at what is measured.
    pub fn looked_at_on_this_thread(
        format: Format,
        directives: &str,
        looking: &Looking,
    ) -> (Self, Telemetry, tracing::subscriber::DefaultGuard) {
        COMPANION.get_or_init(|| Dispatch::new(Registry::default()));
        let captured = Self::default();
        let (subscriber, telemetry) = subscriber_with(format, directives, captured.clone(), looking).unwrap();
        (captured, telemetry, subscriber.set_default())
    }

    /// All of it.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }

    /// Its lines, as JSON.
    pub fn entries(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
