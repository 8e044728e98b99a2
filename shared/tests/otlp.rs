//! Metrics and traces reach a collector by OTLP, under the ids that the log lines have; one that is away harms nobody.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::sync::Arc;

use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
use http::Request;
use shared::{
    telemetry::{
        Format, Looking,
        request_span::{RequestSpans, request_span},
    },
    testing::{clock::ManualClock, collector::Collector, entropy::SeededEntropy, logs::Captured},
    wiring::collector,
};
use tokio::net::TcpListener;
use tower::ServiceExt;
use url::Url;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn looking(url: Url) -> Looking {
    Looking { prometheus: false, otlp: collector(Some(url), Some("acme".to_owned())).unwrap() }
}

fn router() -> Router {
    let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
    let spans = RequestSpans::new(clock, Arc::new(SeededEntropy::new(1)), Some("acme"));
    Router::new().route("/v1/banks", get(async || "ok")).layer(from_fn_with_state(spans, request_span))
}

async fn request(headers: &[(&str, &str)]) {
    let request =
        headers.iter().fold(Request::get("/v1/banks"), |request, (name, value)| request.header(*name, *value));
    let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert!(response.status().is_success());
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[tokio::test]
async fn a_trace_goes_on_under_the_ids_that_the_log_lines_have() {
    let (collector, url) = Collector::start().await;
    let (captured, telemetry, guard) = Captured::looked_at_on_this_thread(Format::Stackdriver, "info", &looking(url));
    let (w3c, cloud) = (format!("00-{TRACE}-{PARENT}-01"), format!("{}/7;o=1", "1".repeat(32)));
    request(&[("traceparent", &w3c), ("x-cloud-trace-context", &cloud)]).await;
    request(&[("x-cloud-trace-context", &cloud)]).await;
    drop(guard);
    telemetry.finish().await;

    let spans = collector.spans();
    let ids: Vec<_> = spans.iter().map(|span| (hex(&span.trace_id), hex(&span.parent_span_id))).collect();
    assert_eq!(ids, [(TRACE.to_owned(), PARENT.to_owned()), ("1".repeat(32), "0000000000000007".to_owned())]);
    let logged: Vec<_> = captured
        .entries()
        .into_iter()
        .map(|entry| {
            let trace = entry["logging.googleapis.com/trace"].as_str().unwrap().to_owned();
            let trace = trace.strip_prefix("projects/acme/traces/").unwrap().to_owned();
            (trace, entry["logging.googleapis.com/spanId"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(logged, ids);
    assert!(collector.metrics().contains("hub_requests"), "{:?}", collector.metrics());
    assert!(collector.resource().contains("gcp.project_id=acme"), "{:?}", collector.resource());
}

#[tokio::test]
async fn what_is_not_sampled_is_not_delivered_and_is_counted_all_the_same() {
    let (collector, url) = Collector::start().await;
    let (_, telemetry, guard) = Captured::looked_at_on_this_thread(Format::Stackdriver, "info", &looking(url));
    request(&[("traceparent", &format!("00-{TRACE}-{PARENT}-00"))]).await;
    drop(guard);
    telemetry.finish().await;
    assert_eq!(collector.spans().len(), 0);
    assert!(collector.metrics().contains("hub_request_duration_seconds"));
}

#[tokio::test]
async fn a_collector_that_is_away_is_told_of_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let (captured, telemetry, _guard) = Captured::looked_at_on_this_thread(Format::Stackdriver, "trace", &looking(url));
    request(&[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]).await;
    // Traces and metrics fail to be delivered, one after the other.
    telemetry.finish().await;
    let text = captured.text();
    assert_eq!(text.matches("the collector does not take them").count(), 1, "{text}");
    assert!(!text.contains("opentelemetry"), "{text}");
}
