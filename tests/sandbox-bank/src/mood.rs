//! Moods: one process plays several banks, told apart by the first segment of the path.
//!
//! What a mood changes is data (its [`Profile`]), so that a further mood is a further row here and
//! code only for what it really does differently.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the banks that this process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// Integrated OAuth 2: the consent answers with a `scaOAuth` link, data calls need a token.
    OAuth,
    /// Plain redirect: the consent answers with a `scaRedirect` link, access is mutual TLS and the
    /// consent's id.
    Redirect,
}

/// How a mood behaves.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The first segment of every path.
    pub(crate) segment: &'static str,
    /// How the customer gets to the bank's pages.
    pub(crate) approach: Approach,
    /// What a data call has to show.
    pub(crate) proof: Proof,
    /// How links are written; real banks do either.
    pub(crate) links: LinkStyle,
}

/// How the customer gets to the bank's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approach {
    /// By an OAuth 2 authorisation request.
    OAuth,
    /// By a link of the bank's own.
    Redirect,
}

/// What a data call has to show besides the certificate and the consent's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A bearer token issued for that consent.
    Token,
    /// Nothing.
    Nothing,
}

/// How links to the bank's own resources are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkStyle {
    /// With scheme, host and port.
    Absolute,
    /// From the root of the host.
    Relative,
}

impl Mood {
    /// Every mood of this bank.
    pub(crate) const ALL: [Self; 2] = [Self::OAuth, Self::Redirect];

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
            Self::OAuth => &Profile {
                segment: "oauth",
                approach: Approach::OAuth,
                proof: Proof::Token,
                links: LinkStyle::Absolute,
            },
            Self::Redirect => &Profile {
                segment: "redirect",
                approach: Approach::Redirect,
                proof: Proof::Nothing,
                links: LinkStyle::Relative,
            },
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
}
