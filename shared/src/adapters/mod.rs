//! Ports connected to the outside world.

pub mod audit_log;
pub mod bank_client;
mod bounded_body;
pub mod jwks_client;
pub mod local_keys;
mod private_file;
pub mod redb_store;
pub mod system;
