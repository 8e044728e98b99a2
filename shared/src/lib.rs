//! Everything the Secure Hub's functions have in common, in layers.
//!
//! Each of `domain`, `protocol`, `ports`, `flows`, `http` uses only those named before it. `adapters` connects
//! ports to the outside world and sees the first three; `config` and `telemetry` serve the edges; only `wiring`
//! sees everything. The test `layers` holds this graph.

pub mod adapters;
pub mod config;
pub mod domain;
pub mod flows;
pub mod http;
pub mod ports;
pub mod protocol;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wiring;
