//! The adapter `CloudKms`, with the real client, against a stand-in for the service on this machine: the conformance
//! suites of the ports, and what goes wrong between the two.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

mod bench;
mod conformance;
mod faults;
mod inspection;
mod secrecy;
mod signing;
mod vault;
