//! Certificates and keys as operators lay them into files: what is taken and what is refused, how a new one takes the
//! place of an old one, and what seals sign.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

mod files;
mod in_kms;
mod pki;
mod reload;
mod seals;
mod signed_calls;
