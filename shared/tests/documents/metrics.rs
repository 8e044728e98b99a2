//! What Cloud Logging counts, what is written of it and what dashboards ask for is what the catalogue says; and the code
//! writes every line that something is counted from.

mod calls;

use std::{collections::BTreeSet, env, fmt::Write, fs};

use serde_json::Value;
use shared::telemetry::metrics::{
    catalogue::{Condition, Heard, Kind, Metric, all},
    cloud_logging::log_metrics,
};

use crate::markdown::{document, hold_to, repository};
use calls::{Call, calls};

const LOG_METRICS: &str = "infra/monitoring/log-metrics.json";

/// The suffixes of the series that Prometheus makes of a distribution.
const OF_DISTRIBUTIONS: [&str; 3] = ["_bucket", "_count", "_sum"];

#[test]
fn cloud_logging_counts_what_the_catalogue_says() {
    let made = serde_json::to_string_pretty(&log_metrics()).unwrap() + "\n";
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(repository().join(LOG_METRICS), made).unwrap();
    } else {
        let hint = "is not what the code makes of it: run the tests once with UPDATE_DOCS=1";
        assert_eq!(document(LOG_METRICS), made, "{LOG_METRICS} {hint}");
    }
}

#[test]
fn the_page_lists_the_catalogue() {
    let mut table =
        "| metric | kind | unit | labels | from | what |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for metric in all() {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        let from = if metric.is_logged() { "log" } else { "process" };
        let Metric { name, unit, help, .. } = metric;
        writeln!(table, "| `{name}` | {} | {unit} | {} | {from} | {help} |", kind(metric), labels.join(", ")).unwrap();
    }
    hold_to("docs/metrics.md", "catalogue", &table);
}

const fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        Kind::Counter => "counter",
        Kind::Distribution(_) => "distribution",
        Kind::Gauge => "gauge",
    }
}

#[test]
fn names_are_prometheus_names_and_stand_once() {
    let mut names = BTreeSet::new();
    for metric in all() {
        assert!(names.insert(metric.name), "{} is there twice", metric.name);
        let labels = metric.labels.iter().map(|label| label.name);
        for name in labels.clone().chain([metric.name]) {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
        assert_eq!(labels.clone().collect::<BTreeSet<_>>().len(), labels.count(), "{}", metric.name);
        assert!(metric.name.starts_with("hub_") && !metric.help.is_empty());
    }
}

#[test]
fn every_metric_has_a_line_in_the_code() {
    let calls = calls();
    let silent: Vec<_> = all().filter(|metric| !calls.iter().any(|call| feeds(call, metric))).collect();
    let names: Vec<_> = silent.iter().map(|metric| metric.name).collect();
    assert!(names.is_empty(), "no line in the code feeds {names:?}");
}

#[test]
fn every_label_is_a_field_of_a_line_that_feeds_it() {
    let calls = calls();
    for metric in all() {
        let feeding: Vec<_> = calls.iter().filter(|call| feeds(call, metric)).collect();
        for field in metric.fields() {
            assert!(feeding.iter().any(|call| call.has(field)), "{}: no line has {field}", metric.name);
        }
    }
}

#[test]
fn a_metric_that_nobody_feeds_is_found() {
    let mut lost = *all().next().unwrap();
    lost.source.when = &[Condition::Is("message", &["nobody ever says so"])];
    assert!(!calls().iter().any(|call| feeds(call, &lost)));
    lost.source.when = &[Condition::Has("no.such_field")];
    assert!(!calls().iter().any(|call| feeds(call, &lost)));
}

/// Whether a line from that place may count for the metric.
fn feeds(call: &Call, metric: &Metric) -> bool {
    let heard = if call.is_inside { Heard::Inside } else { Heard::Log };
    heard == metric.source.heard
        && metric.source.when.iter().all(|condition| match condition {
            Condition::Is("message", words) => words.iter().any(|word| call.says(word)),
            other => call.has(other.field()),
        })
}

/// The names of metrics in an expression of `PromQL`.
fn names_in(expression: &str) -> impl Iterator<Item = &str> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    expression.split(move |character| !is_name(character)).filter(|word| word.starts_with("hub_"))
}

#[test]
fn the_dashboard_for_grafana_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&document("infra/monitoring/grafana/secure-hub.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut asked = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for target in targets {
            let expression = target["expr"].as_str().unwrap();
            let names: Vec<_> = names_in(expression).collect();
            assert!(!names.is_empty(), "{expression}");
            asked.extend(names.into_iter().map(str::to_owned));
        }
    }
    for name in asked {
        let bare = OF_DISTRIBUTIONS.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
        let is_known = all()
            .any(|metric| metric.name == name || (metric.name == bare && matches!(metric.kind, Kind::Distribution(_))));
        assert!(is_known, "the dashboard asks for {name}, which there is not");
    }
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
}
