//! Codes: for whom and for what they were handed out, and how they are redeemed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::pkce::Challenge;
use super::GrantId;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Subject {
    /// A consent.
    Consent(String),
    /// A customer who has logged in.
    Customer { customer: String },
    /// The client itself, with the scope it asked for.
    Application { application: String },
}

/// For whom and for what a code is issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Purpose {
    pub(crate) client: String,
    #[serde(rename = "consent")]
    pub(crate) subject: Subject,
    pub(crate) redirect_uri: String,
    /// None if the request had none and the bank allows that.
    pub(crate) challenge: Option<Challenge>,
}

/// A code that was handed out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) purpose: Purpose,
    pub(super) expires_at: Timestamp,
    /// Set once it has been redeemed.
    pub(super) grant: Option<GrantId>,
}

impl Code {
    /// In time, to the address it was sent to, by whoever asked for it (RFC 7636 section 4.6). A
    /// verifier without a challenge is refused (RFC 9700 section 4.8.2).
    pub(super) fn is_redeemed_rightly(&self, attempt: &Redemption<'_>, now: Timestamp) -> bool {
        let answered = match (&self.purpose.challenge, attempt.verifier) {
            (Some(challenge), Some(verifier)) => challenge.is_answered_by(verifier),
            (challenge, verifier) => challenge.is_none() && verifier.is_none(),
        };
        answered && now < self.expires_at && self.purpose.redirect_uri == attempt.redirect_uri
    }
}

/// A client's attempt to redeem a code.
#[derive(Debug)]
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
}
