//! One exchange with a bank: what is asked and what comes back, before anybody looks into it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

pub use crate::domain::operation::Operation;

/// A request to a bank, complete but for TLS. Headers may hold secrets and are marked so.
#[derive(Clone)]
pub struct BankRequest {
    /// What it is for.
    pub operation: Operation,
    /// The method.
    pub method: Method,
    /// Where to; of the bank's own API origin.
    pub url: Url,
    /// Every header to send, besides `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Bytes>,
}

/// Shows what the call is for, not what it carries.
impl fmt::Debug for BankRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("BankRequest");
        shown.field("operation", &self.operation).field("method", &self.method).finish_non_exhaustive()
    }
}

/// A bank's answer, whatever its status.
pub struct BankResponse {
    /// The status.
    pub status: StatusCode,
    /// Every header.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
}

/// Shows the status only: header and body may hold tokens and customers' data.
impl fmt::Debug for BankResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BankResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
