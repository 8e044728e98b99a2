//! Calls to a bank over mutual TLS.
//!
//! Promises, held by `testing::bank_http`:
//!
//! - **Whose identity.** A bank is met only with the identity and the trust anchors of its own document, with the identity
//!   as it is now, and only in its time.
//! - **Nowhere else.** No redirect is followed, no proxy used, nothing but the checked URL is asked.
//! - **Bounded.** Time (connecting and in all, the body included) and decompressed bytes stay within the bank's limits.
//! - **Told apart.** A bank that is down, slow, or refuses our certificate is named as what it is.

use async_trait::async_trait;
use url::Url;

use crate::domain::bank::Bank;
pub use crate::protocol::exchange::{BankRequest, BankResponse, Operation};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BankHttpError {
    /// The hub made no call: the address is not of the bank's interface, or our own settings for the bank are wrong.
    #[error("the hub did not make the call")]
    NotSent(#[source] Source),
    /// Our certificate for the bank has expired or is not valid yet; no call was made.
    #[error("our certificate for the bank is not valid now")]
    QwacExpired(#[source] Source),
    /// No connection came about; the bank has surely not seen the request.
    #[error("the bank could not be reached")]
    Unreachable(#[source] Source),
    /// The connection broke after the request may have left.
    #[error("the connection to the bank broke")]
    Broken(#[source] Source),
    /// The bank's time ran out.
    #[error("the bank did not answer in time")]
    Timeout,
    /// The bank's certificate or TLS is not acceptable to us.
    #[error("the bank's TLS is not acceptable")]
    TlsRejected(#[source] Source),
    /// The bank refused our certificate (an alert, at the handshake or on the first read).
    #[error("the bank refused our certificate")]
    CertificateRefused(#[source] Source),
    /// The answer is longer than the bank's limit.
    #[error("the bank's answer is too large")]
    TooLarge,
    /// The answer is not HTTP, or does not decompress.
    #[error("the bank's answer is not well-formed HTTP")]
    Malformed(#[source] Source),
}

/// The cause below, for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Calls banks. See the module's text for the promises.
#[async_trait]
pub trait BankHttp: Send + Sync + 'static {
    /// Sends the request once and answers the bank's whole response.
    async fn call(&self, bank: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError>;

    /// Makes a TLS connection with the host of that address, as a call would, and closes it: whether the bank can be met,
    /// at nobody's cost.
    async fn shake_hands(&self, bank: &Bank, url: &Url) -> Result<(), BankHttpError>;
}
