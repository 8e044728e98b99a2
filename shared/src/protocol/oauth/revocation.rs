//! Token revocation (RFC 7009).

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::form_post;
use crate::{
    domain::{
        bank::OAuthProfile,
        secret::{ExposeSecret, SecretString},
    },
    protocol::exchange::{BankRequest, BankResponse, Operation},
};

/// Which of the tokens (§2.1). Revoking the refresh token also ends the access tokens made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `refresh_token`.
    Refresh,
    /// `access_token`.
    Access,
}

/// How the revocation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The token is dead, or was (§2.2).
    Done,
    /// The bank does not revoke tokens of this kind (§2.2.1).
    NotSupported,
    /// Try again later.
    NotYet,
}

/// Asks for the revocation (§2.1).
pub fn request(endpoint: &Url, profile: &OAuthProfile, token: &SecretString, hint: Hint) -> BankRequest {
    let hint = match hint {
        Hint::Refresh => "refresh_token",
        Hint::Access => "access_token",
    };
    let fields =
        [("client_id", profile.client_id.as_str()), ("token", token.expose_secret()), ("token_type_hint", hint)];
    form_post(Operation::RevokeToken, endpoint, &fields)
}

#[derive(Deserialize)]
struct WireError {
    error: String,
}

/// Judges the answer (§2.2).
pub fn process(response: &BankResponse) -> Revoked {
    if response.status.is_success() {
        return Revoked::Done;
    }
    let error = serde_json::from_slice::<WireError>(&response.body).map(|wire| wire.error);
    match (response.status, error.as_deref()) {
        (StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED, _)
        | (StatusCode::BAD_REQUEST, Ok("unsupported_token_type")) => Revoked::NotSupported,
        // An unknown token is a success by the standard; some banks say so with an error instead.
        (StatusCode::BAD_REQUEST, Ok("invalid_grant" | "invalid_token")) => Revoked::Done,
        _ => Revoked::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::oauth::samples::answer;

    #[test]
    fn tells_what_became_of_the_token() {
        let cases = [
            (200, "", Revoked::Done),
            (204, "", Revoked::Done),
            (400, r#"{"error":"unsupported_token_type"}"#, Revoked::NotSupported),
            (400, r#"{"error":"invalid_token"}"#, Revoked::Done),
            (400, "", Revoked::NotYet),
            (401, r#"{"error":"invalid_client"}"#, Revoked::NotYet),
            (404, "", Revoked::NotSupported),
            (503, "", Revoked::NotYet),
        ];
        for (status, body, revoked) in cases {
            assert_eq!(process(&answer(status, body)), revoked, "{status} {body}");
        }
    }
}
