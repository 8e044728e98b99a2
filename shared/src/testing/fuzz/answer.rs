//! A bank's answer as the text of a seed: status line, headers, an empty line, body.
//!
//! A text without an empty line is a body alone, with status 200. JSON is declared unless a header says otherwise. So a
//! seed reads like an answer, and a fuzzer that alters it stays near one.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};

use crate::protocol::exchange::BankResponse;

/// More headers than any answer in a seed has; a header map has a limit of its own and panics above it.
const MAX_HEADERS: usize = 32;

/// The answer in these bytes; any bytes are one.
pub(super) fn parse(data: &[u8]) -> BankResponse {
    let (head, body) = split(data);
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| StatusCode::from_bytes(line).ok()).unwrap_or(StatusCode::OK);
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(header).take(MAX_HEADERS) {
        headers.append(name, value);
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    BankResponse { status, headers, body: Bytes::copy_from_slice(body) }
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (&[], data),
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}
