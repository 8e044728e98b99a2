//! The authorisation server's metadata (RFC 8414).

use http::{HeaderMap, HeaderValue, Method, StatusCode, header::ACCEPT};
use serde::Deserialize;
use url::Url;

use crate::{
    domain::bank::{AuthorizeBy, Bank, OAuthProfile},
    protocol::exchange::{BankRequest, BankResponse, Operation},
};

/// What the hub uses of the metadata, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where the browser goes; of one of the bank's web origins.
    pub authorization_endpoint: Url,
    /// Where tokens come from; of the bank's API origin.
    pub token_endpoint: Url,
    /// Where tokens are revoked, if the bank can.
    pub revocation_endpoint: Option<Url>,
    /// Whether every authorisation response carries `iss` (RFC 9207 §3).
    pub names_issuer_in_response: bool,
}

/// The metadata is not to be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The bank is failing (408 or 5xx).
    #[error("the bank failed at the request for metadata")]
    Failed,
    /// Not a 200 with metadata in it.
    #[error("the answer is not authorisation server metadata")]
    Malformed,
    /// It speaks for another issuer (§3.3).
    #[error("the metadata names another issuer")]
    OtherIssuer,
    /// It names an endpoint outside the bank's registered origins.
    #[error("the metadata names an endpoint outside the bank's origins")]
    ForeignEndpoint,
}

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    revocation_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    mtls_endpoint_aliases: Aliases,
}

/// RFC 8705 §5.
#[derive(Default, Deserialize)]
struct Aliases {
    token_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
}

/// Asks for the metadata (§3.1); nothing to ask where the bank's document holds the endpoints.
pub fn request(profile: &OAuthProfile) -> Option<BankRequest> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let url = profile.metadata_url.clone()?;
    Some(BankRequest { operation: Operation::Metadata, method: Method::GET, url, headers, body: None })
}

/// What the bank's document alone says.
pub fn of_document(bank: &Bank, profile: &OAuthProfile) -> Result<Metadata, MetadataError> {
    Named::default().judged(bank, profile)
}

/// Judges the answer (§3.2, §3.3): the issuer is the registered one and every endpoint belongs to the bank. Endpoints
/// of the document go before those that the server names.
pub fn process(bank: &Bank, profile: &OAuthProfile, response: &BankResponse) -> Result<Metadata, MetadataError> {
    agreed(response.status)?;
    let wire: Wire = serde_json::from_slice(&response.body).map_err(|_| MetadataError::Malformed)?;
    if wire.issuer != profile.issuer {
        return Err(MetadataError::OtherIssuer);
    }
    let named = Named {
        authorization: Some(wire.authorization_endpoint),
        token: Some(wire.mtls_endpoint_aliases.token_endpoint.unwrap_or(wire.token_endpoint)),
        revocation: wire.mtls_endpoint_aliases.revocation_endpoint.or(wire.revocation_endpoint),
        names_issuer_in_response: wire.authorization_response_iss_parameter_supported,
    };
    named.judged(bank, profile)
}

/// Whether the server answered what it was asked for.
pub(super) fn agreed(status: StatusCode) -> Result<(), MetadataError> {
    match status {
        StatusCode::OK => Ok(()),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Err(MetadataError::Failed),
        _ => Err(MetadataError::Malformed),
    }
}

/// Endpoints as the server names them.
#[derive(Default)]
struct Named {
    authorization: Option<Url>,
    token: Option<Url>,
    revocation: Option<Url>,
    names_issuer_in_response: bool,
}

impl Named {
    fn judged(self, bank: &Bank, profile: &OAuthProfile) -> Result<Metadata, MetadataError> {
        let fixed = &profile.endpoints;
        let on_api = |url: Url| if bank.addresses.is_api(&url) { Ok(url) } else { Err(MetadataError::ForeignEndpoint) };
        let authorization = fixed.authorization.clone().or(self.authorization).ok_or(MetadataError::Malformed)?;
        let reachable = match profile.authorize.by {
            AuthorizeBy::Hub | AuthorizeBy::HubAsks => bank.addresses.is_api(&authorization),
            AuthorizeBy::Browser => bank.addresses.is_web(&authorization),
        };
        if !reachable {
            return Err(MetadataError::ForeignEndpoint);
        }
        Ok(Metadata {
            authorization_endpoint: authorization,
            token_endpoint: on_api(fixed.token.clone().or(self.token).ok_or(MetadataError::Malformed)?)?,
            revocation_endpoint: fixed.revocation.clone().or(self.revocation).map(on_api).transpose()?,
            names_issuer_in_response: self.names_issuer_in_response,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        protocol::oauth::samples::{answer, profile},
        testing::samples::bank,
    };

    fn metadata() -> serde_json::Value {
        json!({
            "issuer": "https://api.bank.example/oauth",
            "authorization_endpoint": "https://www.bank.example/authorize",
            "token_endpoint": "https://api.bank.example/token",
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn judged(metadata: &serde_json::Value) -> Result<Metadata, MetadataError> {
        process(&bank(), &profile(), &answer(200, &metadata.to_string()))
    }

    #[test]
    fn takes_metadata_of_the_registered_issuer() {
        let judged = judged(&metadata()).unwrap();
        assert_eq!(judged.token_endpoint.as_str(), "https://api.bank.example/token");
        assert!(judged.names_issuer_in_response);
        assert_eq!(judged.revocation_endpoint, None);
    }

    #[test]
    fn prefers_the_mutual_tls_aliases() {
        let mut with_alias = metadata();
        with_alias["mtls_endpoint_aliases"] = json!({"token_endpoint": "https://api.bank.example/mtls/token"});
        assert_eq!(judged(&with_alias).unwrap().token_endpoint.path(), "/mtls/token");
    }

    #[test]
    fn refuses_another_issuer() {
        let mut other = metadata();
        other["issuer"] = json!("https://api.bank.example/oauth/");
        assert_eq!(judged(&other), Err(MetadataError::OtherIssuer));
    }

    #[test]
    fn refuses_endpoints_on_other_hosts() {
        let fields = [
            ("token_endpoint", "https://evil.example/token"),
            ("token_endpoint", "http://api.bank.example/token"),
            ("token_endpoint", "https://api.bank.example:8443/token"),
            ("authorization_endpoint", "https://evil.example/authorize"),
            ("revocation_endpoint", "https://169.254.169.254/revoke"),
        ];
        for (field, value) in fields {
            let mut foreign = metadata();
            foreign[field] = json!(value);
            assert_eq!(judged(&foreign), Err(MetadataError::ForeignEndpoint), "{field}");
        }
    }

    #[test]
    fn refuses_what_is_not_metadata() {
        let judged = |status, body| process(&bank(), &profile(), &answer(status, body));
        for (status, body) in [(200, "<html>"), (200, "[]"), (404, "{}"), (302, "")] {
            assert_eq!(judged(status, body), Err(MetadataError::Malformed), "{status} {body}");
        }
        for status in [408, 500, 503] {
            assert_eq!(judged(status, "{}"), Err(MetadataError::Failed), "{status}");
        }
    }
}
