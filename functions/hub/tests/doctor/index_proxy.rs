//! A way to the emulator on which one index is missing. The emulator itself makes every index that it is asked for.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::Uri;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::issuer::serve;

type Upstream = Client<HttpConnector, Body>;

/// Nobody's requests are longer.
const LONGEST: usize = 1 << 20;

/// `FAILED_PRECONDITION` of gRPC.
const NO_INDEX: i32 = 9;

#[derive(Clone)]
struct Way {
    upstream: Upstream,
    host: String,
    field: &'static str,
}

/// Starts a way to the emulator at that host where queries by that field have no index. Answers host and port.
pub async fn start(host: &str, field: &'static str) -> String {
    let upstream = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let way = Way { upstream, host: host.to_owned(), field };
    let address = serve(Router::new().fallback(pass).with_state(way)).await;
    address.strip_prefix("http://").unwrap().to_owned()
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST).await.unwrap();
    let names_the_field = body.windows(way.field.len()).any(|window| window == way.field.as_bytes());
    if parts.uri.path().ends_with("/RunQuery") && names_the_field {
        let refused = Response::builder().header("content-type", "application/grpc").header("grpc-status", NO_INDEX);
        return refused.header("grpc-message", "The query requires an index.").body(Body::empty()).unwrap();
    }
    parts.uri = format!("http://{}{}", way.host, parts.uri.path()).parse::<Uri>().unwrap();
    way.upstream.request(Request::from_parts(parts, Body::from(body))).await.unwrap().map(Body::new)
}
