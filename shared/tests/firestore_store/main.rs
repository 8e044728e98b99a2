//! The store in Firestore keeps every promise of the document store, also when the way to it fails.
//!
//! Wants Google's Firestore emulator; see `shared::testing::firestore_emulator`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a broken promise is reported by panicking")]

mod contents;
mod faults;
mod promises;
mod stand_in;

use std::sync::Arc;

use shared::{
    adapters::{
        firestore_store::{FirestoreSettings, FirestoreStore},
        system::SystemEntropy,
    },
    testing::firestore_emulator::FirestoreEmulator,
};

/// Settings of a project that no other test uses.
fn settings() -> FirestoreSettings {
    FirestoreEmulator::shared().settings()
}

/// A store that takes every query.
fn store(settings: FirestoreSettings) -> FirestoreStore {
    FirestoreStore::answering_any_query(settings, Arc::new(SystemEntropy))
}
