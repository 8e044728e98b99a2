//! The authorisation request (RFC 6749 §4.1.1, RFC 7636 §4.3): an address for the browser.

use url::Url;

use super::{metadata::Metadata, pkce::Verifier};
use crate::{
    domain::{
        bank::OAuthProfile,
        secret::{ExposeSecret, SecretString},
    },
    protocol::ticket::State,
};

/// What one authorisation request is made of.
pub struct AuthorizationRequest<'a> {
    /// The consent that the PSU is to authorise.
    pub consent_id: &'a SecretString,
    /// Where the bank sends the browser back to.
    pub redirect_uri: &'a Url,
    /// Binds the answer to this request.
    pub state: &'a State,
    /// Binds the code to this client.
    pub verifier: &'a Verifier,
}

impl AuthorizationRequest<'_> {
    /// The address to send the browser to.
    pub fn location(&self, metadata: &Metadata, profile: &OAuthProfile) -> Url {
        let mut location = metadata.authorization_endpoint.clone();
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &profile.client_id)
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("scope", &self.scope(profile))
            .append_pair("state", self.state.expose())
            .append_pair("code_challenge", &self.verifier.challenge())
            .append_pair("code_challenge_method", "S256");
        location
    }

    fn scope(&self, profile: &OAuthProfile) -> String {
        profile.scope.replace("{consent_id}", self.consent_id.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::protocol::oauth::samples::profile;

    #[test]
    fn carries_everything_the_bank_needs_and_keeps_its_own_query() {
        let metadata = Metadata {
            authorization_endpoint: "https://www.bank.example/authorize?brand=x".parse().unwrap(),
            token_endpoint: "https://api.bank.example/token".parse().unwrap(),
            revocation_endpoint: None,
            names_issuer_in_response: true,
        };
        let request = AuthorizationRequest {
            consent_id: &"c-1 &".into(),
            redirect_uri: &"https://hub.example/callback/bank".parse().unwrap(),
            state: &State::from_callback("the-state"),
            verifier: &Verifier::from_kept("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
        };
        let location = request.location(&metadata, &profile());
        let query: HashMap<_, _> = location.query_pairs().into_owned().collect();
        let expected = [
            ("brand", "x"),
            ("response_type", "code"),
            ("client_id", "PSDDE-BAFIN-123456"),
            ("redirect_uri", "https://hub.example/callback/bank"),
            ("scope", "AIS:c-1 &"),
            ("state", "the-state"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        assert_eq!(query, expected.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    }
}
