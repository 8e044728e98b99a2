//! End-to-end tests: the real routers over HTTP, the sandbox bank over mutual TLS, a clock that tests move. What reached
//! the bank is judged by the bank's own journal.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod activation;
mod approaches;
mod bad_input;
mod callback;
mod certificates;
mod circuit;
mod connect;
mod costs;
mod coverage;
mod data;
mod disconnect;
mod document;
mod events;
mod faults;
mod habits;
mod incidents;
mod instances;
mod lists;
mod metrics;
mod quota;
mod readiness;
mod records;
mod refresh;
mod refresh_jobs;
mod refusals;
mod renewal;
mod restore;
mod rewrap;
mod secrets;
mod snapshots;
mod spikes;
mod upkeep;
