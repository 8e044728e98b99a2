//! The port [`BankHttp`] on hyper and rustls.
//!
//! Every bank has a client of its own, made of its own document: identity, trust anchors, connection pool. So neither
//! certificates nor connections can be mixed up between banks, and a bank that hangs holds up nobody else. A new identity
//! has a new client: nothing of the old one's connections or TLS sessions goes over to it.

mod channel;
mod deadline;
mod fault;
mod handshake;
mod line;
mod link;
mod tls;
mod verdict;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use hyper::body::Body;
use tokio::time::Instant;
use url::Url;

use self::{channel::Channels, line::Line};
pub use self::{
    handshake::{Handshake, HandshakeError, shake_hands},
    tls::TlsSetupError,
};
use super::bounded_body::{self, BodyError};
use crate::{
    domain::{bank::Bank, operation::Operation},
    ports::{
        bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse, Source},
        clock::Clock,
        identities::{Identities, Identity},
    },
};

/// How connections are kept. What concerns one bank stands in its document.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// How long a connection that nobody uses stays open. Shorter than the minute after which many banks close
    /// theirs, so that few calls meet a connection that is just being closed.
    pub idle_timeout: Duration,
    /// How many unused connections one bank may hold.
    pub idle_per_bank: usize,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { idle_timeout: Duration::from_secs(50), idle_per_bank: 32 }
    }
}

/// Calls banks. See [`BankHttp`] for the promises.
pub struct BankClient {
    settings: PoolSettings,
    identities: Arc<dyn Identities>,
    clock: Arc<dyn Clock>,
    channels: Channels,
}

/// Shows how connections are kept.
impl fmt::Debug for BankClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BankClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl BankClient {
    /// Knows no bank yet; each is met with its document, and under the identity of that moment.
    pub fn new(settings: PoolSettings, identities: Arc<dyn Identities>, clock: Arc<dyn Clock>) -> Self {
        Self { settings, identities, clock, channels: Channels::default() }
    }

    /// Makes ready to call the bank, without calling it: what is wrong with the document's TLS settings or the identity's
    /// file shows now instead of at the first call. That the identity is not in its time is none of it: it is told in the
    /// log, and calls fail.
    pub async fn prepare(&self, bank: &Bank) -> Result<(), TlsSetupError> {
        let identity = self.identities.transport(&bank.tls).await?;
        let api = &bank.addresses.api;
        self.channels.line(bank, Operation::Accounts, api, &identity, self.settings).map(drop)
    }

    /// The line for that request, under the identity of now.
    async fn line(&self, bank: &Bank, request: &BankRequest) -> Result<Line, BankHttpError> {
        let identity = self.identity(bank).await?;
        let (operation, url) = (request.operation, &request.url);
        self.channels.line(bank, operation, url, &identity, self.settings).map_err(not_sent)
    }

    /// The identity of now, if it is in its time.
    async fn identity(&self, bank: &Bank) -> Result<Arc<Identity>, BankHttpError> {
        let identity = self.identities.transport(&bank.tls).await.map_err(|fault| not_sent(fault.into()))?;
        // A bank would refuse it, and some count that against us.
        identity.facts.check_time(self.clock.now()).map_err(|misfit| BankHttpError::QwacExpired(Box::new(misfit)))?;
        Ok(identity)
    }
}

#[async_trait]
impl BankHttp for BankClient {
    async fn call(&self, bank: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        check_address(bank, &request.url).map_err(|error| BankHttpError::NotSent(Box::new(error)))?;
        let deadline = Instant::now() + bank.operations.total(request.operation, &bank.limits);
        let calling = async {
            let line = self.line(bank, &request).await?;
            receive(line.send(request).await?, bank.limits.body_bytes).await
        };
        deadline::before(deadline, calling).await.unwrap_or(Err(BankHttpError::Timeout))
    }

    async fn shake_hands(&self, bank: &Bank, url: &Url) -> Result<(), BankHttpError> {
        check_address(bank, url).map_err(|error| BankHttpError::NotSent(Box::new(error)))?;
        let identity = self.identity(bank).await?;
        handshake::knock(bank, &identity, url).await.map(drop).map_err(BankHttpError::from)
    }
}

fn not_sent(error: TlsSetupError) -> BankHttpError {
    BankHttpError::NotSent(Box::new(error))
}

/// The URL is not one that this bank may be called at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum AddressRefused {
    #[error("the address is not of the bank's interface")]
    Foreign,
    #[error("the address carries a user name or password")]
    Credentials,
}

/// The last of several guards on where we call: callers check links from banks themselves.
fn check_address(bank: &Bank, url: &Url) -> Result<(), AddressRefused> {
    if !bank.addresses.is_api(url) {
        return Err(AddressRefused::Foreign);
    }
    // They would be lost on the way, or turned into an `Authorization` header.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefused::Credentials);
    }
    Ok(())
}

/// The whole answer, once its header has come.
async fn receive<B>(response: Response<B>, limit: usize) -> Result<BankResponse, BankHttpError>
where
    B: Body<Data = Bytes, Error: Into<Source>>,
{
    let (head, body) = response.into_parts();
    check_body_headers(&head.headers).map_err(|error| BankHttpError::Malformed(Box::new(error)))?;
    let body = bounded_body::read(body, limit).await.map_err(|error| match error {
        BodyError::TooLarge => BankHttpError::TooLarge,
        BodyError::Unreadable(cause) => fault::of_body(cause),
    })?;
    Ok(BankResponse { status: head.status, headers: head.headers, body })
}

/// What the header says of the body does not fit together, or not what we offered.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum BodyRefused {
    #[error("the body has a content coding that was not offered")]
    Coding,
    #[error("the body has two lengths")]
    TwoLengths,
}

fn check_body_headers(headers: &HeaderMap) -> Result<(), BodyRefused> {
    // What was decompressed carries no `Content-Encoding` any more; whatever still does cannot be read (RFC 9110 §8.4).
    let plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(BodyRefused::Coding);
    }
    // An attempt to smuggle an answer, as likely as not (RFC 9112 §6.3).
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return Err(BodyRefused::TwoLengths);
    }
    Ok(())
}
