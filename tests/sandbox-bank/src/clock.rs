//! The system's clock, read here and nowhere else in the crate.

use std::sync::Arc;

use jiff::Timestamp;

use crate::settings::Clock;

/// A clock that follows the machine's.
#[expect(clippy::disallowed_methods, reason = "the bank is a party of its own, with a clock of its own")]
pub(crate) fn system() -> Clock {
    Arc::new(Timestamp::now)
}
