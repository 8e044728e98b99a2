//! Holds the written documents to the code: what they list is what there is, and what they point at exists.
//!
//! With `UPDATE_DOCS=1` in the environment the parts that are made from the code are written anew instead of compared.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test reports by panicking")]

mod background_plan;
mod bad_input;
mod bank_documents;
mod certificates;
mod configuration;
mod errors;
mod firestore;
mod markdown;
mod metrics;
mod operations;
mod references;
mod sealed_format;
