//! The stand-in over HTTP, as a client of Cloud KMS and as a test sees it.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

mod client;
mod control;
mod doors;
mod process;
mod wire;
