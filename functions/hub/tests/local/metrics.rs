//! What the local hub tells a Prometheus, over real HTTP.

use std::collections::{BTreeMap, BTreeSet};

use shared::telemetry::metrics::catalogue::{Kind, all};

use super::program::Hub;

/// The kinds that the text names, by metric, and the metrics that have a value.
fn parsed(text: &str) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let mut kinds = BTreeMap::new();
    let mut with_value = BTreeSet::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is there twice");
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            with_value.insert(series.split('{').next().unwrap().to_owned());
        }
    }
    (kinds, with_value)
}

#[tokio::test]
async fn every_metric_is_there_and_those_of_what_was_done_have_values() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let banks = http.get(format!("{}/v1/banks", hub.at("hub"))).bearer_auth(hub.at("token")).send().await.unwrap();
    assert!(banks.status().is_success());
    let answer = http.get(format!("{}/metrics", hub.at("hub"))).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = answer.text().await.unwrap();
    let (kinds, with_value) = parsed(&text);
    for metric in all() {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Distribution(_) => "histogram",
            Kind::Gauge => "gauge",
        };
        assert_eq!(kinds.get(metric.name).map(String::as_str), Some(kind), "{}", metric.name);
    }
    for name in ["hub_requests", "hub_request_duration_seconds_count", "hub_instance_starts", "hub_key_set_fetches"] {
        assert!(with_value.contains(name), "{name}: {text}");
    }
    hub.stop();
}
