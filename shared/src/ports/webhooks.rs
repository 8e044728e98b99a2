//! Pushing events to CRMs (RFC 8935).
//!
//! Promises, held by the adapter's tests:
//!
//! - **Nowhere else.** Only the address asked for is called: no redirect is followed, no proxy used.
//! - **Bounded.** A receiver decides neither the time nor the memory that it takes.
//! - **Taken is said.** Only an answer of 200, 202 or 204 counts.

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use crate::protocol::security_event::Complaint;

/// An event was not taken, as far as is known.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// No answer: no connection, a broken one, or the time ran out. The event may have been taken.
    #[error("the receiver did not answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The receiver answered, but not that it took the event.
    #[error("the receiver answered {status} ({})", complaint.name())]
    NotTaken {
        /// The HTTP status.
        status: u16,
        /// What it says is wrong.
        complaint: Complaint,
        /// How long it wants to be left alone, if it says so (RFC 9110 §10.2.3).
        retry_after: Option<Duration>,
    },
}

/// Pushes events. See the module's text for the promises.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Sends one signed event.
    async fn push(&self, receiver: &Url, token: String) -> Result<(), PushError>;
}
