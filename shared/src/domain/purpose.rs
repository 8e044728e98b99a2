//! What a key encryption key (KEK) may be used for.

use std::fmt;

/// The purposes that keys are split by, so that rights can be split too: the callback function, say, may only
/// encrypt [`Purpose::Tokens`] and only decrypt [`Purpose::Flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Secrets of an authorisation that is under way: PKCE verifier, pending consent.
    Flow,
    /// What is needed to call a bank for a customer: tokens, consent id, account directory.
    Tokens,
    /// What a bank answered: snapshots.
    Payloads,
}

impl Purpose {
    /// Every purpose, in the order of the byte codes.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Tokens, Self::Payloads];

    /// The name used in settings, key names and associated data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Tokens => "tokens",
            Self::Payloads => "payloads",
        }
    }

    /// The purpose of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
