//! The bank from outside: real servers, real TLS, one module for each behaviour.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

mod cards;
mod certificates;
mod consents;
mod control;
mod data;
mod faults;
mod flow;
mod habits;
mod incidents;
mod journal;
mod moods;
mod oauth;
mod pages;
mod process;
mod restart;
mod resumption;
mod schemas;
mod seals;
mod tpp;
