//! Every metric: its name, labels, and the line that it is counted from.
//!
//! Labels take few values: route templates, ids of banks and tenants, words of the hub's own. No session, PSU, account
//! or address of anybody is one.

mod banks;
mod operations;
mod requests;
mod sessions;

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name: the same in Cloud Monitoring, OTLP and Prometheus.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// In which unit (UCUM).
    pub unit: &'static str,
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// What it is told apart by.
    pub labels: &'static [Label],
    /// Where it comes from.
    pub source: Source,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// How often values fell between these bounds, and their sum.
    Distribution(&'static [f64]),
    /// A value that goes up and down.
    Gauge,
}

/// A label, and the field of the line that fills it. A line without the field leaves it empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The label's name.
    pub name: &'static str,
    /// The field's name in the code.
    pub field: &'static str,
}

/// The lines that a metric is counted from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Whether the lines are written to the log, or heard inside of the process only.
    pub heard: Heard,
    /// What must hold of a line.
    pub when: &'static [Condition],
    /// What a line adds.
    pub value: Value,
}

/// Who hears a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Everybody: it is written to the log.
    Log,
    /// The instruments of this process alone.
    Inside,
}

/// Something that must hold of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The field has one of these values.
    Is(&'static str, &'static [&'static str]),
    /// The field is there.
    Has(&'static str),
    /// The field's value begins so.
    Begins(&'static str, &'static str),
}

impl Condition {
    /// The field that it asks for.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Is(field, _) | Self::Has(field) | Self::Begins(field, _) => field,
        }
    }
}

/// What a line adds to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// One.
    One,
    /// The number in this field.
    Of(&'static str),
    /// The number in this field is by how much the metric goes up, or down if it is below zero.
    Change(&'static str),
}

/// The target of lines that are heard inside of the process only. No log takes them, and while nobody measures they
/// cost no more than a look at a flag.
pub const INSIDE: &str = crate::ports::measuring::INSIDE;

/// Every metric.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [requests::METRICS, banks::METRICS, sessions::METRICS, operations::METRICS].into_iter().flatten()
}

impl Metric {
    /// Every field that the metric looks at.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        let value = match self.source.value {
            Value::One => None,
            Value::Of(field) | Value::Change(field) => Some(field),
        };
        let conditions = self.source.when.iter().map(Condition::field);
        conditions.chain(self.labels.iter().map(|label| label.field)).chain(value)
    }

    /// Whether log lines feed it, so that Cloud Logging can count it.
    pub fn is_logged(&self) -> bool {
        self.source.heard == Heard::Log
    }
}

/// A label that is filled by the field of that name.
const fn label(name: &'static str, field: &'static str) -> Label {
    Label { name, field }
}

/// The label `bank`.
const BANK: Label = label("bank", "bank.id");

/// The label `tenant`.
const TENANT: Label = label("tenant", "tenant.id");

/// One for each line in the log that meets the conditions.
const fn lines(when: &'static [Condition]) -> Source {
    Source { heard: Heard::Log, when, value: Value::One }
}

/// The number in a field of each line in the log that meets the conditions.
const fn values(when: &'static [Condition], field: &'static str) -> Source {
    Source { heard: Heard::Log, when, value: Value::Of(field) }
}

/// The same of lines that are heard inside of the process only.
const fn inside(when: &'static [Condition], value: Value) -> Source {
    Source { heard: Heard::Inside, when, value }
}

/// Seconds, of requests and of calls to banks.
const LONG: Kind = Kind::Distribution(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 30.0]);

/// Seconds, of calls to store and keys.
const SHORT: Kind = Kind::Distribution(&[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]);

/// Numbers of things done by a job.
const MANY: Kind = Kind::Distribution(&[1.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0]);
