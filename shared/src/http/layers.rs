//! What stands around every route, listed in one place.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Extension, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use futures::FutureExt;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::Limited;
use tower::ServiceBuilder;
use url::Url;

use crate::{
    domain::ids::RequestId,
    telemetry::request_span::{RequestSpans, request_span},
};

/// Bytes of the body of one request. The largest that the hub takes is a `form_post` callback with an ID token.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long the hub works on one request.
pub const MAX_WORK: Duration = Duration::from_secs(30);

/// Two years, as browsers' preload lists want it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// On every response, whatever the handler says.
const FIXED: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// On every response that does not say otherwise: pages need styles, public keys may be cached.
const DEFAULTS: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// What goes wrong around a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeFault {
    /// The handler panicked.
    Panicked,
    /// The request announces a body of more than [`MAX_BODY_BYTES`].
    BodyTooLarge,
    /// The handler did not end within [`MAX_WORK`].
    TimedOut,
}

/// Tells a caller of a fault.
pub type EdgeProblem = fn(EdgeFault, &RequestId) -> Response;

/// What the layers need to know.
#[derive(Clone)]
pub struct Edge {
    /// Ids and spans.
    pub spans: RequestSpans,
    /// Where callers reach the hub; `https` there means `https` for good.
    pub public_url: Url,
    /// The answer to faults.
    pub problem: EdgeProblem,
    /// [`MAX_WORK`], but for tests.
    pub max_work: Duration,
}

/// The router in its layers, outermost first.
pub fn around(router: Router, edge: &Edge) -> Router {
    let headers = Arc::new(SecurityHeaders::for_hub_at(&edge.public_url));
    let layers = ServiceBuilder::new()
        // The id and the span come first, so that whatever happens further in is logged and told under them.
        .layer(from_fn_with_state(edge.spans.clone(), request_span))
        // Outside of everything that answers by itself, so that faults carry them too.
        .layer(from_fn_with_state(headers, secure))
        // A panic costs one request, not the connection and those that share it.
        .layer(from_fn_with_state(edge.problem, catch_panic))
        // Before any work is done for it.
        .layer(from_fn_with_state(edge.problem, limit_body))
        // Innermost, so that the time is the handler's own.
        .layer(from_fn_with_state(TimeLimit { max_work: edge.max_work, problem: edge.problem }, limit_time));
    router.layer(layers)
}

/// The request's id, which the outermost layer has set.
type Id = Extension<RequestId>;

/// What is set on responses.
struct SecurityHeaders {
    fixed: Vec<(HeaderName, HeaderValue)>,
}

impl SecurityHeaders {
    fn for_hub_at(public_url: &Url) -> Self {
        let transport = (public_url.scheme() == "https").then_some((STRICT_TRANSPORT_SECURITY, HSTS));
        Self { fixed: FIXED.into_iter().chain(transport).collect() }
    }

    fn set(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.fixed {
            headers.insert(name, value.clone());
        }
        for (name, value) in DEFAULTS {
            headers.entry(name).or_insert(value);
        }
    }
}

async fn secure(State(headers): State<Arc<SecurityHeaders>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers.set(response.headers_mut());
    response
}

/// The panic hook has logged it by then, without the message; that is dropped here too.
async fn catch_panic(State(problem): State<EdgeProblem>, id: Id, request: Request, next: Next) -> Response {
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    work.await.unwrap_or_else(|_| problem(EdgeFault::Panicked, &id))
}

/// Refuses a body that announces too much; one that does not is cut off at the limit, and whoever reads it learns so.
async fn limit_body(State(problem): State<EdgeProblem>, id: Id, request: Request, next: Next) -> Response {
    if announced_length(request.headers()) > MAX_BODY_BYTES as u64 {
        return problem(EdgeFault::BodyTooLarge, &id);
    }
    next.run(request.map(|body| Body::new(Limited::new(body, MAX_BODY_BYTES)))).await
}

/// Zero if nothing is announced. The HTTP library has refused by then what is not one plain number (RFC 9112 §6.3).
fn announced_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[derive(Clone)]
struct TimeLimit {
    max_work: Duration,
    problem: EdgeProblem,
}

async fn limit_time(State(limit): State<TimeLimit>, id: Id, request: Request, next: Next) -> Response {
    let work = tokio::time::timeout(limit.max_work, next.run(request));
    work.await.unwrap_or_else(|_| (limit.problem)(EdgeFault::TimedOut, &id))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Bytes, to_bytes},
        response::IntoResponse,
        routing::{get, post},
    };
    use http::StatusCode;
    use jiff::Timestamp;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::{clock::ManualClock, entropy::SeededEntropy};

    fn problem(fault: EdgeFault, id: &RequestId) -> Response {
        (StatusCode::IM_A_TEAPOT, format!("{fault:?} {id}")).into_response()
    }

    fn edge(public_url: &str) -> Edge {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        Edge {
            spans: RequestSpans::new(clock, Arc::new(SeededEntropy::new(1)), None),
            public_url: public_url.parse().unwrap(),
            problem,
            max_work: MAX_WORK,
        }
    }

    async fn panics(request: Request) {
        assert!(request.uri().path().is_empty(), "secret");
    }

    async fn length(body: Bytes) -> String {
        body.len().to_string()
    }

    /// A page with a policy of its own, which may be kept for a while.
    async fn page() -> impl IntoResponse {
        let own = [(CONTENT_SECURITY_POLICY, "default-src 'self'"), (CACHE_CONTROL, "max-age=60")];
        (own, [(X_CONTENT_TYPE_OPTIONS, "sniff"), (REFERRER_POLICY, "unsafe-url")], "page")
    }

    fn router(edge: &Edge) -> Router {
        let routes = Router::new()
            .route("/", get("ok"))
            .route("/panics", get(panics))
            .route("/length", post(length))
            .route("/page", get(page))
            .route("/hangs", get(std::future::pending::<()>));
        around(routes, edge)
    }

    async fn send(request: http::Request<Body>) -> Response {
        router(&edge("https://hub.example")).oneshot(request).await.unwrap()
    }

    fn request(path: &str) -> http::Request<Body> {
        Request::get(path).body(Body::empty()).unwrap()
    }

    /// The fault that the caller was told, with the id that every response carries.
    async fn fault(response: Response) -> String {
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = String::from_utf8(to_bytes(response.into_body(), 1_000).await.unwrap().to_vec()).unwrap();
        text.strip_suffix(&id).unwrap().trim_end().to_owned()
    }

    #[tokio::test]
    async fn a_panic_is_told_without_its_text() {
        assert_eq!(fault(send(request("/panics")).await).await, "Panicked");
    }

    #[tokio::test(start_paused = true)]
    async fn work_ends_after_half_a_minute() {
        let begun = tokio::time::Instant::now();
        assert_eq!(fault(send(request("/hangs")).await).await, "TimedOut");
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn a_body_that_announces_too_much_is_refused() {
        let post = |length: usize| {
            let request = Request::post("/length").header(CONTENT_LENGTH, length);
            send(request.body(Body::from(vec![0; length])).unwrap())
        };
        assert_eq!(post(MAX_BODY_BYTES).await.status(), StatusCode::OK);
        assert_eq!(fault(post(MAX_BODY_BYTES + 1).await).await, "BodyTooLarge");
    }

    #[tokio::test]
    async fn a_body_that_announces_nothing_is_cut_off() {
        let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024])));
        let request = Request::post("/length").body(Body::from_stream(endless)).unwrap();
        assert_eq!(send(request).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn every_response_carries_the_security_headers() {
        for path in ["/", "/panics", "/nowhere", "/length"] {
            let response = send(request(path)).await;
            let expected = [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
                ("strict-transport-security", "max-age=63072000"),
            ];
            for (name, value) in expected {
                let values: Vec<_> = response.headers().get_all(name).iter().collect();
                assert_eq!(values, [value], "{path} {name}");
            }
        }
    }

    #[tokio::test]
    async fn a_handler_may_set_its_own_policy_and_lifetime_and_nothing_else() {
        let response = send(request("/page")).await;
        let headers = response.headers();
        assert_eq!(
            (&headers["content-security-policy"], &headers["cache-control"]),
            (&HeaderValue::from_static("default-src 'self'"), &HeaderValue::from_static("max-age=60"))
        );
        assert_eq!(
            (&headers["x-content-type-options"], &headers["referrer-policy"]),
            (&HeaderValue::from_static("nosniff"), &HeaderValue::from_static("no-referrer"))
        );
    }

    #[tokio::test]
    async fn plain_http_promises_no_https() {
        let response = router(&edge("http://127.0.0.1:8080")).oneshot(request("/")).await.unwrap();
        assert!(!response.headers().contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
