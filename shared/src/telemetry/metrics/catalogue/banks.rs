//! Calls to banks, and what holds them back.

use super::{
    BANK,
    Condition::{Has, Is},
    Kind, LONG, Metric, Value, inside, label, lines, values,
};

/// The audit line of a call.
const CALLED: &[super::Condition] = &[Is("message", &["audit"]), Has("bank.outcome")];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "hub_bank_calls",
        kind: Kind::Counter,
        unit: "1",
        help: "Calls that left for a bank, by what became of them.",
        labels: &[
            BANK,
            label("operation", "bank.operation"),
            label("outcome", "bank.outcome"),
            label("attended", "bank.attended"),
        ],
        source: lines(CALLED),
    },
    Metric {
        name: "hub_bank_call_duration_seconds",
        kind: LONG,
        unit: "s",
        help: "How long calls to a bank took, signing included.",
        labels: &[BANK, label("operation", "bank.operation")],
        source: values(CALLED, "bank.seconds"),
    },
    Metric {
        name: "hub_circuit_changes",
        kind: Kind::Counter,
        unit: "1",
        help: "Changes of a circuit that an instance brought about, by the state after it.",
        labels: &[BANK, label("operation", "operation"), label("to", "circuit")],
        source: lines(&[Is("message", &["the circuit changes"])]),
    },
    Metric {
        name: "hub_bank_rate_limited",
        kind: Kind::Counter,
        unit: "1",
        help: "Calls that were too many: held back by the hub, or refused by the bank (429).",
        labels: &[BANK, label("limited_by", "limited_by")],
        source: lines(&[Has("limited_by")]),
    },
    Metric {
        name: "hub_quota_used_up",
        kind: Kind::Counter,
        unit: "1",
        help: "Reads without the PSU that were not made because the day's are used up.",
        labels: &[BANK],
        source: lines(&[Is("message", &["the reads without the PSU are used up"])]),
    },
    Metric {
        name: "hub_quota_overruns",
        kind: Kind::Counter,
        unit: "1",
        help: "Reads without the PSU that the bank refused as too many although the hub's ledger had a slot.",
        labels: &[BANK],
        source: lines(&[Is("message", &["the bank counts more reads than the hub"])]),
    },
    Metric {
        name: "hub_bank_calls_in_flight",
        kind: Kind::Gauge,
        unit: "1",
        help: "Calls under way to a bank.",
        labels: &[BANK],
        source: inside(&[Has("calls.in_flight")], Value::Change("calls.in_flight")),
    },
    Metric {
        name: "hub_bank_calls_waiting",
        kind: Kind::Gauge,
        unit: "1",
        help: "Calls that wait for their turn at a bank.",
        labels: &[BANK],
        source: inside(&[Has("calls.waiting")], Value::Change("calls.waiting")),
    },
];
