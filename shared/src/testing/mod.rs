//! What tests of every adapter and flow share: a conformance suite per port, and stand-ins for the outside world that
//! a test holds in its hand. Compiled for tests only (feature `testing`).
//!
//! A suite is one function `conformance` that runs every promise of the port, each a function of its own. A broken
//! promise is a panic that names it.

#![expect(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used, reason = "a suite reports by panicking")]

pub mod absent_store;
pub mod audit;
pub mod bank_http;
pub mod certificates;
pub mod clock;
pub mod collector;
#[cfg(feature = "emulator")]
pub mod cutting_proxy;
pub mod documents;
pub mod entropy;
#[cfg(feature = "emulator")]
pub mod firestore_emulator;
pub mod fuzz;
pub mod key_sets;
pub mod keys;
pub mod logs;
pub mod memory_keys;
pub mod process;
pub mod samples;
