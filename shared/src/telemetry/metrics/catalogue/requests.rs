//! Inbound requests and whom they come from.

use super::{
    Condition::{Begins, Has, Is},
    Kind, LONG, Label, Metric, TENANT, Value, inside, label, lines, values,
};

/// The access line.
const SERVED: super::Condition = Is("message", &["request served"]);

/// The field with the code of the problem that was answered.
const CODE: &str = "problem.code";

const FUNCTION: Label = label("function", "function");
const PATH: Label = label("path", "http_request.request_url");

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "hub_requests",
        kind: Kind::Counter,
        unit: "1",
        help: "Requests that were served, by route and status; 499 if the caller went away.",
        labels: &[
            FUNCTION,
            label("method", "http_request.request_method"),
            PATH,
            label("status", "http_request.status"),
        ],
        source: lines(&[SERVED]),
    },
    Metric {
        name: "hub_request_duration_seconds",
        kind: LONG,
        unit: "s",
        help: "How long requests took, the bank's time included.",
        labels: &[FUNCTION, PATH],
        source: values(&[SERVED], "request.seconds"),
    },
    Metric {
        name: "hub_refusals",
        kind: Kind::Counter,
        unit: "1",
        help: "Problems that were answered, by their code (docs/errors.md).",
        labels: &[FUNCTION, label("code", CODE)],
        source: lines(&[SERVED, Has(CODE)]),
    },
    Metric {
        name: "hub_tokens_rejected",
        kind: Kind::Counter,
        unit: "1",
        help: "Tokens of callers that were not taken, and why; the tenant is the one that the token claims.",
        labels: &[label("reason", "token.reason"), TENANT],
        source: lines(&[Is("message", &["a token was rejected"])]),
    },
    Metric {
        name: "hub_foreign_objects",
        kind: Kind::Counter,
        unit: "1",
        help: "Requests for a session of another tenant, which are answered as if there were none.",
        labels: &[TENANT],
        source: lines(&[Is("message", &["somebody else's session was asked for"])]),
    },
    Metric {
        name: "hub_callback_refusals",
        kind: Kind::Counter,
        unit: "1",
        help: "Browsers back from a bank that were refused, and why: unknown state, replay, another browser or bank.",
        labels: &[label("reason", CODE)],
        source: lines(&[SERVED, Begins("http_request.request_url", "/callback/"), Has(CODE)]),
    },
    Metric {
        name: "hub_store_contention",
        kind: Kind::Counter,
        unit: "1",
        help: "Requests that were given up because too many changed the same document.",
        labels: &[FUNCTION],
        source: lines(&[SERVED, Is(CODE, &["store_contention"])]),
    },
    Metric {
        name: "hub_key_set_fetches",
        kind: Kind::Counter,
        unit: "1",
        help: "Key sets of tenants that were fetched: fetched, failed, or failed_stale_used where an older one served.",
        labels: &[TENANT, label("outcome", "key_set.outcome")],
        source: lines(&[Has("key_set.outcome")]),
    },
    Metric {
        name: "hub_token_memory",
        kind: Kind::Counter,
        unit: "1",
        help: "Callers' tokens that were remembered (hit) or had to be verified (miss).",
        labels: &[label("outcome", "token.memory")],
        source: inside(&[Has("token.memory")], Value::One),
    },
    Metric {
        name: "hub_instance_starts",
        kind: Kind::Counter,
        unit: "1",
        help: "Instances that began to serve.",
        labels: &[FUNCTION, label("version", "version")],
        source: lines(&[Is("message", &["an instance starts"])]),
    },
];
