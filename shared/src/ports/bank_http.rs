//! Calls to a bank over mutual TLS.
//!
//! Promises, held by `testing::bank_http`:
//!
//! - **Whose identity.** A bank is met only with the identity and the trust anchors of its own document.
//! - **Nowhere else.** No redirect is followed, no proxy used, nothing but the checked URL is asked.
//! - **Bounded.** Time (connecting and in all, the body included) and decompressed bytes stay within the bank's limits.
//! - **Told apart.** A bank that is down, slow, or refuses our certificate is named as what it is.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::domain::bank::Bank;

/// What a call is for. Names audit records, metrics and per-operation settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Asks for a consent.
    CreateConsent,
    /// Reads the consent object.
    ReadConsent,
    /// Reads the consent's status.
    ConsentStatus,
    /// Ends a consent.
    DeleteConsent,
    /// Reads the authorisation server's metadata.
    Metadata,
    /// Redeems an authorisation code.
    RedeemCode,
    /// Refreshes tokens.
    RefreshTokens,
    /// Revokes a token.
    RevokeToken,
    /// Lists accounts.
    Accounts,
    /// Reads balances.
    Balances,
    /// Reads transactions.
    Transactions,
}

impl Operation {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateConsent => "create_consent",
            Self::ReadConsent => "read_consent",
            Self::ConsentStatus => "consent_status",
            Self::DeleteConsent => "delete_consent",
            Self::Metadata => "metadata",
            Self::RedeemCode => "redeem_code",
            Self::RefreshTokens => "refresh_tokens",
            Self::RevokeToken => "revoke_token",
            Self::Accounts => "accounts",
            Self::Balances => "balances",
            Self::Transactions => "transactions",
        }
    }
}

/// A request to a bank, complete but for TLS. Headers may hold secrets and are marked so.
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

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BankHttpError {
    /// The hub made no call: the address is not of the bank's interface, or our own settings for the bank are wrong.
    #[error("the hub did not make the call")]
    NotSent(#[source] Source),
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
}
