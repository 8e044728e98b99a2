//! What the hub needs from outside, as traits in its own words. Each promise written here is held by a conformance
//! suite (`crate::testing`) that every adapter passes.

pub mod audit;
pub mod bank_http;
pub mod clock;
pub mod documents;
pub mod entropy;
pub mod identities;
pub mod key_inspection;
pub mod key_sets;
pub mod keys;
pub mod measuring;
pub mod seals;
pub mod store;
pub mod store_setup;
pub mod webhooks;
