//! `hub doctor` as an operator meets it: the real program on the Firestore emulator, a stand-in of Cloud KMS and the sandbox
//! bank over mutual TLS, with one trouble after the other.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

mod deployment;
mod healthy;
mod index_proxy;
mod issuer;
mod revisions;
mod troubles;
