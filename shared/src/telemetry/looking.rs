//! Those who look at what the process measures, besides the readers of its log: a Prometheus, a collector of OTLP.

use std::{fmt, sync::Arc, time::Duration};

use opentelemetry::{KeyValue, metrics::MeterProvider, trace::TracerProvider};
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{Sampler, SdkTracerProvider},
};
use prometheus::Registry;
use tracing_subscriber::{Layer, filter::FilterFn};
use url::Url;

use super::{
    filter,
    metrics::{Measuring, prometheus::Measurements},
    subscriber::Layers,
};

/// The name of the instruments' scope.
const SCOPE: &str = "secure-hub";

/// How long one delivery to a collector may take. The last ones, side by side, must fit into what the platform leaves
/// after the hub's own eight seconds at the end.
const DELIVERY: Duration = Duration::from_millis(1500);

/// Who looks.
#[derive(Debug, Default)]
pub struct Looking {
    /// Whether a Prometheus does.
    pub prometheus: bool,
    /// The collector, if there is one.
    pub otlp: Option<Otlp>,
}

/// A collector of OTLP over HTTP.
#[derive(Clone)]
pub struct Otlp {
    /// Where it is; `v1/metrics` and `v1/traces` are below it.
    pub endpoint: Url,
    /// The way there.
    pub client: Arc<dyn HttpClient>,
    /// The Google Cloud project that all belongs to, if there is one.
    pub project: Option<String>,
    /// How often metrics are delivered.
    pub every: Duration,
}

impl fmt::Debug for Otlp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Otlp").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

/// Nobody can look.
#[derive(Debug, thiserror::Error)]
pub enum LookingError {
    /// The exporter of metrics and traces could not be made.
    #[error("metrics cannot be delivered by OTLP")]
    Otlp(#[from] ExporterBuildError),
    /// The exporter of metrics could not be made.
    #[error("metrics cannot be shown to Prometheus")]
    Prometheus(#[from] OTelSdkError),
}

/// What is measured in this process. To be finished at its end, so that the last minute is not lost.
#[derive(Debug, Default)]
pub struct Telemetry {
    meters: Option<SdkMeterProvider>,
    tracers: Option<SdkTracerProvider>,
    measurements: Option<Measurements>,
}

impl Telemetry {
    /// What was measured, if a Prometheus looks.
    pub fn measurements(&self) -> Option<Measurements> {
        self.measurements.clone()
    }

    /// Delivers what was not delivered yet, and ends: after a second and a half at the latest, whatever the collector
    /// does.
    pub async fn finish(self) {
        let Self { meters, tracers, measurements: _ } = self;
        // What fails here has been told by the way to the collector.
        let traces = aside(move || drop(tracers.map(|tracers| tracers.shutdown_with_timeout(DELIVERY))));
        let metrics = aside(move || drop(meters.map(|meters| meters.shutdown_with_timeout(DELIVERY))));
        let _ = tokio::time::timeout(DELIVERY, async { tokio::join!(traces, metrics) }).await;
    }
}

/// Does what blocks on a thread of its own, which nobody waits for at the end of the process.
async fn aside(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        work();
        let _ = done.send(());
    });
    if thread.is_ok() {
        let _ = finished.await;
    }
}

/// The layers that measure for those who look, and what they lead to. Nobody looking costs nothing.
pub(super) fn layers(looking: &Looking) -> Result<(Layers, Telemetry), LookingError> {
    let mut telemetry = Telemetry::default();
    let mut layers: Layers = Vec::new();
    if !looking.prometheus && looking.otlp.is_none() {
        return Ok((layers, telemetry));
    }
    let mut meters = SdkMeterProvider::builder().with_resource(resource(looking.otlp.as_ref()));
    if looking.prometheus {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            // The names are the catalogue's, here as elsewhere.
            .without_units()
            .without_counter_suffixes()
            .without_target_info()
            .scope_info_enabled(false)
            .build()?;
        meters = meters.with_reader(reader);
        telemetry.measurements = Some(Measurements::new(registry));
    }
    if let Some(otlp) = &looking.otlp {
        meters = meters.with_reader(PeriodicReader::builder(otlp.metrics()?).with_interval(otlp.every).build());
        let tracers = SdkTracerProvider::builder()
            .with_resource(resource(Some(otlp)))
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_batch_exporter(otlp.spans()?)
            .build();
        let traced = tracing_opentelemetry::layer()
            .with_tracer(tracers.tracer(SCOPE))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false);
        layers.push(traced.with_filter(FilterFn::new(filter::is_traced)).boxed());
        telemetry.tracers = Some(tracers);
    }
    let meters = meters.build();
    let measuring = Measuring::new(&meters.meter(SCOPE));
    layers.push(measuring.with_filter(FilterFn::new(filter::is_measured)).boxed());
    telemetry.meters = Some(meters);
    Ok((layers, telemetry))
}

impl Otlp {
    fn metrics(&self) -> Result<MetricExporter, ExporterBuildError> {
        let exporter = MetricExporter::builder().with_http().with_endpoint(self.address("metrics"));
        exporter
            .with_timeout(DELIVERY)
            .with_shared_http_client(Arc::clone(&self.client))
            .with_retry_policy(RetryPolicy::disabled())
            .build()
    }

    fn spans(&self) -> Result<SpanExporter, ExporterBuildError> {
        let exporter = SpanExporter::builder().with_http().with_endpoint(self.address("traces"));
        exporter
            .with_timeout(DELIVERY)
            .with_shared_http_client(Arc::clone(&self.client))
            .with_retry_policy(RetryPolicy::disabled())
            .build()
    }

    fn address(&self, what: &str) -> String {
        format!("{}/v1/{what}", self.endpoint.as_str().trim_end_matches('/'))
    }
}

#[expect(clippy::disallowed_methods, reason = "it tells instances apart in graphs, and nothing is decided by it")]
fn instance_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Whose measurements these are. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` may say more.
fn resource(otlp: Option<&Otlp>) -> Resource {
    let project = otlp.and_then(|otlp| otlp.project.clone());
    let project = project.map(|project| KeyValue::new("gcp.project_id", project));
    Resource::builder()
        .with_attribute(KeyValue::new("service.namespace", SCOPE))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance_id()))
        .with_attributes(project)
        .build()
}
