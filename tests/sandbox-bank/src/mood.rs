//! Moods: one process plays several banks, told apart by the first segment of the path.
//!
//! What a mood changes is data (its [`Profile`]), so that a further mood is a further row of the table
//! and code only for what it really does differently.

mod profile;
mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use profile::{Applications, Approach, Consents, LinkStyle, Pkce, Profile, Proof, Scope, Server, Start};

/// One of the banks that this process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// Integrated OAuth 2: the consent answers with a `scaOAuth` link, data calls need a token.
    OAuth,
    /// Plain redirect: the consent answers with a `scaRedirect` link, access is mutual TLS and the
    /// consent's id.
    Redirect,
    /// OAuth 2 as a step before: no consent without the customer's token, then a plain redirect.
    PreStep,
    /// The authorisation is started by a call of its own and confirmed with a code. Requests are
    /// signed.
    Explicit,
    /// No consents at all: the customer's token alone opens the data. Requests are signed.
    Token,
    /// Consents need a token of the application, then integrated OAuth 2 in a dialect.
    Application,
    /// The customer approves in the bank's app, away from any browser.
    Decoupled,
}

impl Mood {
    /// Every mood of this bank.
    pub const ALL: [Self; 7] =
        [Self::OAuth, Self::Redirect, Self::PreStep, Self::Explicit, Self::Token, Self::Application, Self::Decoupled];

    /// The name used in paths, in the journal and on the control port.
    pub fn as_str(self) -> &'static str {
        self.profile().segment
    }

    /// The mood whose paths start with `segment`.
    pub(crate) fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mood| mood.as_str() == segment)
    }

    pub(crate) const fn profile(self) -> &'static Profile {
        match self {
            Self::OAuth => &table::OAUTH,
            Self::Redirect => &table::REDIRECT,
            Self::PreStep => &table::PRESTEP,
            Self::Explicit => &table::EXPLICIT,
            Self::Token => &table::TOKEN,
            Self::Application => &table::APPLICATION,
            Self::Decoupled => &table::DECOUPLED,
        }
    }
}

impl fmt::Display for Mood {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl PartialEq<&str> for Mood {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_same_name_in_paths_and_in_json() {
        for mood in Mood::ALL {
            assert_eq!(serde_json::to_value(mood).unwrap(), mood.as_str());
            assert_eq!(Mood::of_segment(mood.as_str()), Some(mood));
        }
    }

    #[test]
    fn has_a_server_wherever_it_wants_a_token() {
        for mood in Mood::ALL {
            let profile = mood.profile();
            let wants = profile.proof != Proof::Consent || profile.approach == Approach::OAuth;
            assert_eq!(wants, profile.server.is_some(), "{mood}");
        }
    }
}
