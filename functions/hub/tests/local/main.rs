//! The local mode as a stranger meets it: the real program, started on a folder of its own and used from outside.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test reports by panicking")]

mod bank_commands;
mod browser;
mod by_hand;
#[cfg(feature = "browser")]
mod chromium;
mod demo_page;
mod metrics;
mod moods;
mod program;
mod refusals;
