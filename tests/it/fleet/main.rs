//! The hub as several processes on one Firestore and one key service, killed, frozen and lied to (`docs/several-instances.md`).
//! Whether a promise was kept is judged by the bank's journal, never by what the hub says of itself.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod audit;
mod callbacks;
mod circuits;
mod clocks;
mod ends;
mod failing_closed;
mod neighbours;
mod quota;
mod refreshes;
mod rewraps;
mod rights;
mod schedules;
mod starts;
mod world;
