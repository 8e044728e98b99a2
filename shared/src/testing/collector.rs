//! A collector of metrics and traces (OTLP over HTTP), which a test has in its hand.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;
use url::Url;

/// A collector on a port of its own.
#[derive(Clone, Default)]
pub struct Collector {
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    /// Starts it; answers where it is.
    pub async fn start() -> (Self, Url) {
        let collector = Self::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new()
            .route("/v1/metrics", post(take_metrics))
            .route("/v1/traces", post(take_traces))
            .with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    /// The names of all metrics that came.
    pub fn metrics(&self) -> BTreeSet<String> {
        let came = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scopes = came.into_iter().flat_map(|came| came.resource_metrics).flat_map(|of| of.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name).collect()
    }

    /// All spans that came.
    pub fn spans(&self) -> Vec<Span> {
        let came = self.traces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scopes = came.into_iter().flat_map(|came| came.resource_spans).flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The attributes of what the metrics are of, as `name=value`.
    pub fn resource(&self) -> BTreeSet<String> {
        let came = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let resources = came.into_iter().flat_map(|came| came.resource_metrics).filter_map(|of| of.resource);
        let attributes = resources.flat_map(|resource| resource.attributes);
        attributes.map(|attribute| format!("{}={}", attribute.key, text(attribute.value))).collect()
    }
}

fn text(value: Option<opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}

async fn take_metrics(State(collector): State<Collector>, body: Bytes) {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    collector.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(request);
}

async fn take_traces(State(collector): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    collector.traces.lock().unwrap_or_else(PoisonError::into_inner).push(request);
}
