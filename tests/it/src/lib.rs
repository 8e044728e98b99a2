//! What end-to-end tests are made of: a hub with a bank, CRMs and browsers around it. The hub is either in the test's own
//! process, or a fleet of processes as in production; the tests are the same.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

pub mod bench;
pub mod fleet;
pub mod operations;
