//! Keeps other websites out of the demo page: it signs its visitors in by itself, so a page elsewhere that makes the
//! same browser send requests, or gives its own name this machine's address, must not get through.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};

use super::{Demo, problem::Problem};

/// Lets a request through if it came by the page's own name and, if it changes something, from the page itself. What
/// is answered stays with the browser: it is kept in no cache, and no address is told to the next page.
pub async fn own_page_only(State(demo): State<Arc<Demo>>, request: Request, next: Next) -> Response {
    let mut response = if is_own(&demo, &request) { next.run(request).await } else { refuse(&demo, &request) };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn is_own(demo: &Demo, request: &Request) -> bool {
    let (method, headers) = (request.method(), request.headers());
    let from_own_page = || header_is(headers, &header::ORIGIN, &demo.origin);
    header_is(headers, &header::HOST, &demo.authority) && (method.is_safe() || from_own_page())
}

/// Whoever types another name of this machine, such as localhost, is shown the way.
fn refuse(demo: &Demo, request: &Request) -> Response {
    if request.method() == Method::GET && request.uri().path() == "/" {
        return Redirect::temporary(&format!("{}/", demo.origin)).into_response();
    }
    Problem::foreign().into_response()
}

fn header_is(headers: &HeaderMap, name: &header::HeaderName, expected: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes() == expected.as_bytes())
}
