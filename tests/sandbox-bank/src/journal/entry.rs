//! One entry of the journal.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mood::Mood;

/// A request that reached the banking port, or a TLS handshake that failed there.
///
/// Of secrets there is the SHA-256 at most, of the query only what is known to be harmless, of
/// headers only the names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The entry's number; it only ever grows.
    pub seq: u64,
    /// The bank's time at which the request arrived.
    pub at: Timestamp,
    /// The bank that was called; none if the path names no such bank.
    pub mood: Option<Mood>,
    /// The HTTP method; none for a failed handshake.
    pub method: Option<String>,
    /// The path without its query; none for a failed handshake. What might be an account number or a
    /// secret is replaced by `*`.
    pub path: Option<String>,
    /// Harmless parameters of the query.
    pub query: BTreeMap<String, String>,
    /// What the request is about.
    pub operation: Operation,
    /// Hexadecimal SHA-256 of the client certificate's DER.
    pub certificate_sha256: Option<String>,
    /// The certificate's `organizationIdentifier`.
    pub organisation: Option<String>,
    /// Hexadecimal SHA-256 of the bearer token, or of the code or token in the form.
    pub token_sha256: Option<String>,
    /// The form's `grant_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// The consent named in the path or in the `Consent-ID` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<String>,
    /// The account named in the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The `X-Request-ID` header, if it is a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the `PSU-IP-Address` header was there.
    pub psu_present: bool,
    /// Names of all headers, in lower case, sorted.
    pub headers: Vec<String>,
    /// What became of the signature: `verified`, `missing`, `ignored`, or `refused:` and why; none for a
    /// failed handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The status of the answer; none as long as there is none.
    pub status: Option<u16>,
    /// The kind of the fault that was played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Why a handshake failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Asking for a consent.
    Consents,
    /// Reading or ending a consent.
    Consent,
    /// Reading where a consent stands.
    ConsentStatus,
    /// Starting an authorisation of a consent.
    StartAuthorisation,
    /// The list of a consent's authorisations.
    Authorisations,
    /// Reading where an authorisation stands.
    #[serde(alias = "authorisation")]
    AuthorisationStatus,
    /// Confirming an authorisation with a code.
    ConfirmAuthorisation,
    /// A token for the application itself.
    ApplicationToken,
    /// Asking where authorisation requests go.
    AuthorizationUrl,
    /// The list of accounts.
    Accounts,
    /// One account.
    Account,
    /// An account's balances.
    Balances,
    /// An account's transactions.
    Transactions,
    /// One transaction.
    Transaction,
    /// The list of card accounts.
    CardAccounts,
    /// One card account.
    CardAccount,
    /// A card account's balances.
    CardBalances,
    /// A card account's transactions.
    CardTransactions,
    /// The token endpoint.
    Token,
    /// The revocation endpoint.
    Revoke,
    /// The authorisation server's metadata.
    Metadata,
    /// Anything else.
    #[default]
    Unknown,
}

impl Operation {
    /// The name used in the journal and on the control port.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consents => "consents",
            Self::Consent => "consent",
            Self::ConsentStatus => "consent_status",
            Self::StartAuthorisation => "start_authorisation",
            Self::Authorisations => "authorisations",
            Self::AuthorisationStatus => "authorisation_status",
            Self::ConfirmAuthorisation => "confirm_authorisation",
            Self::ApplicationToken => "application_token",
            Self::AuthorizationUrl => "authorization_url",
            Self::Accounts => "accounts",
            Self::Account => "account",
            Self::Balances => "balances",
            Self::Transactions => "transactions",
            Self::Transaction => "transaction",
            Self::CardAccounts => "card_accounts",
            Self::CardAccount => "card_account",
            Self::CardBalances => "card_balances",
            Self::CardTransactions => "card_transactions",
            Self::Token => "token",
            Self::Revoke => "revoke",
            Self::Metadata => "metadata",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl PartialEq<&str> for Operation {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
