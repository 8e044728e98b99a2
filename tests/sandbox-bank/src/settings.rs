//! What a caller may choose when starting the bank.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;

/// Where the bank takes its time from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The choices for one bank. `Settings::default()` gives a bank in memory, on free ports, with seed 1.
#[derive(Clone)]
pub struct Settings {
    /// Certificates and all state live here and survive a restart; `None` keeps everything in memory.
    pub data_dir: Option<PathBuf>,
    /// Port of the banking interface (mutual TLS); 0 takes any free one.
    pub api_port: u16,
    /// Port of the pages that the customer's browser sees; 0 takes any free one.
    pub web_port: u16,
    /// Port of the switchboard for tests; 0 takes any free one.
    pub control_port: u16,
    /// Decides the customers' account numbers and transactions.
    pub seed: u64,
    /// How tokens live and how refresh tokens rotate. A bank that goes on in its data directory keeps what
    /// `POST /tokens` changed, unless it is started with other rules than before.
    pub tokens: TokenPolicy,
    /// The bank's clock, before any advance that `POST /clock` adds. Certificates are judged by the
    /// system's clock instead, because the other end of the handshake judges them by its own.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: None,
            api_port: 0,
            web_port: 0,
            control_port: 0,
            seed: 1,
            tokens: TokenPolicy::default(),
            clock: clock::system(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("data_dir", &self.data_dir)
            .field("api_port", &self.api_port)
            .field("web_port", &self.web_port)
            .field("control_port", &self.control_port)
            .field("seed", &self.seed)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// How long tokens live and what becomes of a used refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPolicy {
    /// What a refresh does to the refresh token that was used.
    pub rotation: Rotation,
    /// Life of an access token.
    pub access_seconds: u32,
    /// Life of the whole chain of refresh tokens, counted from the redemption of the code.
    pub refresh_seconds: u32,
    /// Life of an authorisation code.
    pub code_seconds: u32,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self { rotation: Rotation::Grace, access_seconds: 300, refresh_seconds: 180 * DAY, code_seconds: 60 }
    }
}

/// The three habits banks have with refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// The refresh token stays; answers to a refresh name none.
    None,
    /// Each refresh gives a new one; the old one works again until the new one has been used.
    Grace,
    /// Each refresh gives a new one; using an old one ends every token of the family
    /// (RFC 9700 section 4.14.2).
    Family,
}
