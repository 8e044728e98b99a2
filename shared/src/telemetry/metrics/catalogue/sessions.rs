//! What becomes of sessions, consents, tokens and events.

use super::{
    BANK,
    Condition::{Has, Is},
    Kind, Label, Metric, TENANT, label, lines,
};

/// The line of a change that is in the store, with its audit record.
const WRITTEN: super::Condition = Is("message", &["a change was written"]);

const OUTCOME: Label = label("outcome", "audit.outcome");

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "hub_session_events",
        kind: Kind::Counter,
        unit: "1",
        help: "Changes of sessions that were written, by the kind of their audit record.",
        labels: &[label("kind", "audit.kind"), BANK],
        source: lines(&[WRITTEN]),
    },
    Metric {
        name: "hub_token_refreshes",
        kind: Kind::Counter,
        unit: "1",
        help: "Refreshes of tokens that came to an end: refreshed, or why not.",
        labels: &[BANK, OUTCOME],
        source: lines(&[WRITTEN, Is("audit.kind", &["tokens_refreshed", "refresh_failed"])]),
    },
    Metric {
        name: "hub_revocations",
        kind: Kind::Counter,
        unit: "1",
        help: "Tries to end a consent and its tokens at the bank: settled, or still pending.",
        labels: &[BANK, OUTCOME],
        source: lines(&[WRITTEN, Is("audit.kind", &["revocation_tried"])]),
    },
    Metric {
        name: "hub_events",
        kind: Kind::Counter,
        unit: "1",
        help: "Events for CRMs: delivered, failed (and tried again), given_up.",
        labels: &[TENANT, label("outcome", "event.outcome")],
        source: lines(&[Has("event.outcome")]),
    },
];
