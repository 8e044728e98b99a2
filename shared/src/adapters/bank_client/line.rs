//! The HTTP client of one channel: its connections, and what was said on them of our certificate.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::ACCEPT};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tower::ServiceExt;
use tower_http::decompression::{Decompression, DecompressionBody};

use super::{PoolSettings, fault, link::Connector, verdict::Refusals};
use crate::{
    domain::bank::{Bank, HttpVersion},
    ports::bank_http::{BankHttpError, BankRequest},
};

/// Header lines of one answer (also the bound on HTTP/1.1 lines in number).
const MAX_HEADERS: usize = 100;

/// Bytes of header fields of one HTTP/2 answer.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// Follows no redirect, uses no proxy, and sends nothing a second time that a bank may have seen.
#[derive(Clone)]
pub(super) struct Line {
    http: Decompression<Client<Connector, Full<Bytes>>>,
    refusals: Arc<Refusals>,
}

impl Line {
    /// Connects at the first request.
    pub(super) fn new(bank: &Bank, tls: ClientConfig, settings: PoolSettings) -> Self {
        let idle_timeout = bank.tls.idle_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let refusals = Arc::new(Refusals::default());
        let connector = Connector::new(tls, bank.limits.connect, Arc::clone(&refusals));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle_timeout.unwrap_or(settings.idle_timeout))
            .pool_max_idle_per_host(bank.tls.idle_connections.map_or(settings.idle_per_bank, usize::from))
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .http2_only(bank.tls.http == HttpVersion::V2)
            .build(connector);
        Self { http: Decompression::new(client), refusals }
    }

    /// Sends it once. What comes is the header of the answer; the body is read from it, decompressed.
    pub(super) async fn send(
        &self,
        request: BankRequest,
    ) -> Result<Response<DecompressionBody<Incoming>>, BankHttpError> {
        let request = outgoing(request).map_err(|error| BankHttpError::NotSent(Box::new(error)))?;
        let began = Instant::now();
        let answer = self.http.clone().oneshot(request).await;
        answer.map_err(|error| fault::of_call(error, || self.refusals.since(began)))
    }
}

fn outgoing(request: BankRequest) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut outgoing = Request::new(Full::new(request.body.unwrap_or_default()));
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = Uri::try_from(request.url.as_str())?;
    *outgoing.headers_mut() = request.headers;
    outgoing.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    Ok(outgoing)
}
