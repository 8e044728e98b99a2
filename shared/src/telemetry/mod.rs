//! What the hub tells its operators: structured log lines that name the request they belong to, and nothing that a
//! reader of logs must not see.

mod entry;
mod filter;
mod looking;
pub mod metrics;
mod panic_hook;
pub mod request_span;
mod subscriber;
pub mod trace_context;

pub use self::{
    filter::DEFAULT,
    looking::{Looking, LookingError, Otlp, Telemetry},
    subscriber::{Format, InitError, init, init_with, start, subscriber, subscriber_with},
};
