//! Mutual TLS with one bank.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::certificate::{Demand, Usage};

/// Mutual TLS with one bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsProfile {
    /// The file that our QWAC is read from, and read again when it changes: key and full chain together, as PEM.
    pub identity_file: PathBuf,
    /// Takes certificates without the statements of PSD2, for transport and for the seal: those that banks issue for their
    /// sandboxes. Types and roles are then not checked where the certificate says nothing of them.
    pub accepts_unqualified: bool,
    /// Refuses a server that does not ask for our certificate when tokens are asked of it: what it would give is bound to
    /// nothing (RFC 8705 §3).
    pub tokens_must_be_bound: bool,
    /// The only roots that the bank's certificates may lead to, as PEM.
    pub trust_anchors: String,
    /// SHA-256 of public keys (SPKI), by one of which the bank's certificate must be or be issued, if any stands here. The
    /// trust anchors hold all the same.
    pub pins: Vec<[u8; 32]>,
    /// The lowest version we speak.
    pub minimum: TlsVersion,
    /// The only cipher suites offered, by their IANA names; none named means all that are safe.
    pub cipher_suites: Vec<String>,
    /// Which HTTP is offered.
    pub http: HttpVersion,
    /// Seconds after which a connection that nobody uses is closed; the hub's own default if absent.
    pub idle_seconds: Option<u32>,
    /// How many unused connections stay open; the hub's own default if absent.
    pub idle_connections: Option<u16>,
}

impl TlsProfile {
    /// What a certificate of ours must be to be used with this bank.
    pub const fn demand(&self, usage: Usage) -> Demand {
        Demand { usage, accepts_unqualified: self.accepts_unqualified }
    }
}

/// TLS versions the hub speaks at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// Versions of HTTP that are offered to a bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// Both; the bank chooses.
    #[default]
    #[serde(rename = "any")]
    Any,
    /// HTTP/1.1 alone.
    #[serde(rename = "1.1")]
    V1_1,
    /// HTTP/2 alone.
    #[serde(rename = "2")]
    V2,
}
