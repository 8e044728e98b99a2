//! Faults that tests and demonstrations can arm: what they are and what of an exchange they spoil.

mod armed;
pub(crate) mod spoil;

use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

pub(crate) use armed::{Armed, Faults};

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
    Body { status: u16, content_type: String, body: String },
    /// A JSON answer of this many bytes.
    Oversized { bytes: usize },
    /// 302 to somewhere.
    Redirect { location: String },
    /// The bank does its work, then the connection ends without an answer.
    Close,
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
}

/// A fault that cannot be armed, with the reason in one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultError {
    #[error("status must be between 200 and 599")]
    Status,
    #[error("location, href and content_type must be valid header values")]
    Header,
    #[error("bytes must be at most {LONGEST_BODY}")]
    TooLong,
    #[error("times must be at least 1, or null for ever")]
    Times,
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
        }
    }

    /// Whether it strikes the TLS handshake; the others strike requests.
    pub(crate) const fn strikes_handshakes(&self) -> bool {
        matches!(self, Self::RefuseCertificate)
    }

    fn check(&self) -> Result<(), FaultError> {
        let header = |text: &str| HeaderValue::from_str(text).map(drop).map_err(|_| FaultError::Header);
        match self {
            Self::Status { status } => check_status(*status),
            Self::Body { status, content_type, .. } => check_status(*status).and_then(|()| header(content_type)),
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
            json!({ "kind": "close" }),
        ] {
            let read: Fault = serde_json::from_value(fault.clone()).unwrap();
            assert_eq!(read.kind(), fault["kind"]);
            assert_eq!(serde_json::to_value(read).unwrap(), fault);
        }
    }
}
