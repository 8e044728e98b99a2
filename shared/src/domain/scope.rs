//! What a CRM token may allow.

use std::fmt;

/// One right, named in the token's `scope` claim (RFC 9068 §2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Start, renew, activate and end sessions.
    SessionsWrite,
    /// See how sessions stand.
    SessionsRead,
    /// Read accounts, balances and transactions.
    AccountsRead,
    /// See which banks there are.
    BanksRead,
    /// Run the scheduler's jobs.
    JobsRun,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::SessionsWrite, Self::SessionsRead, Self::AccountsRead, Self::BanksRead, Self::JobsRun];

    /// The word in the claim.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionsWrite => "sessions:write",
            Self::SessionsRead => "sessions:read",
            Self::AccountsRead => "accounts:read",
            Self::BanksRead => "banks:read",
            Self::JobsRun => "jobs:run",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
