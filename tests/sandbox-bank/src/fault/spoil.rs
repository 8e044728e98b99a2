//! What faults do to answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{self, Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::mangle::Mangling;
use super::{Astray, Fault};
use crate::tls::caller::Caller;

const MAINTENANCE: &str = "<!doctype html><title>Maintenance</title><p>We are back soon.</p>";

/// Answers are read whole to be spoilt; none of the bank's own is near this size.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The request whose answer is spoilt, and how the bank is called.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) uri: &'a Uri,
    pub(crate) api: &'a str,
    pub(crate) caller: &'a Caller,
}

/// A body that does not say that it is empty, and is.
#[derive(Debug)]
struct NoChunks;

impl HttpBody for NoChunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

/// The answer that comes at `now` instead of any work; none if the fault lets the work be done.
pub(crate) fn instead(fault: &Fault, now: Timestamp) -> Option<Response> {
    let answer = match fault {
        Fault::Status { status } => plain(*status),
        Fault::TooManyRequests { retry_after } => too_many(*retry_after),
        Fault::Html200 => ([(CONTENT_TYPE, "text/html; charset=utf-8")], MAINTENANCE).into_response(),
        Fault::Body { status, content_type, body, headers } => {
            let mut answer =
                (plain(*status).status(), [(CONTENT_TYPE, content_type.clone())], body.clone()).into_response();
            let pairs = headers.iter().filter_map(|(name, value)| {
                Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
            });
            answer.headers_mut().extend(pairs);
            answer
        }
        Fault::Maintenance { announced_until, .. } => {
            // Whoever overruns tells to come back soon, as long as it takes.
            let seconds = announced_until.duration_since(now).as_secs().max(60);
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Fault::Oversized { bytes } => ([(CONTENT_TYPE, "application/json")], oversized(*bytes)).into_response(),
        Fault::Redirect { location } => (StatusCode::FOUND, [(LOCATION, location.clone())]).into_response(),
        Fault::Delay { .. }
        | Fault::RotateThen504
        | Fault::WrongNext { .. }
        | Fault::RefuseCertificate
        | Fault::BadScaLink { .. }
        | Fault::Mangle { .. }
        | Fault::WrongRequestId
        | Fault::EmptyChunked
        | Fault::SwallowCustomer
        | Fault::Close => return None,
    };
    Some(answer)
}

/// What becomes of a right answer. Faults that strike elsewhere leave it as it is.
pub(crate) async fn spoil(fault: Fault, answer: Response, scene: &Scene<'_>) -> Response {
    match fault {
        Fault::Delay { millis } => {
            sleep(Duration::from_millis(millis)).await;
            answer
        }
        Fault::RotateThen504 => StatusCode::GATEWAY_TIMEOUT.into_response(),
        Fault::WrongNext { to } => rewrite(answer, |page| lead_astray(page, to, scene)).await,
        Fault::BadScaLink { href } => rewrite(answer, |consent| relink(consent, &href)).await,
        Fault::Mangle { how } => mangled(answer, how).await,
        Fault::EmptyChunked => Response::new(Body::new(NoChunks)),
        Fault::Close => {
            scene.caller.hang_up.notify_one();
            std::future::pending().await
        }
        Fault::Status { .. }
        | Fault::TooManyRequests { .. }
        | Fault::Html200
        | Fault::RefuseCertificate
        | Fault::Body { .. }
        | Fault::Oversized { .. }
        | Fault::Maintenance { .. }
        | Fault::WrongRequestId
        | Fault::SwallowCustomer
        | Fault::Redirect { .. } => answer,
    }
}

fn plain(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

fn too_many(retry_after: Option<u64>) -> Response {
    let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// JSON of exactly so many bytes, or the shortest there is.
fn oversized(bytes: usize) -> String {
    let (head, tail) = ("{\"padding\":\"", "\"}");
    let padding = bytes.saturating_sub(head.len() + tail.len());
    [head, &"x".repeat(padding), tail].concat()
}

async fn mangled(answer: Response, how: Mangling) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = body::to_bytes(body, LONGEST_ANSWER).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.headers.remove(CONTENT_LENGTH);
    if !how.keeps_type() {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    Response::from_parts(parts, Body::from(how.apply(&bytes)))
}

async fn rewrite(answer: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = body::to_bytes(body, LONGEST_ANSWER).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(mut value) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut value);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Puts a wrong `next` link into a page of transactions; other answers stay as they are.
fn lead_astray(page: &mut Value, to: Astray, scene: &Scene<'_>) {
    let Some(links) = page.pointer_mut("/transactions/_links").and_then(Value::as_object_mut) else {
        return;
    };
    let here = scene.uri.path_and_query().map_or_else(|| scene.uri.path(), |path| path.as_str());
    let href = match to {
        Astray::Itself => here.to_owned(),
        Astray::OtherHost => format!("https://evil.example{here}"),
        Astray::OtherAccount => other_account(here),
        Astray::NullHost => format!("https://null{here}"),
        Astray::PlainHttp => scene.api.replacen("https://", "http://", 1) + here,
        Astray::OtherResource => here.replacen("/transactions", "/balances", 1),
        Astray::Relative => {
            let right = links.get("next").and_then(|next| next["href"].as_str());
            match right.and_then(|href| href.split_once('?')) {
                Some((_, query)) => format!("?{query}"),
                None => return,
            }
        }
    };
    links.insert("next".to_owned(), json!({ "href": href }));
}

/// The same path with another account's id, one that nobody has.
fn other_account(path: &str) -> String {
    const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
    let mut segments = path.split('/');
    let mut swapped: Vec<&str> = segments.by_ref().take_while(|segment| *segment != "accounts").collect();
    swapped.extend(["accounts", NOBODY]);
    swapped.extend(segments.skip(1));
    swapped.join("/")
}

fn relink(consent: &mut Value, href: &str) {
    let Some(links) = consent.get_mut("_links").and_then(Value::as_object_mut) else {
        return;
    };
    for name in ["scaRedirect", "scaOAuth"] {
        if let Some(link) = links.get_mut(name) {
            *link = json!({ "href": href });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_to_the_byte() {
        for bytes in [14, 15, 1000] {
            let body = oversized(bytes);
            assert_eq!(body.len(), bytes);
            assert!(serde_json::from_str::<Value>(&body).is_ok());
        }
    }

    #[test]
    fn swaps_the_account_and_keeps_the_rest() {
        assert_eq!(
            other_account("/oauth/v1/accounts/abc/transactions?page=2"),
            "/oauth/v1/accounts/00000000-0000-4000-8000-000000000000/transactions?page=2"
        );
    }

    #[test]
    fn changes_only_the_link_for_the_customer() {
        let mut consent = json!({ "_links": { "scaRedirect": { "href": "a" }, "self": { "href": "b" } } });
        relink(&mut consent, "https://evil.example/");
        assert_eq!(
            consent,
            json!({ "_links": { "scaRedirect": { "href": "https://evil.example/" }, "self": { "href": "b" } } })
        );
    }
}
