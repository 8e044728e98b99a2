//! Feeds the instruments from the lines of the process.

use std::{collections::HashMap, fmt, sync::RwLock};

use opentelemetry::{KeyValue, metrics::Meter};
use tracing::{
    Event, Metadata, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use super::{
    catalogue::{Condition, Heard, INSIDE, Metric, Value},
    instruments::{self, Measured},
};

/// A layer that counts. Which metrics a place in the code may feed is looked up once.
pub struct Measuring {
    measured: Vec<Measured>,
    places: RwLock<HashMap<Identifier, Box<[usize]>>>,
}

impl Measuring {
    /// Counts with instruments of this meter.
    pub fn new(meter: &Meter) -> Self {
        Self { measured: instruments::of(meter), places: RwLock::default() }
    }

    fn count(&self, places: &[usize], event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        for measured in places.iter().filter_map(|place| self.measured.get(*place)) {
            if let Some(value) = line.value_for(measured.metric) {
                measured.add(value, &line.labels_for(measured.metric));
            }
        }
    }

    /// The metrics that lines from this place may feed: those whose conditions speak of fields that it has.
    fn fed_by(&self, metadata: &Metadata<'_>) -> Box<[usize]> {
        let heard = if metadata.target() == INSIDE { Heard::Inside } else { Heard::Log };
        let has = |field: &str| metadata.fields().field(field).is_some();
        let may = |metric: &Metric| {
            metric.source.heard == heard && metric.source.when.iter().all(|condition| has(condition.field()))
        };
        let places = self.measured.iter().enumerate().filter(|(_, measured)| may(measured.metric));
        places.map(|(place, _)| place).collect()
    }
}

impl<S: Subscriber> Layer<S> for Measuring {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let callsite = event.metadata().callsite();
        if let Ok(places) = self.places.read()
            && let Some(known) = places.get(&callsite)
        {
            if !known.is_empty() {
                self.count(known, event);
            }
            return;
        }
        let fed = self.fed_by(event.metadata());
        self.count(&fed, event);
        if let Ok(mut places) = self.places.write() {
            places.insert(callsite, fed);
        }
    }
}

/// The fields of a line.
#[derive(Default)]
struct Line(Vec<(&'static str, Text)>);

/// A value as text, and as the number that it is.
struct Text {
    text: String,
    number: Option<f64>,
}

impl Line {
    fn get(&self, name: &str) -> Option<&Text> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    fn meets(&self, condition: &Condition) -> bool {
        let value = self.get(condition.field());
        match condition {
            Condition::Is(_, words) => value.is_some_and(|value| words.contains(&value.text.as_str())),
            Condition::Has(_) => value.is_some(),
            Condition::Begins(_, beginning) => value.is_some_and(|value| value.text.starts_with(beginning)),
        }
    }

    /// What the line adds to the metric, if it counts for it.
    fn value_for(&self, metric: &Metric) -> Option<f64> {
        let counts = metric.source.when.iter().all(|condition| self.meets(condition));
        match metric.source.value {
            _ if !counts => None,
            Value::One => Some(1.0),
            Value::Of(field) | Value::Change(field) => self.get(field)?.number,
        }
    }

    fn labels_for(&self, metric: &Metric) -> Vec<KeyValue> {
        let text = |field| self.get(field).map_or_else(String::new, |value| value.text.clone());
        metric.labels.iter().map(|label| KeyValue::new(label.name, text(label.field))).collect()
    }

    fn put(&mut self, field: &Field, text: String, number: Option<f64>) {
        self.0.push((field.name(), Text { text, number }));
    }
}

#[expect(clippy::cast_precision_loss, reason = "no number of ours comes near the 53 bits that are exact")]
impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.to_string(), Some(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.to_string(), Some(value as f64));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.to_string(), Some(value as f64));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.to_string(), None);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned(), value.parse().ok());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        let number = text.parse().ok();
        self.put(field, text, number);
    }
}
