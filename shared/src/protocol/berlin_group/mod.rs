//! The dialect of the Berlin Group's PSD2 interface 1.3, as pure functions: no IO, no clock, no randomness.
//!
//! Every exchange is a pair. One function builds the request; its twin, whose name ends in `answer` or says what was
//! `created`, judges the response. Docs name operations and schemas of the Berlin Group's public interface file
//! 1.3.11, such as `createConsent` and `accountReference`.
//!
//! Whatever a bank sends is hostile until it passed: bodies are read by `answers`, links by [`links`], refusals by
//! [`refusal`]. No text of a bank gets into an error. Responses are only borrowed, so that the bank's own JSON can
//! still be passed on after it was judged.

pub mod accounts;
pub mod approach;
pub mod authorisations;
pub mod balances;
pub mod codes;
pub mod consents;
pub mod endpoints;
pub mod errors;
pub mod headers;
pub mod links;
pub mod meaning;
pub mod references;
pub mod refusal;
pub mod transactions;

mod answers;
mod direction;
mod link_map;
mod money;
mod records;
mod strict_json;
mod transaction;
mod transaction_parts;
mod wire;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod never_panics;

// Taken from one place, so that the other modules need not know the layer that these types live in.
use crate::protocol::exchange::{BankRequest, BankResponse, Operation};
