//! What a bank granted: the consent's handle and the tokens, in clear only between two calls.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    sealed::Sealed,
    secret::{ExposeSecret, SecretString},
};

/// The secrets of one consent. They exist in clear only while a bank is being called.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The consent's id at the bank; absent where the token is the consent.
    pub consent_id: Option<SecretString>,
    /// The id of the authorisation that the PSU has yet to finish elsewhere.
    pub authorisation_id: Option<SecretString>,
    /// Tokens, where the bank uses OAuth.
    pub tokens: Option<Tokens>,
}

/// Tokens of one grant.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For data calls.
    pub access: SecretString,
    /// For new access tokens, if the bank gave one.
    pub refresh: Option<SecretString>,
    /// The scope granted, if it differs from the one asked for.
    pub scope: Option<String>,
}

/// The text that is sealed did not hold a grant.
#[derive(Debug, thiserror::Error)]
#[error("the opened text is not a grant")]
pub struct NotAGrant;

/// The plaintext form. Private, so that a grant is written out only to be sealed.
#[derive(Serialize, Deserialize)]
struct Plain<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    consent_id: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    authorisation_id: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    access: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    refresh: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scope: Option<String>,
}

impl Grant {
    /// The access token, where the bank uses OAuth.
    pub fn access_token(&self) -> Option<&SecretString> {
        self.tokens.as_ref().map(|tokens| &tokens.access)
    }

    /// A consent with no tokens.
    pub const fn of_consent(consent_id: SecretString) -> Self {
        Self { consent_id: Some(consent_id), authorisation_id: None, tokens: None }
    }

    /// The grant as the text to seal; wiped when dropped.
    pub fn to_plaintext(&self) -> Result<Zeroizing<Vec<u8>>, NotAGrant> {
        let tokens = self.tokens.as_ref();
        let plain = Plain {
            consent_id: self.consent_id.as_ref().map(|id| id.expose_secret().into()),
            authorisation_id: self.authorisation_id.as_ref().map(|id| id.expose_secret().into()),
            access: tokens.map(|tokens| tokens.access.expose_secret().into()),
            refresh: tokens.and_then(|tokens| Some(tokens.refresh.as_ref()?.expose_secret().into())),
            scope: tokens.and_then(|tokens| tokens.scope.clone()),
        };
        let texts = [&plain.consent_id, &plain.authorisation_id, &plain.access, &plain.refresh];
        let length: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        let length = length + plain.scope.as_ref().map_or(0, String::len);
        // A buffer that never grows leaves no copies behind: an escaped character is six bytes, the names are under 130.
        let mut text = Zeroizing::new(Vec::with_capacity(6 * length + 130));
        serde_json::to_writer(&mut *text, &plain).map_err(|_| NotAGrant)?;
        Ok(text)
    }

    /// The grant in an opened text.
    pub fn from_plaintext(text: &[u8]) -> Result<Self, NotAGrant> {
        let plain: Plain = serde_json::from_slice(text).map_err(|_| NotAGrant)?;
        let secret = |text: std::borrow::Cow<'_, str>| SecretString::from(text.into_owned());
        let refresh = plain.refresh.map(secret);
        let tokens = plain.access.map(|access| Tokens { access: secret(access), refresh, scope: plain.scope });
        if plain.consent_id.is_none() && tokens.is_none() {
            return Err(NotAGrant);
        }
        Ok(Self {
            consent_id: plain.consent_id.map(secret),
            authorisation_id: plain.authorisation_id.map(secret),
            tokens,
        })
    }
}

/// A grant as the store holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredGrant {
    /// The sealed [`Grant`], bound to `generation`.
    pub sealed: Sealed,
    /// Grows with every new grant of the session, so that an older one put back does not open.
    pub generation: u64,
    /// From when on the access token should no longer be used; a little before it ends. Absent without tokens.
    pub access_stale_at: Option<Timestamp>,
    /// When the access token ends. Between the two it is used only where no fresh one can be had.
    #[serde(default)]
    pub access_ends_at: Option<Timestamp>,
    /// Whether there is a refresh token.
    pub refreshable: bool,
    /// When the chain of refresh tokens ends, if the bank ends it.
    pub chain_ends_at: Option<Timestamp>,
    /// When the refresh token ends unless it is used before, at banks where it does.
    #[serde(default)]
    pub idle_ends_at: Option<Timestamp>,
}

impl StoredGrant {
    /// Whether the access token should be renewed before the next call.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.access_stale_at.is_some_and(|stale| stale <= now)
    }

    /// Whether the access token has not ended yet.
    pub fn still_lives(&self, now: Timestamp) -> bool {
        self.access_ends_at.is_some_and(|ends| now < ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_survives_sealing_and_shows_nothing() {
        let grant = Grant {
            consent_id: Some("consent-canary".into()),
            authorisation_id: Some("authorisation-canary".into()),
            tokens: Some(Tokens {
                access: "access-\"canary\"".into(),
                refresh: Some("refresh-canary".into()),
                scope: Some("AIS".to_owned()),
            }),
        };
        assert!(!format!("{grant:?}").contains("canary"));
        let again = Grant::from_plaintext(&grant.to_plaintext().unwrap()).unwrap();
        let tokens = again.tokens.unwrap();
        assert_eq!(again.consent_id.unwrap().expose_secret(), "consent-canary");
        assert_eq!(again.authorisation_id.unwrap().expose_secret(), "authorisation-canary");
        assert_eq!(tokens.access.expose_secret(), "access-\"canary\"");
        assert_eq!(tokens.refresh.unwrap().expose_secret(), "refresh-canary");
    }

    #[test]
    fn other_text_is_not_a_grant() {
        assert!(Grant::from_plaintext(b"{}").is_err());
        assert!(Grant::from_plaintext(b"").is_err());
    }
}
