//! The port [`BankHttp`] on reqwest and rustls.
//!
//! Every bank has a client of its own, made of its own document: identity, trust anchors, connection pool. So neither
//! certificates nor connections can be mixed up between banks, and a bank that hangs holds up nobody else.

mod deadline;
mod fault;
mod tls;

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use reqwest::{Client, Response, redirect, retry};
use tokio::time::Instant;
use url::Url;

pub use self::tls::TlsSetupError;
use super::bounded_body::{self, BodyError};
use crate::{
    domain::{
        bank::{Bank, TlsProfile},
        ids::BankId,
        secret::ExposeSecret,
    },
    ports::bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse},
};

/// Header lines of one answer (also the bound on HTTP/1.1 lines in number).
const MAX_HEADERS: usize = 100;

/// Bytes of header fields of one HTTP/2 answer.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

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
#[derive(Debug)]
pub struct BankClient {
    settings: PoolSettings,
    channels: RwLock<HashMap<BankId, Channel>>,
}

/// The way to one bank, and what it was made of.
#[derive(Debug)]
struct Channel {
    tls: TlsProfile,
    connect: Duration,
    client: Client,
}

impl BankClient {
    /// Knows no bank yet; each is met with its document.
    pub fn new(settings: PoolSettings) -> Self {
        Self { settings, channels: RwLock::default() }
    }

    /// Makes ready to call the bank, without calling it: what is wrong with the document's TLS settings shows now
    /// instead of at the first call. A channel that stands is left as it is if the new settings are wrong.
    pub fn prepare(&self, bank: &Bank) -> Result<(), TlsSetupError> {
        self.client_for(bank).map(drop)
    }

    /// The bank's client, made anew if the document has another identity, other anchors or bounds than before.
    fn client_for(&self, bank: &Bank) -> Result<Client, TlsSetupError> {
        let known = self.channels.read().unwrap_or_else(PoisonError::into_inner).get(&bank.id).and_then(fitting(bank));
        known.map_or_else(|| self.open(bank), Ok)
    }

    fn open(&self, bank: &Bank) -> Result<Client, TlsSetupError> {
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = channels.get(&bank.id).and_then(fitting(bank)) {
            return Ok(client);
        }
        let channel = Channel::open(bank, self.settings)?;
        let client = channel.client.clone();
        channels.insert(bank.id.clone(), channel);
        Ok(client)
    }
}

/// Takes a channel's client if the channel was made of what the document says now.
fn fitting(bank: &Bank) -> impl Fn(&Channel) -> Option<Client> {
    |channel| channel.fits(bank).then(|| channel.client.clone())
}

impl Channel {
    fn open(bank: &Bank, settings: PoolSettings) -> Result<Self, TlsSetupError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(&bank.tls)?)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .connect_timeout(bank.limits.connect)
            .pool_idle_timeout(settings.idle_timeout)
            .pool_max_idle_per_host(settings.idle_per_bank)
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .build()
            .map_err(|error| TlsSetupError::Client(Box::new(error)))?;
        Ok(Self { tls: bank.tls.clone(), connect: bank.limits.connect, client })
    }

    fn fits(&self, bank: &Bank) -> bool {
        let (known, wanted) = (&self.tls, &bank.tls);
        known.identity.expose_secret() == wanted.identity.expose_secret()
            && known.trust_anchors == wanted.trust_anchors
            && known.minimum == wanted.minimum
            && self.connect == bank.limits.connect
    }
}

#[async_trait]
impl BankHttp for BankClient {
    async fn call(&self, bank: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        check_address(bank, &request.url).map_err(|error| BankHttpError::NotSent(Box::new(error)))?;
        let deadline = Instant::now() + bank.operations.total(request.operation, &bank.limits);
        let client = self.client_for(bank).map_err(|error| BankHttpError::NotSent(Box::new(error)))?;
        let exchange = exchange(&client, request, bank.limits.body_bytes);
        deadline::before(deadline, exchange).await.unwrap_or(Err(BankHttpError::Timeout))
    }
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
    // The HTTP client would turn them into an `Authorization` header.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefused::Credentials);
    }
    Ok(())
}

async fn exchange(client: &Client, request: BankRequest, limit: usize) -> Result<BankResponse, BankHttpError> {
    let mut outgoing = client.request(request.method, request.url).headers(request.headers);
    if let Some(body) = request.body {
        outgoing = outgoing.body(body);
    }
    let response = outgoing.send().await.map_err(fault::of_call)?;
    receive(response, limit).await
}

async fn receive(mut response: Response, limit: usize) -> Result<BankResponse, BankHttpError> {
    check_body_headers(response.headers()).map_err(|error| BankHttpError::Malformed(Box::new(error)))?;
    let body = bounded_body::read(&mut response, limit).await.map_err(|error| match error {
        BodyError::TooLarge => BankHttpError::TooLarge,
        BodyError::Unreadable(cause) => fault::of_body(cause),
    })?;
    let status = response.status();
    Ok(BankResponse { status, headers: std::mem::take(response.headers_mut()), body })
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
