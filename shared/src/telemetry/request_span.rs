//! The frame around every inbound request: an id of our own, a span that names the request in every log line, and one
//! access line at its end.
//!
//! Nothing that the caller chose is logged: no path but the matched route, no query, no header, no odd method.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use tracing::{Instrument, Span};

use super::trace_context::TraceContext;
use crate::{
    domain::{ids::RequestId, refusal_code::RefusalCode},
    ports::{
        clock::Clock,
        entropy::{Entropy, NoEntropy, random},
    },
};

/// The response header that tells the request's id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the access line says of a request whose caller went away before the answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Frames requests.
#[derive(Clone)]
pub struct RequestSpans {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    project: Option<Arc<str>>,
    functions: Functions,
}

/// Which function a request is for.
#[derive(Clone, Debug)]
pub struct Functions {
    otherwise: &'static str,
    by_path: Arc<HashMap<&'static str, &'static str>>,
}

impl Default for Functions {
    fn default() -> Self {
        Self { otherwise: SEVERAL, by_path: Arc::default() }
    }
}

impl Functions {
    /// The functions of these routes, each a path with the function that has it. What belongs to none of them belongs to
    /// their only function, or to the hub as a whole.
    pub fn of(routes: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let by_path: HashMap<_, _> = routes.into_iter().collect();
        let mut names = by_path.values().copied();
        let otherwise = names.next().filter(|first| names.all(|name| name == *first)).unwrap_or(SEVERAL);
        Self { otherwise, by_path: Arc::new(by_path) }
    }

    /// The function that all of the process is.
    pub const fn process(&self) -> &'static str {
        self.otherwise
    }

    fn at(&self, path: &str) -> &'static str {
        self.by_path.get(path).copied().unwrap_or(self.otherwise)
    }
}

/// The name of a process with several functions.
const SEVERAL: &str = "hub";

impl RequestSpans {
    /// With the Google Cloud project in which traces are kept, if there is one: Cloud Logging finds a line's trace by
    /// the trace's full name only.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, project: Option<&str>) -> Self {
        Self { clock, entropy, project: project.map(Arc::from), functions: Functions::default() }
    }

    /// The same, telling which function each request is for.
    #[must_use]
    pub fn of_functions(self, functions: Functions) -> Self {
        Self { functions, ..self }
    }

    fn new_id(&self) -> Result<RequestId, NoEntropy> {
        random(&*self.entropy).map(RequestId::from_random)
    }

    fn trace_name(&self, context: &TraceContext) -> String {
        let id = context.trace_id();
        self.project.as_ref().map_or_else(|| id.clone(), |project| format!("projects/{project}/traces/{id}"))
    }

    /// At the highest level, so that every line names its request however little is logged.
    fn span(&self, id: &RequestId, route: &Route, request: &Request) -> Span {
        let context = TraceContext::of(request.headers());
        let span = tracing::error_span!(
            "request",
            request_id = id.as_str(),
            method = route.method,
            path = route.path(),
            "logging.googleapis.com/trace" = context.map(|context| self.trace_name(&context)),
            "logging.googleapis.com/spanId" = context.and_then(|context| context.span_id()),
            "logging.googleapis.com/trace_sampled" = context.map(|context| context.is_sampled()),
        );
        if let Some(context) = context {
            context.lead(&span);
        }
        span
    }
}

/// The middleware. The handler finds the [`RequestId`] among the request's extensions, the caller in `X-Request-Id`.
pub async fn request_span(State(spans): State<RequestSpans>, mut request: Request, next: Next) -> Response {
    let Ok(id) = spans.new_id() else {
        return without_entropy();
    };
    let route = Route::of(&request);
    let span = spans.span(&id, &route, &request);
    let mut line = AccessLine::begin(&spans, route, span.clone());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    line.status = Some(response.status());
    line.refusal = response.extensions_mut().remove();
    tell(&id, response.headers_mut());
    response
}

/// Without an id nothing can be audited, so nothing may happen.
fn without_entropy() -> Response {
    tracing::error!("a request was refused: the system gave no randomness");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// A UUID is always a header value; only the types do not know it.
fn tell(id: &RequestId, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
}

/// What may be told of a request.
struct Route {
    method: &'static str,
    matched: Option<MatchedPath>,
}

impl Route {
    fn of(request: &Request) -> Self {
        Self { method: method_name(request.method()), matched: request.extensions().get().cloned() }
    }

    fn path(&self) -> &str {
        self.matched.as_ref().map_or("unmatched", MatchedPath::as_str)
    }
}

/// The method if it is a known one: any other is text of the caller's choice.
const fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}

/// Writes the access line when the request is over, also if its caller went away and the request was dropped.
struct AccessLine {
    clock: Arc<dyn Clock>,
    begun: Timestamp,
    route: Route,
    span: Span,
    function: &'static str,
    status: Option<StatusCode>,
    refusal: Option<RefusalCode>,
}

impl AccessLine {
    fn begin(spans: &RequestSpans, route: Route, span: Span) -> Self {
        let function = spans.functions.at(route.path());
        let (clock, begun) = (spans.clock.clone(), spans.clock.now());
        Self { clock, begun, route, span, function, status: None, refusal: None }
    }

    /// Seconds with a fraction; Cloud Logging reads durations so, with an `s`.
    fn seconds(&self) -> String {
        let taken = self.clock.now().duration_since(self.begun);
        format!("{}.{:06}", taken.as_secs().max(0), taken.subsec_micros().max(0))
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let _span = self.span.enter();
        let seconds = self.seconds();
        tracing::info!(
            function = self.function,
            request.seconds = seconds,
            problem.code = self.refusal.map(|RefusalCode(code)| code),
            http_request.request_method = self.route.method,
            http_request.request_url = self.route.path(),
            http_request.status = self.status.map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16()),
            http_request.latency = format!("{seconds}s"),
            "request served"
        );
    }
}

#[cfg(test)]
mod tests {
    use axum::{Extension, Router, body::Body, middleware::from_fn_with_state, routing::get};
    use futures::FutureExt;
    use jiff::SignedDuration;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::{
        telemetry::Format,
        testing::{
            clock::ManualClock,
            entropy::{ExhaustedEntropy, SeededEntropy},
            logs::Captured,
        },
    };

    const CANARY: &str = "canary-7f3a";

    struct Setting {
        clock: Arc<ManualClock>,
        spans: RequestSpans,
    }

    fn setting(entropy: impl Entropy) -> Setting {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let spans = RequestSpans::new(clock.clone(), Arc::new(entropy), Some("acme"));
        Setting { clock, spans }
    }

    impl Setting {
        /// A route that takes a second and a quarter and tells its request's id.
        fn router(&self) -> Router {
            let clock = self.clock.clone();
            let work = async move |Extension(id): Extension<RequestId>| {
                clock.advance(SignedDuration::from_millis(1_250));
                tracing::info!(bank.id = "acme-bank", "working");
                id.to_string()
            };
            Router::new()
                .route("/v1/sessions/{session}", get(work))
                .layer(from_fn_with_state(self.spans.clone(), request_span))
        }

        async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
            let mut request = Request::get(path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            self.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
        }
    }

    fn without_time(mut entries: Vec<Value>) -> Vec<Value> {
        for entry in &mut entries {
            assert!(entry.as_object_mut().unwrap().remove("time").is_some());
        }
        entries
    }

    #[tokio::test]
    async fn every_line_names_its_request_and_the_last_tells_how_it_went() {
        let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let setting = setting(SeededEntropy::new(1));
        let response = setting.get("/v1/sessions/s1?secret=1", &[("traceparent", parent)]).await;
        let id = response.headers()["x-request-id"].to_str().unwrap();
        let spans = json!([{"name": "request", "method": "GET", "path": "/v1/sessions/{session}"}]);
        let common = json!({
            "severity": "INFO", "request_id": id, "spans": spans,
            "logging.googleapis.com/trace": "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
            "logging.googleapis.com/spanId": "b7ad6b7169203331",
            "logging.googleapis.com/trace_sampled": true,
        });
        let with = |more: Value| {
            let mut entry = common.clone();
            entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            entry
        };
        let working =
            json!({"target": "shared::telemetry::request_span::tests", "message": "working", "bankId": "acme-bank"});
        let served = json!({
            "target": "shared::telemetry::request_span", "message": "request served",
            "function": "hub", "requestSeconds": "1.250000",
            "httpRequest": {"requestMethod": "GET", "requestUrl": "/v1/sessions/{session}", "status": 200, "latency": "1.250000s"},
        });
        assert_eq!(without_time(captured.entries()), [with(working), with(served)]);
    }

    #[tokio::test]
    async fn the_id_is_ours_and_the_same_everywhere() {
        let setting = setting(SeededEntropy::new(1));
        let theirs = "00000000-0000-4000-8000-000000000000";
        let mut seen = Vec::new();
        for _ in 0..2 {
            let response = setting.get("/v1/sessions/s1", &[("x-request-id", theirs)]).await;
            let told = response.headers()["x-request-id"].to_str().unwrap().to_owned();
            let handled = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(told.as_bytes(), handled);
            assert!(RequestId::parse(told.as_str()).is_ok());
            seen.push(told);
        }
        assert!(seen[0] != seen[1] && !seen.contains(&theirs.to_owned()));
    }

    #[tokio::test]
    async fn nothing_that_the_caller_chose_is_logged() {
        for format in [Format::Stackdriver, Format::Text] {
            let (captured, _guard) = Captured::on_this_thread(format, "trace");
            let setting = setting(SeededEntropy::new(1));
            let headers =
                ["authorization", "cookie", "user-agent", "traceparent", "x-cloud-trace-context", "x-request-id"];
            let headers = headers.map(|name| (name, CANARY));
            for path in [format!("/v1/sessions/{CANARY}?code={CANARY}"), format!("/{CANARY}")] {
                setting.get(&path, &headers).await;
            }
            let odd = Request::builder().method(CANARY).uri("/v1/sessions/s1").body(Body::from(CANARY)).unwrap();
            setting.router().oneshot(odd).await.unwrap();
            let text = captured.text();
            assert!(
                text.matches("request served").count() == 3 && text.contains("unmatched") && text.contains("OTHER")
            );
            assert!(!text.contains(CANARY), "{text}");
        }
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_leaves_its_line() {
        let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
        let spans = setting(SeededEntropy::new(1)).spans;
        let router = Router::new()
            .route("/slow", get(std::future::pending::<()>))
            .layer(from_fn_with_state(spans, request_span));
        let work = router.oneshot(Request::get("/slow").body(Body::empty()).unwrap());
        assert!(work.now_or_never().is_none());
        assert_eq!(captured.entries()[0]["httpRequest"]["status"], 499);
    }

    #[tokio::test]
    async fn requests_are_named_however_little_is_logged() {
        let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "error");
        let failing = async || tracing::error!("broken");
        let spans = setting(SeededEntropy::new(1)).spans;
        let router = Router::new().route("/", get(failing)).layer(from_fn_with_state(spans, request_span));
        router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let entries = captured.entries();
        assert_eq!(entries.len(), 1);
        assert!(RequestId::parse(entries[0]["request_id"].as_str().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn without_randomness_nothing_happens() {
        let setting = setting(ExhaustedEntropy);
        let response = setting.get("/v1/sessions/s1", &[]).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(setting.clock.now(), Timestamp::UNIX_EPOCH, "the handler has run");
    }
}
