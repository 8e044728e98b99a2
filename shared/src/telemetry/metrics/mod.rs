//! What the hub measures, as one catalogue of data.
//!
//! Nearly every metric is counted from log lines that are written anyway, so that Cloud Monitoring needs nothing on the
//! hot path and nothing shipped. The same lines, and a few that are only heard inside of the process, feed instruments
//! for those who look by OTLP or Prometheus.

pub mod catalogue;
pub mod cloud_logging;
mod instruments;
mod layer;
pub mod prometheus;

pub(super) use layer::Measuring;
