//! Keeps other websites out of the demo page: it signs its visitors in by itself, so a page elsewhere that makes the
//! same browser send requests, or gives its own name this machine's address, must not get through.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, Method, header};

use super::{Demo, problem::Problem};

/// Lets a request through if it came by the page's own name and, if it changes something, from the page itself.
pub async fn own_page_only(State(demo): State<Arc<Demo>>, request: Request, next: Next) -> Response {
    let (method, headers) = (request.method(), request.headers());
    if header_is(headers, &header::HOST, &demo.authority) {
        if method.is_safe() || header_is(headers, &header::ORIGIN, &demo.origin) {
            return next.run(request).await;
        }
    } else if *method == Method::GET && request.uri().path() == "/" {
        return Redirect::temporary(&format!("{}/", demo.origin)).into_response(); // such as http://localhost:8080/
    }
    Problem::foreign().into_response()
}

fn header_is(headers: &HeaderMap, name: &header::HeaderName, expected: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes() == expected.as_bytes())
}
