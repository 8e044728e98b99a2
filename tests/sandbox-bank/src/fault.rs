//! Faults that tests and demonstrations can arm: what they are and what of an exchange they spoil.

mod armed;
pub(crate) mod mangle;
pub(crate) mod spoil;

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use armed::{Armed, Faults};
use mangle::Mangling;

/// The longest answer that [`Fault::Oversized`] makes.
const LONGEST_BODY: usize = 256 * 1024 * 1024;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// The bank does its work at once and answers late.
    Delay { millis: u64 },
    /// This status with an empty body, and no work done.
    Status { status: u16 },
    /// The bank does its work (a token endpoint rotates), then a gateway in front of it gives up.
    #[serde(rename = "rotate_then_504")]
    RotateThen504,
    /// 429 with an empty body, and `Retry-After` if given.
    TooManyRequests {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A maintenance page with status 200.
    #[serde(rename = "html_200")]
    Html200,
    /// A page of transactions whose `next` link leads astray.
    WrongNext { to: Astray },
    /// Handshakes are refused with a TLS alert.
    RefuseCertificate,
    /// The consent's link for the customer is another one.
    BadScaLink { href: String },
    /// This answer instead of the right one.
    Body {
        status: u16,
        content_type: String,
        body: String,
        /// Further headers.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// A JSON answer of this many bytes.
    Oversized { bytes: usize },
    /// 302 to somewhere.
    Redirect { location: String },
    /// The bank does its work, then the connection ends without an answer.
    Close,
    /// The right answer, made wrong in one respect.
    Mangle { how: Mangling },
    /// 503, with the time until the announced end in `Retry-After`, up to the real end; no work done.
    Maintenance { announced_until: Timestamp, ends_at: Timestamp },
    /// The right answer with an `X-Request-ID` that the client did not send.
    WrongRequestId,
    /// The bank does its work and answers 200 with a chunked body that has no chunks.
    EmptyChunked,
    /// The customer's way ends at the bank's pages.
    SwallowCustomer,
}

/// Where a wrong `next` link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Astray {
    /// To the page it stands on.
    #[serde(rename = "self")]
    Itself,
    /// To a host that is not the bank's.
    OtherHost,
    /// To another account.
    OtherAccount,
    /// To a host called `null`, as a bank's missing setting makes it.
    NullHost,
    /// To the right page without TLS.
    PlainHttp,
    /// To the right page, named by its query alone.
    Relative,
    /// To the account's balances.
    OtherResource,
}

/// A fault that cannot be armed, with the reason in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// The status is none.
    #[error("status must be between 200 and 599")]
    Status,
    /// A text cannot stand in a header.
    #[error("location, href and content_type must be valid header values")]
    Header,
    /// The answer would be too long.
    #[error("bytes must be at most {LONGEST_BODY}")]
    TooLong,
    /// It would never strike.
    #[error("times must be at least 1, or null for ever")]
    Times,
    /// A fault of handshakes is narrowed to requests.
    #[error("refuse_certificate strikes handshakes: its operation must be \"any\" and it has no mood")]
    Handshake,
}

impl Fault {
    /// The name on the control port and in the journal.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::Status { .. } => "status",
            Self::RotateThen504 => "rotate_then_504",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Html200 => "html_200",
            Self::WrongNext { .. } => "wrong_next",
            Self::RefuseCertificate => "refuse_certificate",
            Self::BadScaLink { .. } => "bad_sca_link",
            Self::Body { .. } => "body",
            Self::Oversized { .. } => "oversized",
            Self::Redirect { .. } => "redirect",
            Self::Close => "close",
            Self::Mangle { .. } => "mangle",
            Self::Maintenance { .. } => "maintenance",
            Self::WrongRequestId => "wrong_request_id",
            Self::EmptyChunked => "empty_chunked",
            Self::SwallowCustomer => "swallow_customer",
        }
    }

    /// Whether it strikes the TLS handshake; the others strike requests.
    pub(crate) const fn strikes_handshakes(&self) -> bool {
        matches!(self, Self::RefuseCertificate)
    }

    /// Whether it strikes the customer at the bank's pages.
    pub(crate) const fn strikes_pages(&self) -> bool {
        matches!(self, Self::SwallowCustomer)
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        matches!(self, Self::Maintenance { ends_at, .. } if now >= *ends_at)
    }

    fn check(&self) -> Result<(), FaultError> {
        let header = |text: &str| HeaderValue::from_str(text).map(drop).map_err(|_| FaultError::Header);
        match self {
            Self::Status { status } => check_status(*status),
            Self::Body { status, content_type, headers, .. } => {
                check_status(*status)?;
                header(content_type)?;
                let name = |name: &String| HeaderName::try_from(name).map(drop).map_err(|_| FaultError::Header);
                headers.iter().try_for_each(|(one, value)| name(one).and_then(|()| header(value)))
            }
            Self::Redirect { location } => header(location),
            Self::BadScaLink { href } => header(href),
            Self::Oversized { bytes } if *bytes > LONGEST_BODY => Err(FaultError::TooLong),
            _ => Ok(()),
        }
    }
}

fn check_status(status: u16) -> Result<(), FaultError> {
    let possible = StatusCode::from_u16(status).is_ok_and(|status| (200..600).contains(&status.as_u16()));
    possible.then_some(()).ok_or(FaultError::Status)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn has_the_same_names_in_json_and_in_the_journal() {
        for fault in [
            json!({ "kind": "delay", "millis": 1 }),
            json!({ "kind": "status", "status": 500 }),
            json!({ "kind": "rotate_then_504" }),
            json!({ "kind": "too_many_requests" }),
            json!({ "kind": "html_200" }),
            json!({ "kind": "wrong_next", "to": "self" }),
            json!({ "kind": "refuse_certificate" }),
            json!({ "kind": "bad_sca_link", "href": "https://evil.example/" }),
            json!({ "kind": "body", "status": 200, "content_type": "text/plain", "body": "" }),
            json!({ "kind": "oversized", "bytes": 1 }),
            json!({ "kind": "redirect", "location": "/" }),
            json!({ "kind": "body", "status": 200, "content_type": "a/b", "body": "", "headers": { "x-a": "1" } }),
            json!({ "kind": "mangle", "how": "byte_order_mark" }),
            json!({ "kind": "maintenance", "announced_until": "2026-11-20T12:00:00Z", "ends_at": "2026-11-20T13:00:00Z" }),
            json!({ "kind": "wrong_next", "to": "relative" }),
            json!({ "kind": "wrong_request_id" }),
            json!({ "kind": "empty_chunked" }),
            json!({ "kind": "swallow_customer" }),
            json!({ "kind": "close" }),
        ] {
            let read: Fault = serde_json::from_value(fault.clone()).unwrap();
            assert_eq!(read.kind(), fault["kind"]);
            assert_eq!(serde_json::to_value(read).unwrap(), fault);
        }
    }
}
