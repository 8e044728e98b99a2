//! What the hub is about, as plain values and pure functions of (state, event, now): no IO, no clock, no randomness.

pub mod account;
pub mod amount;
pub mod audit;
pub mod bank;
pub mod certificate;
pub mod code_hash;
pub mod consent;
pub mod flow;
pub mod grant;
pub mod ids;
pub mod operation;
pub mod place;
pub mod presence;
pub mod pseudonym;
pub mod psu_reference;
pub mod public_key;
pub mod purpose;
pub mod readiness;
pub mod refresh;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod session;
pub mod signature_profile;
pub mod tenant;
