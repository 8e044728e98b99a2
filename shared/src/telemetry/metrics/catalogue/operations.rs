//! Jobs, certificates, keys, the store, and lines that somebody must see to.

use super::{
    BANK,
    Condition::{Has, Is},
    Kind, Label, MANY, Metric, SHORT, Value, inside, label, lines, values,
};

/// The line at the end of every run of a job.
const JOB_ENDED: &[super::Condition] = &[Is("message", &["a job ended"])];

const JOB: Label = label("job", "job.name");
const PURPOSE: Label = label("purpose", "key.purpose");
const KEY_OPERATION: Label = label("operation", "key.operation");
const STORE_OPERATION: Label = label("operation", "store.operation");

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "hub_job_runs",
        kind: Kind::Counter,
        unit: "1",
        help: "Runs of the scheduler's jobs: done, or failed as a whole.",
        labels: &[JOB, label("outcome", "job.outcome")],
        source: lines(JOB_ENDED),
    },
    Metric {
        name: "hub_job_duration_seconds",
        kind: Kind::Distribution(&[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]),
        unit: "s",
        help: "How long runs of jobs took.",
        labels: &[JOB],
        source: values(JOB_ENDED, "job.seconds"),
    },
    Metric {
        name: "hub_job_sessions",
        kind: MANY,
        unit: "1",
        help: "Sessions that a run found due, refreshed, failed at or skipped; the sum counts them.",
        labels: &[JOB, label("what", "job.what")],
        source: values(&[Is("message", &["sessions of a job"])], "job.sessions"),
    },
    Metric {
        name: "hub_keys_rewrapped",
        kind: MANY,
        unit: "1",
        help: "Data keys that a run moved under a newer key encryption key; the sum counts them.",
        labels: &[],
        source: values(&[Is("message", &["data keys were moved"])], "keys.rewrapped"),
    },
    Metric {
        name: "hub_certificate_days_left",
        kind: Kind::Gauge,
        unit: "d",
        help: "Days until a certificate of ours ends, told once a day; below zero once it has.",
        labels: &[BANK, label("kind", "certificate.usage")],
        source: values(&[Has("certificate.days_left")], "certificate.days_left"),
    },
    Metric {
        name: "hub_key_operations",
        kind: Kind::Counter,
        unit: "1",
        help: "Operations of the key service, by the key's purpose.",
        labels: &[PURPOSE, KEY_OPERATION, label("outcome", "key.outcome")],
        source: inside(&[Has("key.outcome")], Value::One),
    },
    Metric {
        name: "hub_key_operation_duration_seconds",
        kind: SHORT,
        unit: "s",
        help: "How long operations of the key service took, repetitions included.",
        labels: &[PURPOSE, KEY_OPERATION],
        source: inside(&[Has("key.outcome")], Value::Of("key.seconds")),
    },
    Metric {
        name: "hub_key_failures",
        kind: Kind::Counter,
        unit: "1",
        help: "Operations of the key service that failed: denied, version_unavailable (none such, disabled or destroyed), \
               unavailable, rejected (what was wrapped does not open).",
        labels: &[PURPOSE, KEY_OPERATION, label("reason", "key.reason")],
        source: lines(&[Has("key.reason")]),
    },
    Metric {
        name: "hub_data_keys",
        kind: Kind::Counter,
        unit: "1",
        help: "Data keys that were at hand (hit) or had to be unwrapped by the key service (miss).",
        labels: &[label("outcome", "data_key.memory")],
        source: inside(&[Has("data_key.memory")], Value::One),
    },
    Metric {
        name: "hub_store_operations",
        kind: Kind::Counter,
        unit: "1",
        help: "Operations of the store; refused means that somebody else was quicker.",
        labels: &[STORE_OPERATION, label("outcome", "store.outcome")],
        source: inside(&[Has("store.outcome")], Value::One),
    },
    Metric {
        name: "hub_store_operation_duration_seconds",
        kind: SHORT,
        unit: "s",
        help: "How long operations of the store took.",
        labels: &[STORE_OPERATION],
        source: inside(&[Has("store.outcome")], Value::Of("store.seconds")),
    },
    Metric {
        name: "hub_alerts",
        kind: Kind::Counter,
        unit: "1",
        help: "Lines that somebody must see to, by the word in their field alert.",
        labels: &[label("alert", "alert"), BANK],
        source: lines(&[Has("alert")]),
    },
];
