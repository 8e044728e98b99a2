//! Ports connected to the outside world.

pub mod audit_log;
pub mod bank_client;
mod bounded_body;
pub mod cloud_kms;
mod document_rules;
pub mod firestore_admin;
pub mod firestore_schema;
pub mod firestore_store;
pub mod identity_files;
pub mod jwks_client;
pub mod local_keys;
pub mod measured_documents;
pub mod measured_keys;
mod missing;
pub mod otlp_client;
mod private_file;
pub mod pseudonym_key_file;
pub mod redb_store;
pub mod seals;
pub mod system;
pub mod web_client;
pub mod webhook_client;
