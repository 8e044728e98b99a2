//! The token endpoint (RFC 6749 §4.1.3, §5, §6), over mutual TLS with `tls_client_auth` (RFC 8705 §2.1).

use std::time::Duration;

use http::{StatusCode, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{form_post, metadata::Metadata, pkce::Verifier};
use crate::{
    domain::{
        bank::{ApplicationToken, OAuthProfile},
        grant::Tokens,
        secret::{ExposeSecret, SecretString},
    },
    protocol::exchange::{BankRequest, BankResponse, Operation},
};

/// The longest token that is kept. Real ones are a few hundred bytes, self-contained ones a few thousand.
const MAX_TOKEN: usize = 32 * 1024;

/// The longest life of an access token that is believed.
const MAX_LIFETIME: Duration = Duration::from_hours(366 * 24);

/// Tokens as the bank gave them.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The tokens.
    pub tokens: Tokens,
    /// How long the access token lives.
    pub lifetime: Duration,
}

/// The token endpoint gave no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// `invalid_grant`: the code or refresh token is not good (any more).
    #[error("the bank does not take the grant")]
    InvalidGrant,
    /// `invalid_client` or `unauthorized_client`: it does not know us; the grant is as it was.
    #[error("the bank does not know the client")]
    InvalidClient,
    /// Any other 4xx: a refusal that did not use the grant.
    #[error("the bank refused the token request")]
    Refused,
    /// A 503 that tells when to come back (RFC 9110 §15.6.4): the bank is closed, and has not looked at the grant.
    #[error("the bank is closed for a while")]
    Closed,
    /// Any other 5xx, or 408: whether the grant was used is not known.
    #[error("the bank failed at the token request")]
    Failed,
    /// A success that holds no usable tokens: whether the grant was used is not known.
    #[error("the bank's token answer is not usable")]
    Unusable,
}

impl TokenRefusal {
    /// Whether the grant may have been used up although no tokens came.
    pub const fn may_have_used_grant(self) -> bool {
        matches!(self, Self::Failed | Self::Unusable)
    }
}

/// Redeems an authorisation code (RFC 6749 §4.1.3).
pub fn redeem_code(
    metadata: &Metadata,
    profile: &OAuthProfile,
    code: &SecretString,
    verifier: Option<&Verifier>,
    redirect_uri: &Url,
) -> BankRequest {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &profile.client_id),
        ("code", code.expose_secret()),
        ("redirect_uri", redirect_uri.as_str()),
    ];
    fields.extend(verifier.map(|verifier| ("code_verifier", verifier.expose())));
    post(Operation::RedeemCode, metadata, profile, fields)
}

/// Asks for new tokens (RFC 6749 §6).
pub fn refresh(metadata: &Metadata, profile: &OAuthProfile, refresh_token: &SecretString) -> BankRequest {
    let fields = vec![
        ("grant_type", "refresh_token"),
        ("client_id", &profile.client_id),
        ("refresh_token", refresh_token.expose_secret()),
    ];
    post(Operation::RefreshTokens, metadata, profile, fields)
}

/// Asks for a token for ourselves (RFC 6749 §4.4).
pub fn application(metadata: &Metadata, profile: &OAuthProfile, wanted: &ApplicationToken) -> BankRequest {
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", profile.client_id.as_str())];
    fields.extend(wanted.scope.as_deref().map(|scope| ("scope", scope)));
    post(Operation::ApplicationToken, metadata, profile, fields)
}

/// A call of the token endpoint, with what the bank wants besides.
fn post<'a>(
    operation: Operation,
    metadata: &Metadata,
    profile: &'a OAuthProfile,
    mut fields: Vec<(&'a str, &'a str)>,
) -> BankRequest {
    fields.extend(profile.token.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut endpoint = metadata.token_endpoint.clone();
    if !profile.token.query.is_empty() {
        endpoint.query_pairs_mut().extend_pairs(&profile.token.query);
    }
    form_post(operation, &endpoint, &fields)
}

#[derive(Deserialize)]
struct Wire {
    access_token: SecretString,
    token_type: String,
    expires_in: Option<Value>,
    refresh_token: Option<SecretString>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct WireError {
    error: String,
}

/// Judges the answer (RFC 6749 §5.1, §5.2).
pub fn process(profile: &OAuthProfile, response: &BankResponse) -> Result<TokenAnswer, TokenRefusal> {
    if response.status != StatusCode::OK {
        return Err(refusal(response));
    }
    let wire: Wire = serde_json::from_slice(&response.body).map_err(|_| TokenRefusal::Unusable)?;
    let refresh_is_sound = wire.refresh_token.as_ref().is_none_or(is_sound);
    if !wire.token_type.eq_ignore_ascii_case("bearer") || !is_sound(&wire.access_token) || !refresh_is_sound {
        return Err(TokenRefusal::Unusable);
    }
    let lifetime = wire.expires_in.as_ref().and_then(seconds).unwrap_or(profile.default_access_lifetime);
    let tokens = Tokens { access: wire.access_token, refresh: wire.refresh_token, scope: wire.scope };
    Ok(TokenAnswer { tokens, lifetime: lifetime.min(MAX_LIFETIME) })
}

fn refusal(response: &BankResponse) -> TokenRefusal {
    if response.status == StatusCode::SERVICE_UNAVAILABLE && response.headers.contains_key(RETRY_AFTER) {
        return TokenRefusal::Closed;
    }
    if response.status.is_server_error() || response.status == StatusCode::REQUEST_TIMEOUT {
        return TokenRefusal::Failed;
    }
    if !response.status.is_client_error() {
        return TokenRefusal::Unusable;
    }
    let error = serde_json::from_slice::<WireError>(&response.body).map(|wire| wire.error);
    match error.as_deref() {
        Ok("invalid_grant") => TokenRefusal::InvalidGrant,
        Ok("invalid_client" | "unauthorized_client") => TokenRefusal::InvalidClient,
        _ => TokenRefusal::Refused,
    }
}

/// Whether a token can be sent in a header (RFC 6750 §2.1 `b64token`, widened to what banks send: visible ASCII).
fn is_sound(token: &SecretString) -> bool {
    let token = token.expose_secret();
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A lifetime as banks write it: a number, or a number as text. Nonsense counts as not said.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::*;
    use crate::protocol::oauth::samples::{answer, profile};

    fn judged(body: &str) -> Result<TokenAnswer, TokenRefusal> {
        process(&profile(), &answer(200, body))
    }

    #[test]
    fn takes_tokens_whatever_the_case_of_their_type() {
        let got = judged(r#"{"access_token":"a","token_type":"bEARER","expires_in":60,"refresh_token":"r"}"#).unwrap();
        assert_eq!(got.tokens.access.expose_secret(), "a");
        assert_eq!(got.tokens.refresh.unwrap().expose_secret(), "r");
        assert_eq!(got.lifetime, Duration::from_mins(1));
    }

    #[test]
    fn a_life_not_said_or_nonsense_is_the_default() {
        let lives = ["null", "0", "-5", "1e30", "\"soon\"", "[]", "3600.5"];
        for life in lives {
            let got = judged(&format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":{life}}}"#)).unwrap();
            assert_eq!(got.lifetime, profile().default_access_lifetime, "{life}");
        }
        let got = judged(r#"{"access_token":"a","token_type":"Bearer"}"#).unwrap();
        assert_eq!(got.lifetime, profile().default_access_lifetime);
    }

    #[test]
    fn a_life_as_text_counts_and_an_endless_one_is_cut() {
        let got = judged(r#"{"access_token":"a","token_type":"Bearer","expires_in":"3600"}"#).unwrap();
        assert_eq!(got.lifetime, Duration::from_hours(1));
        let got = judged(r#"{"access_token":"a","token_type":"Bearer","expires_in":18446744073709551615}"#).unwrap();
        assert_eq!(got.lifetime, MAX_LIFETIME);
    }

    #[test]
    fn a_success_without_usable_tokens_is_no_success() {
        let long = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "a".repeat(64 * 1024));
        let bodies = [
            "",
            "[]",
            "<html>",
            "{}",
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"mac"}"#,
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a\r\nb","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":""}"#,
            r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
            &long,
        ];
        for body in bodies {
            assert_eq!(judged(body).unwrap_err(), TokenRefusal::Unusable, "{}", &body[..body.len().min(60)]);
        }
    }

    #[test]
    fn tells_refusals_apart() {
        let cases = [
            (400, r#"{"error":"invalid_grant"}"#, TokenRefusal::InvalidGrant),
            (401, r#"{"error":"invalid_client"}"#, TokenRefusal::InvalidClient),
            (400, r#"{"error":"invalid_scope"}"#, TokenRefusal::Refused),
            (400, "<html>", TokenRefusal::Refused),
            (400, "", TokenRefusal::Refused),
            (504, "", TokenRefusal::Failed),
            (500, r#"{"error":"invalid_grant"}"#, TokenRefusal::Failed),
            (302, "", TokenRefusal::Unusable),
        ];
        for (status, body, refusal) in cases {
            assert_eq!(process(&profile(), &answer(status, body)).unwrap_err(), refusal, "{status} {body}");
        }
        for (status, refusal) in [(503, TokenRefusal::Closed), (504, TokenRefusal::Failed)] {
            let mut response = answer(status, "");
            response.headers.insert(RETRY_AFTER, "3600".parse().unwrap());
            assert_eq!(process(&profile(), &response).unwrap_err(), refusal, "{status} and a time");
        }
    }

    #[test]
    fn asks_with_the_fields_of_the_standard() {
        let metadata = Metadata {
            authorization_endpoint: "https://www.bank.example/authorize".parse().unwrap(),
            token_endpoint: "https://api.bank.example/token".parse().unwrap(),
            revocation_endpoint: None,
            names_issuer_in_response: true,
        };
        let verifier = Verifier::from_kept("v".into());
        let back: Url = "https://hub.example/callback/bank".parse().unwrap();
        let request = redeem_code(&metadata, &profile(), &"c&d".into(), Some(&verifier), &back);
        let body = request.body.unwrap();
        let fields: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
        assert!(fields.contains(&("code".to_owned(), "c&d".to_owned())));
        assert!(fields.contains(&("code_verifier".to_owned(), "v".to_owned())));
        assert_eq!(request.url, metadata.token_endpoint);
    }

    #[test]
    fn sends_what_the_bank_wants_besides() {
        let metadata = Metadata {
            authorization_endpoint: "https://www.bank.example/authorize".parse().unwrap(),
            token_endpoint: "https://api.bank.example/token".parse().unwrap(),
            revocation_endpoint: None,
            names_issuer_in_response: true,
        };
        let mut profile = profile();
        profile.token.query = [("role".to_owned(), "DEDICATED_AISP".to_owned())].into();
        profile.token.extra = [("brand".to_owned(), "x".to_owned())].into();
        let wanted = ApplicationToken { scope: Some("app".to_owned()), operations: [Operation::CreateConsent].into() };
        let request = application(&metadata, &profile, &wanted);
        assert_eq!(request.url.as_str(), "https://api.bank.example/token?role=DEDICATED_AISP");
        let body = String::from_utf8(request.body.unwrap().to_vec()).unwrap();
        assert_eq!(body, "grant_type=client_credentials&client_id=PSDDE-BAFIN-123456&scope=app&brand=x");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(status in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut response = answer(status, "");
            response.body = body.into();
            let _ = process(&profile(), &response);
        }
    }
}
