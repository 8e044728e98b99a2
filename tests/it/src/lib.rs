//! End-to-end tests of the hub; they are in `it/`. This crate has no code of its own.
