//! The header `Prefer` (RFC 7240), of which one preference is understood: `stale-ok`, that the last good answer is taken
//! where the bank cannot be asked.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header::AGE, request::Parts};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::Form,
    problem::{LimitedBy, Problem},
};
use crate::flows::snapshots::{Answered, Staleness};

/// The header that carries preferences.
pub const HEADER: &str = "prefer";

/// The preference for the last good answer over none.
pub const STALE_OK: &str = "stale-ok";

const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Whether the caller takes the last good answer.
pub struct Preference(pub Staleness);

impl<S: Sync> FromRequestParts<S> for Preference {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let takes = takes_stale(&parts.headers);
        Ok(Self(if takes { Staleness::Taken } else { Staleness::Refused }))
    }
}

/// What stood in the way of a new answer, told with the last good one.
#[derive(Serialize, ToSchema)]
pub struct Stale {
    /// The code of the problem that would have been answered; see the catalogue.
    code: &'static str,
    /// When to come back, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
    /// Whose limit was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<LimitedBy>,
}

/// The answer in the wanted form. The last good one says what it is: in headers, and in the hub's model in a member.
pub fn respond<T, M: Serialize>(
    answered: Answered<T>,
    form: Form,
    now: Timestamp,
    model: impl FnOnce(T, Timestamp, Option<Stale>) -> M,
) -> Response {
    let Answered { reading, obstacle } = answered;
    let problem = obstacle.map(Problem::from);
    let stale = problem.as_ref().map(|problem| stale(problem, now));
    let mut response = form.answer(|| model(reading.value, reading.as_of, stale), reading.raw).into_response();
    if let Some(problem) = problem {
        problem.log();
        let age = now.duration_since(reading.as_of).as_secs();
        let headers = response.headers_mut();
        headers.insert(AGE, HeaderValue::from(u64::try_from(age).unwrap_or(0)));
        headers.insert(APPLIED, HeaderValue::from_static(STALE_OK));
    }
    response
}

fn stale(problem: &Problem, now: Timestamp) -> Stale {
    Stale { code: problem.code.name(), retry_at: problem.comes_back_at(now), limited_by: problem.limited_by }
}

/// Whether the preference stands among the caller's. One of another form than RFC 7240 has is none.
fn takes_stale(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(HEADER).iter().filter_map(|line| line.to_str().ok());
    // Of one preference that is given twice the first counts.
    let named = lines.flat_map(preferences).find(|(name, _)| name.eq_ignore_ascii_case(STALE_OK));
    named.is_some_and(|(_, value)| value.is_empty())
}

/// The preferences of one line with their values; their parameters are left out.
fn preferences(line: &str) -> impl Iterator<Item = (&str, &str)> {
    split(line, ',').into_iter().map(|preference| {
        let bare = split(preference, ';').into_iter().next().unwrap_or_default();
        let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
        let value = value.trim();
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        (name.trim(), unquoted.unwrap_or(value))
    })
}

/// The parts of a text, which quoted strings (RFC 9110 §5.6.4) do not end.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests;
