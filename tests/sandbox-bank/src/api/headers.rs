//! The request headers of the Berlin Group, checked before anything else is looked at.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::Url;
use uuid::Uuid;

use crate::consent::order::Returns;
use crate::mood::{Approach, Mood};
use crate::quota::Presence;
use crate::refusal::Refusal;

/// What a header's value has to look like.
#[derive(Clone, Copy)]
enum Shape {
    Uuid,
    Address,
    Port,
    Flag,
    Method,
    Link,
}

/// Headers whose values the bank checks wherever they come.
const SHAPES: [(&str, Shape); 9] = [
    ("x-request-id", Shape::Uuid),
    ("psu-ip-address", Shape::Address),
    ("psu-ip-port", Shape::Port),
    ("psu-device-id", Shape::Uuid),
    ("psu-http-method", Shape::Method),
    ("tpp-redirect-preferred", Shape::Flag),
    ("tpp-explicit-authorisation-preferred", Shape::Flag),
    ("tpp-redirect-uri", Shape::Link),
    ("tpp-nok-redirect-uri", Shape::Link),
];

/// A request whose headers are in order: `X-Request-ID` is there and every known header well formed.
#[derive(Debug)]
pub(super) struct InOrder {
    pub(super) presence: Presence,
}

impl<S: Sync> FromRequestParts<S> for InOrder {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        required(&parts.headers, "x-request-id")?;
        check_shapes(&parts.headers)?;
        check_accept(&parts.headers)?;
        let attended = parts.headers.contains_key("psu-ip-address");
        Ok(Self { presence: if attended { Presence::Attended } else { Presence::Background } })
    }
}

/// The headers that `POST /consents` needs besides.
#[derive(Debug)]
pub(super) struct ForConsent {
    pub(super) returns: Returns,
    /// `PSU-ID`, where the bank has to find the customer by itself.
    pub(super) psu_id: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for ForConsent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        InOrder::from_request_parts(parts, state).await?;
        check_content_type(&parts.headers)?;
        required(&parts.headers, "psu-ip-address")?;
        let mood = Extension::<Mood>::from_request_parts(parts, state).await.ok();
        let profile = mood.map(|Extension(mood)| mood.profile());
        if profile.is_some_and(|profile| profile.refuses_psu_id) && parts.headers.contains_key("psu-id") {
            return Err(Refusal::Format("the header psu-id is not wanted here".to_owned()));
        }
        let nok = text(&parts.headers, "tpp-nok-redirect-uri").map(str::to_owned);
        if profile.is_some_and(|profile| profile.approach == Approach::Decoupled) {
            let psu_id = Some(required(&parts.headers, "psu-id")?.to_owned());
            let ok = text(&parts.headers, "tpp-redirect-uri").unwrap_or_default().to_owned();
            return Ok(Self { returns: Returns { ok, nok }, psu_id });
        }
        let ok = required(&parts.headers, "tpp-redirect-uri")?.to_owned();
        Ok(Self { returns: Returns { ok, nok }, psu_id: None })
    }
}

/// Headers about the customer come all or not at all: an address without a browser is refused, and a
/// browser without an address.
pub(super) fn check_whole_psu(headers: &HeaderMap) -> Result<(), Refusal> {
    let (address, agent) = (headers.contains_key("psu-ip-address"), headers.contains_key("psu-user-agent"));
    let half = || Refusal::Format("psu-ip-address and psu-user-agent come together or not at all".to_owned());
    (address == agent).then_some(()).ok_or_else(half)
}

/// A header's value, if it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The bearer token in the usual header (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    bearer_in(headers, header::AUTHORIZATION.as_str())
}

/// The bearer token in a header.
pub(super) fn bearer_in<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let (scheme, token) = text(headers, name)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A header's value that has to be there.
pub(super) fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    text(headers, name).ok_or_else(|| Refusal::Format(format!("the header {name} is missing")))
}

fn check_shapes(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, shape) in SHAPES {
        let mut values = headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str().is_ok_and(|text| shape.fits(text)));
        if first == Some(false) || values.next().is_some() {
            return Err(Refusal::Format(format!("the header {name} is malformed")));
        }
    }
    Ok(())
}

/// The bank speaks JSON only.
fn check_accept(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(accept) = text(headers, header::ACCEPT.as_str()) else {
        return Ok(());
    };
    let ranges = accept.split(',').filter_map(|range| range.split(';').next()).map(str::trim);
    let json =
        |range: &str| ["*/*", "application/*", "application/json"].iter().any(|one| range.eq_ignore_ascii_case(one));
    if accept.trim().is_empty() || ranges.into_iter().any(json) { Ok(()) } else { Err(Refusal::NotAcceptable) }
}

pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json").then_some(()).ok_or(Refusal::MediaType)
}

impl Shape {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Uuid => text.len() == 36 && Uuid::try_parse(text).is_ok(),
            Self::Address => text.parse::<IpAddr>().is_ok(),
            Self::Port => text.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Flag => matches!(text, "true" | "false"),
            Self::Method => matches!(text, "GET" | "POST" | "PUT" | "PATCH" | "DELETE"),
            Self::Link => {
                Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn refuses_malformed_values_of_known_headers() {
        for (name, value) in [
            ("x-request-id", "1"),
            ("psu-ip-address", "unknown"),
            ("psu-ip-port", "0"),
            ("psu-http-method", "get"),
            ("tpp-redirect-preferred", "yes"),
            ("tpp-redirect-uri", "/relative"),
            ("tpp-redirect-uri", "javascript:alert(1)"),
        ] {
            assert!(check_shapes(&headers(&[(name, value)])).is_err(), "{name}: {value}");
        }
    }

    #[test]
    fn refuses_a_known_header_that_comes_twice() {
        assert!(check_shapes(&headers(&[("psu-ip-address", "192.0.2.1"), ("psu-ip-address", "192.0.2.2")])).is_err());
    }

    #[test]
    fn accepts_whoever_takes_json() {
        for accept in ["application/json", "*/*", "text/xml, application/json;q=0.5", "application/*", ""] {
            assert!(check_accept(&headers(&[("accept", accept)])).is_ok(), "{accept}");
        }
        assert!(check_accept(&headers(&[("accept", "application/xml")])).is_err());
        assert!(check_accept(&headers(&[])).is_ok());
    }

    #[test]
    fn finds_the_bearer_token_in_any_spelling_of_the_scheme() {
        assert_eq!(bearer(&headers(&[("authorization", "bEARER abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic abc")])), None);
    }
}
