//! One instrument for each metric of the catalogue.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter},
};

use super::catalogue::{Kind, Metric, Value, all};

/// A metric with its instrument.
pub(super) struct Measured {
    pub metric: &'static Metric,
    instrument: Instrument,
}

enum Instrument {
    Counter(Counter<u64>),
    Distribution(Histogram<f64>),
    Level(Gauge<f64>),
    Moving(UpDownCounter<i64>),
}

/// Every metric with its instrument.
pub(super) fn of(meter: &Meter) -> Vec<Measured> {
    all().map(|metric| Measured { metric, instrument: Instrument::of(metric, meter) }).collect()
}

impl Instrument {
    fn of(metric: &'static Metric, meter: &Meter) -> Self {
        let Metric { name, unit, help, .. } = *metric;
        match (metric.kind, metric.source.value) {
            (Kind::Counter, _) => Self::Counter(meter.u64_counter(name).with_unit(unit).with_description(help).build()),
            (Kind::Distribution(bounds), _) => {
                let histogram = meter.f64_histogram(name).with_unit(unit).with_description(help);
                Self::Distribution(histogram.with_boundaries(bounds.to_vec()).build())
            }
            (Kind::Gauge, Value::Change(_)) => {
                Self::Moving(meter.i64_up_down_counter(name).with_unit(unit).with_description(help).build())
            }
            (Kind::Gauge, _) => Self::Level(meter.f64_gauge(name).with_unit(unit).with_description(help).build()),
        }
    }
}

impl Measured {
    /// Adds a line's value.
    pub fn add(&self, value: f64, labels: &[KeyValue]) {
        match &self.instrument {
            Instrument::Counter(counter) => counter.add(whole(value).unsigned_abs(), labels),
            Instrument::Distribution(histogram) => histogram.record(value, labels),
            Instrument::Level(gauge) => gauge.record(value, labels),
            Instrument::Moving(counter) => counter.add(whole(value), labels),
        }
    }
}

/// Counters count whole things, and never many at once.
#[expect(clippy::cast_possible_truncation, reason = "a count that has no whole value or is too large is cut to one")]
const fn whole(value: f64) -> i64 {
    value as i64
}
