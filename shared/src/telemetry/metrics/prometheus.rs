//! What was measured, as Prometheus reads it.

use std::fmt::Write;

use prometheus::{Registry, TextEncoder};

use super::catalogue::{Kind, all};

/// The content type of the text.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Everything that the process has measured. Clones show the same.
#[derive(Clone, Debug)]
pub struct Measurements(Registry);

impl Measurements {
    pub(in crate::telemetry) const fn new(registry: Registry) -> Self {
        Self(registry)
    }

    /// Every metric of the catalogue in the text format of Prometheus; one that has no value yet with its name and kind
    /// only.
    pub fn text(&self) -> String {
        let families = self.0.gather();
        let mut text = TextEncoder::new().encode_to_string(&families).unwrap_or_default();
        for metric in all().filter(|metric| families.iter().all(|family| family.name() != metric.name)) {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Distribution(_) => "histogram",
                Kind::Gauge => "gauge",
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} {kind}", metric.name, metric.help);
        }
        text
    }
}
