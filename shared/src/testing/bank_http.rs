//! Holds bank clients to the promises of `ports::bank_http`, against misbehaving banks that a bench sets up.
//!
//! The bench is the adapter's: it mints certificates and opens sockets, which takes libraries that only tests need.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION};
use url::Url;

use crate::{
    domain::{
        bank::{Bank, TlsVersion},
        secret::{ExposeSecret, SecretString},
    },
    ports::bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse, Operation},
};

mod answers;
mod bounds;
mod handshakes;
mod identities;
mod refusals;

/// Sets up banks for the suite.
#[async_trait]
pub trait Bench: Send + Sync {
    /// A new client of the kind that is under test, which looks at identities' files before every call.
    fn client(&self) -> Arc<dyn BankHttp>;

    /// Starts a bank that behaves so. Its document has a name of its own, generous limits, and an identity that the
    /// bank knows unless its manners say otherwise.
    async fn start(&self, manners: Manners) -> TestBank;
}

/// How a bank meets those who connect to it.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Whether anybody is there.
    pub presence: Presence,
    /// The one version of TLS that it speaks.
    pub version: TlsVersion,
    /// The certificate that it shows.
    pub certificate: ServerCertificate,
    /// What it thinks of the identity in its document.
    pub standing: Standing,
    /// What it says.
    pub answer: Answer,
}

/// A bank that does everything right.
impl Default for Manners {
    fn default() -> Self {
        Self {
            presence: Presence::Serving,
            version: TlsVersion::V1_3,
            certificate: ServerCertificate::Sound,
            standing: Standing::Known,
            answer: Answer::ok(),
        }
    }
}

impl Manners {
    /// A bank that answers so and does everything else right.
    pub fn answering(answer: Answer) -> Self {
        Self { answer, ..Self::default() }
    }
}

/// Whether anybody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A server.
    Serving,
    /// A server that takes connections and never says a word.
    Mute,
    /// A server that takes connections and begins, byte by byte, a message that never ends.
    Dripping,
    /// Nobody listens.
    Absent,
}

/// The certificate that a bank shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCertificate {
    /// Of the trust anchor in its document, for its address, valid.
    Sound,
    /// Of another authority with the same name.
    OfOtherAuthority,
    /// Expired.
    Expired,
    /// For another host.
    ForOtherHost,
}

/// What a bank thinks of the identity in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Accepted.
    Known,
    /// Issued by an authority that the bank does not trust.
    Stranger,
    /// Expired.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Its key is of a kind that the bank does not take, so that none is presented at all.
    NotPresentable,
}

/// What a bank says to every request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes over HTTP/1.1, and then this.
    Http1(Vec<u8>, Then),
    /// Status 200 with this body, compressed, over HTTP/1.1.
    Gzipped(Vec<u8>),
    /// Status 200 with this body over HTTP/2.
    Http2(Vec<u8>),
    /// These frames over HTTP/2, written down once a request has begun, and then this. The request is on stream 1.
    Http2Frames(Vec<u8>, Then),
    /// Resets every stream over HTTP/2 as if it had not been looked at.
    Http2Refused,
    /// Agrees on HTTP/2 and speaks HTTP/1.1.
    Http1ForHttp2,
}

/// What a bank does after the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Waits for the next request.
    Wait,
    /// Closes the connection.
    Close,
    /// Leaves the client waiting for ever.
    Hang,
    /// Sends one more byte now and then, for ever.
    Drip,
}

impl Answer {
    /// Status 200 and a short body.
    pub fn ok() -> Self {
        Self::Http1(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(), Then::Wait)
    }

    /// Text over HTTP/1.1, after which the bank closes.
    pub fn closing(text: impl Into<Vec<u8>>) -> Self {
        Self::Http1(text.into(), Then::Close)
    }
}

/// A bank of the bench.
pub struct TestBank {
    /// The hub's document of it.
    pub bank: Bank,
    /// The certificate (DER) of the identity that the document names.
    pub identity: Vec<u8>,
    /// Another identity that the bank knows.
    pub renewed: Credential,
    /// What it has seen.
    pub journal: Arc<Journal>,
}

/// An identity of ours.
pub struct Credential {
    /// As its file has it.
    pub text: SecretString,
    /// Its certificate (DER).
    pub certificate: Vec<u8>,
}

/// What a bank has seen, in order.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<Seen>>);

/// One request, as it reached a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The certificate (DER) that the client presented.
    pub certificate: Option<Vec<u8>>,
    /// The number of the connection, counted from 1.
    pub connection: usize,
    /// Method and target.
    pub request: String,
}

impl Journal {
    /// For benches: one more request.
    pub fn record(&self, seen: Seen) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    /// All requests so far.
    pub fn entries(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TestBank {
    /// The address of something below the bank's root.
    pub fn url(&self, path: &str) -> Url {
        self.bank.addresses.api.join(path).unwrap()
    }

    /// A read of its accounts.
    pub fn accounts(&self) -> BankRequest {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer token"))]);
        let url = self.url("/v1/accounts?withBalance=true");
        BankRequest { operation: Operation::Accounts, method: Method::GET, url, headers, body: None }
    }

    /// Lays the other identity into the file that the document names, by which it takes the place of the first.
    pub fn renew(&self) {
        fs::write(&self.bank.tls.identity_file, self.renewed.text.expose_secret()).unwrap();
    }

    /// Shakes hands with it once.
    pub async fn meet(&self, client: &dyn BankHttp) -> Result<(), BankHttpError> {
        client.shake_hands(&self.bank, &self.bank.addresses.api).await
    }

    /// Reads its accounts once.
    pub async fn read(&self, client: &dyn BankHttp) -> Result<BankResponse, BankHttpError> {
        client.call(&self.bank, self.accounts()).await
    }

    /// Shortens the time to a connection, far below the time in all.
    #[must_use]
    pub fn hurried_to_connect(mut self) -> Self {
        self.bank.limits.connect = Duration::from_millis(300);
        self
    }

    /// Shortens the time in all, far below the time to a connection.
    #[must_use]
    pub fn hurried(mut self) -> Self {
        self.bank.limits.total = Duration::from_millis(600);
        self
    }

    /// Limits the length of its answers.
    #[must_use]
    pub fn limited_to(mut self, bytes: usize) -> Self {
        self.bank.limits.body_bytes = bytes;
        self
    }
}

/// Every promise of the port.
pub async fn conformance(bench: &dyn Bench) {
    identity_conformance(bench).await;
    refusal_conformance(bench).await;
    bound_conformance(bench).await;
    answer_conformance(bench).await;
    handshake_conformance(bench).await;
}

/// Whose identity is shown, and to whom.
pub async fn identity_conformance(bench: &dyn Bench) {
    identities::shows_the_identity_of_the_document(bench).await;
    identities::keeps_the_identities_of_banks_apart(bench).await;
    identities::follows_a_change_of_identity(bench).await;
    identities::never_serves_one_bank_over_the_connection_of_another(bench).await;
}

/// Who is not talked to, and who does not talk to us.
pub async fn refusal_conformance(bench: &dyn Bench) {
    refusals::rejects_a_certificate_that_is_not_the_banks(bench).await;
    refusals::rejects_a_version_below_the_minimum(bench).await;
    refusals::names_a_refused_certificate(bench).await;
    refusals::shows_no_certificate_that_is_not_valid(bench).await;
    refusals::calls_no_address_but_the_banks_own(bench).await;
    refusals::follows_no_redirect(bench).await;
}

/// What a bank cannot take more of than it is given.
pub async fn bound_conformance(bench: &dyn Bench) {
    bounds::ends_at_the_deadline_whatever_the_bank_does(bench).await;
    bounds::a_bank_that_never_shakes_hands_is_unreachable(bench).await;
    bounds::takes_a_body_of_just_the_limit(bench).await;
    bounds::refuses_a_body_beyond_the_limit(bench).await;
    bounds::counts_the_bytes_after_decompression(bench).await;
    bounds::refuses_endless_headers(bench).await;
}

/// What came back, and what broke on the way.
pub async fn answer_conformance(bench: &dyn Bench) {
    answers::hands_over_status_headers_and_body(bench).await;
    answers::sends_method_target_headers_and_body(bench).await;
    answers::speaks_http_2_with_banks_that_do(bench).await;
    answers::decompresses(bench).await;
    answers::nobody_there_is_unreachable(bench).await;
    answers::a_connection_that_ends_early_is_broken(bench).await;
    answers::what_is_not_http_is_malformed(bench).await;
    answers::sends_once_only(bench).await;
    answers::an_error_tells_nothing_of_the_request(bench).await;
}

/// What is told of a handshake alone.
pub async fn handshake_conformance(bench: &dyn Bench) {
    handshakes::a_bank_that_is_well_is_met_and_asked_nothing(bench).await;
    handshakes::nobody_there_is_unreachable(bench).await;
    handshakes::ends_within_the_time_to_connect_whatever_the_bank_does(bench).await;
    handshakes::rejects_a_certificate_or_version_that_is_not_the_banks(bench).await;
    handshakes::names_a_refused_certificate(bench).await;
    handshakes::shows_no_certificate_that_is_not_valid(bench).await;
    handshakes::meets_nobody_but_the_bank(bench).await;
}

/// The whole error, as a log would have it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Fails unless the error is of the expected kind.
macro_rules! assert_named {
    ($result:expr, $kind:pat, $case:expr) => {
        match $result {
            Err($kind) => {}
            Err(other) => panic!("{:?}: named {}", $case, $crate::testing::bank_http::told(&other)),
            Ok(response) => panic!("{:?}: answered {:?}", $case, response),
        }
    };
}
use assert_named;

/// A body of the client's.
const BODY: Bytes = Bytes::from_static(b"grant_type=refresh_token&refresh_token=secret-in-the-body");
