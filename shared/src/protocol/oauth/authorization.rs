//! The authorisation request (RFC 6749 §4.1.1, RFC 7636 §4.3): an address for the browser.

use std::collections::BTreeSet;

use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, LOCATION},
};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{
    metadata::{MetadataError, agreed},
    pkce::Verifier,
};
use crate::{
    domain::{
        bank::{Bank, OAuthProfile},
        secret::{ExposeSecret, SecretString},
    },
    protocol::{
        exchange::{BankRequest, BankResponse, Operation},
        ticket::State,
    },
};

/// What one authorisation request is made of.
pub struct AuthorizationRequest<'a> {
    /// What is asked for.
    pub scope: &'a str,
    /// Where the bank sends the browser back to.
    pub redirect_uri: &'a Url,
    /// Binds the answer to this request.
    pub state: &'a State,
    /// Binds the code to this client, where the bank takes it.
    pub verifier: Option<&'a Verifier>,
}

/// The scope by a bank's recipe, with the consent's id where the recipe wants it.
pub fn scope(recipe: &str, consent_id: Option<&SecretString>) -> String {
    consent_id.map_or_else(|| recipe.to_owned(), |id| recipe.replace("{consent_id}", id.expose_secret()))
}

impl AuthorizationRequest<'_> {
    /// The address to send the browser to: the endpoint's own query, then our parameters under the names that they have
    /// at this bank, but for those that the endpoint's query has already.
    pub fn location(&self, endpoint: &Url, profile: &OAuthProfile) -> Url {
        let mut location = endpoint.clone();
        let given: BTreeSet<_> = endpoint.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let parameters = self.parameters(profile);
        let wanted = parameters.iter().filter(|(name, _)| !given.contains(*name));
        location.query_pairs_mut().extend_pairs(wanted);
        location
    }

    fn parameters<'b>(&'b self, profile: &'b OAuthProfile) -> Vec<(&'b str, String)> {
        let name = |name: &'b str| profile.authorize.rename.get(name).map_or(name, String::as_str);
        let mut parameters = vec![
            (name("response_type"), "code".to_owned()),
            (name("client_id"), profile.client_id.clone()),
            (name("redirect_uri"), self.redirect_uri.as_str().to_owned()),
            (name("scope"), self.scope.to_owned()),
            (name("state"), self.state.expose().to_owned()),
        ];
        if let Some(verifier) = self.verifier {
            parameters.push((name("code_challenge"), verifier.challenge()));
            parameters.push((name("code_challenge_method"), "S256".to_owned()));
        }
        let extra = profile.authorize.extra.iter().map(|(name, value)| (name.as_str(), value.clone()));
        parameters.into_iter().chain(extra).collect()
    }
}

/// Asks the bank where to send the browser, at a bank that tells no authorisation endpoint beforehand.
pub fn ask(endpoint: &Url, scope: &str, redirect_uri: &Url, request_id: Uuid) -> BankRequest {
    let mut url = endpoint.clone();
    url.query_pairs_mut().append_pair("scope", scope).append_pair("redirect_uri", redirect_uri.as_str());
    get(url, request_id)
}

/// The authorisation endpoint that the bank told: member `location` of its answer.
pub fn asked(bank: &Bank, response: &BankResponse) -> Result<Url, MetadataError> {
    #[derive(Deserialize)]
    struct Wire {
        location: Url,
    }
    agreed(response.status)?;
    let wire: Wire = serde_json::from_slice(&response.body).map_err(|_| MetadataError::Malformed)?;
    of_the_bank(bank, wire.location)
}

/// Calls the authorisation endpoint ourselves, at a bank that wants mutual TLS there.
pub fn call(location: Url, request_id: Uuid) -> BankRequest {
    get(location, request_id)
}

/// The page that the called endpoint redirects to. The redirect is the browser's to follow, never ours.
pub fn called(bank: &Bank, endpoint: &Url, response: &BankResponse) -> Result<Url, MetadataError> {
    if !response.status.is_redirection() {
        return Err(agreed(response.status).err().unwrap_or(MetadataError::Malformed));
    }
    let location = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.and_then(|text| endpoint.join(text).ok()).ok_or(MetadataError::Malformed)?;
    of_the_bank(bank, location)
}

fn of_the_bank(bank: &Bank, page: Url) -> Result<Url, MetadataError> {
    let has_credentials = !page.username().is_empty() || page.password().is_some();
    if bank.addresses.is_web(&page) && !has_credentials { Ok(page) } else { Err(MetadataError::ForeignEndpoint) }
}

fn get(url: Url, request_id: Uuid) -> BankRequest {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(&request_id.hyphenated().to_string()) {
        headers.insert("x-request-id", id);
    }
    BankRequest { operation: Operation::AuthorizationUrl, method: Method::GET, url, headers, body: None }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        protocol::oauth::samples::{answer, profile},
        testing::samples,
    };

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn query(endpoint: &str, profile: &OAuthProfile, pkce: bool) -> HashMap<String, String> {
        let verifier = Verifier::from_kept(VERIFIER.into());
        let request = AuthorizationRequest {
            scope: &scope(&profile.scope, Some(&"c-1 &".into())),
            redirect_uri: &"https://hub.example/callback/bank".parse().unwrap(),
            state: &State::from_callback("the-state"),
            verifier: Some(&verifier).filter(|_| pkce),
        };
        request.location(&endpoint.parse().unwrap(), profile).query_pairs().into_owned().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> HashMap<String, String> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn carries_everything_the_bank_needs_and_keeps_its_own_query() {
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
        assert_eq!(query("https://www.bank.example/authorize?brand=x", &profile(), true), pairs(&expected));
    }

    #[test]
    fn parameters_are_renamed_added_and_never_sent_twice() {
        let mut profile = profile();
        profile.authorize.rename =
            pairs(&[("response_type", "responseType"), ("client_id", "clientId")]).into_iter().collect();
        profile.authorize.extra = pairs(&[("bic", "GENODEF1S01")]).into_iter().collect();
        profile.scope = "AIS: {consent_id}".to_owned();
        let expected = [
            ("responseType", "code"),
            ("clientId", "given"),
            ("redirect_uri", "https://hub.example/callback/bank"),
            ("scope", "AIS: c-1 &"),
            ("state", "the-state"),
            ("bic", "GENODEF1S01"),
        ];
        assert_eq!(query("https://www.bank.example/authorize?clientId=given", &profile, false), pairs(&expected));
    }

    #[test]
    fn a_bank_that_is_asked_names_one_of_its_own_pages() {
        let bank = samples::bank();
        let told = |page: &str| asked(&bank, &answer(200, &format!(r#"{{"location":"{page}"}}"#)));
        assert_eq!(told("https://www.bank.example/a?b=1").unwrap().as_str(), "https://www.bank.example/a?b=1");
        for foreign in ["https://evil.example/a", "http://www.bank.example/a", "https://u@www.bank.example/a"] {
            assert_eq!(told(foreign), Err(MetadataError::ForeignEndpoint), "{foreign}");
        }
        assert_eq!(asked(&bank, &answer(401, "{}")), Err(MetadataError::Malformed));
        assert_eq!(asked(&bank, &answer(503, "")), Err(MetadataError::Failed));
        assert_eq!(asked(&bank, &answer(200, "{}")), Err(MetadataError::Malformed));
    }

    #[test]
    fn a_redirect_of_the_endpoint_is_handed_to_the_browser() {
        let bank = samples::bank();
        let endpoint = "https://www.bank.example/oauth/authorize".parse().unwrap();
        let at = |status, location: &str| {
            let mut response = answer(status, "");
            response.headers.insert(LOCATION, location.parse().unwrap());
            called(&bank, &endpoint, &response)
        };
        assert_eq!(at(302, "/login?id=1").unwrap().as_str(), "https://www.bank.example/login?id=1");
        assert_eq!(at(302, "https://evil.example/"), Err(MetadataError::ForeignEndpoint));
        assert_eq!(at(200, "/login"), Err(MetadataError::Malformed));
    }
}
