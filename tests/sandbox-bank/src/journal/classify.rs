//! What a request is about, told from its method and path alone, so that refused and unknown
//! requests get a proper entry as well.

use axum::http::Method;

use super::entry::Operation;
use crate::mood::Mood;
use crate::random::is_id;

/// What a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) mood: Option<Mood>,
    pub(crate) operation: Operation,
    /// The consent named in the path.
    pub(crate) consent: Option<String>,
    pub(crate) account: Option<String>,
    /// The path, with everything hidden that might be an account number or a secret.
    pub(crate) path: String,
}

/// Reads a method and a path.
pub(crate) fn classify(method: &Method, path: &str) -> Target {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mood = segments.first().and_then(|segment| Mood::of_segment(segment));
    let rest = segments.get(1..).filter(|_| mood.is_some()).unwrap_or_default();
    let (operation, consent, account) = subject(method, rest);
    Target {
        mood,
        operation,
        consent: consent.filter(|id| is_id(id)).map(str::to_owned),
        account: account.filter(|id| is_id(id)).map(str::to_owned),
        path: segments.iter().flat_map(|segment| ["/", tellable(segment)]).collect(),
    }
}

fn subject<'a>(method: &Method, segments: &[&'a str]) -> (Operation, Option<&'a str>, Option<&'a str>) {
    match *segments {
        ["v1", "consents"] if method == Method::POST => (Operation::Consents, None, None),
        ["v1", "consents", id] => (Operation::Consent, Some(id), None),
        ["v1", "consents", id, "status"] => (Operation::ConsentStatus, Some(id), None),
        ["v1", "consents", id, "authorisations"] if method == Method::POST => {
            (Operation::StartAuthorisation, Some(id), None)
        }
        ["v1", "consents", id, "authorisations"] => (Operation::Authorisations, Some(id), None),
        ["v1", "consents", id, "authorisations", _] if method == Method::PUT => {
            (Operation::ConfirmAuthorisation, Some(id), None)
        }
        ["v1", "consents", id, "authorisations", _] => (Operation::AuthorisationStatus, Some(id), None),
        ["v1", "accounts"] => (Operation::Accounts, None, None),
        ["v1", "accounts", id] => (Operation::Account, None, Some(id)),
        ["v1", "accounts", id, "balances"] => (Operation::Balances, None, Some(id)),
        ["v1", "accounts", id, "transactions"] | ["v1", "accounts", id, "transactions", "download"] => {
            (Operation::Transactions, None, Some(id))
        }
        ["v1", "accounts", id, "transactions", _] => (Operation::Transaction, None, Some(id)),
        ["v1", "card-accounts"] => (Operation::CardAccounts, None, None),
        ["v1", "card-accounts", id] => (Operation::CardAccount, None, Some(id)),
        ["v1", "card-accounts", id, "balances"] => (Operation::CardBalances, None, Some(id)),
        ["v1", "card-accounts", id, "transactions"] => (Operation::CardTransactions, None, Some(id)),
        ["oauth", "authorization-server-url"] => (Operation::AuthorizationUrl, None, None),
        ["token"] => (Operation::Token, None, None),
        ["revoke"] => (Operation::Revoke, None, None),
        [".well-known", "oauth-authorization-server"] => (Operation::Metadata, None, None),
        _ => (Operation::Unknown, None, None),
    }
}

/// A segment as the journal may tell it: one of our ids, or a plain word. Account numbers have more
/// than two digits, tokens have capitals or are longer.
fn tellable(segment: &str) -> &str {
    let plain = segment.len() <= 32
        && segment.bytes().filter(u8::is_ascii_digit).count() <= 2
        && segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte));
    if plain || is_id(segment) { segment } else { "*" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "7e2b4f1a-93c5-4d0e-8a6f-1b2c3d4e5f60";

    #[test]
    fn names_each_operation() {
        for (method, path, operation) in [
            (Method::POST, "/oauth/v1/consents".to_owned(), Operation::Consents),
            (Method::GET, format!("/oauth/v1/consents/{ID}"), Operation::Consent),
            (Method::GET, format!("/redirect/v1/consents/{ID}/status"), Operation::ConsentStatus),
            (Method::POST, format!("/explicit/v1/consents/{ID}/authorisations"), Operation::StartAuthorisation),
            (Method::GET, format!("/redirect/v1/consents/{ID}/authorisations"), Operation::Authorisations),
            (Method::GET, format!("/redirect/v1/consents/{ID}/authorisations/{ID}"), Operation::AuthorisationStatus),
            (Method::PUT, format!("/explicit/v1/consents/{ID}/authorisations/{ID}"), Operation::ConfirmAuthorisation),
            (Method::GET, "/redirect/v1/card-accounts".to_owned(), Operation::CardAccounts),
            (Method::GET, format!("/redirect/v1/card-accounts/{ID}"), Operation::CardAccount),
            (Method::GET, format!("/redirect/v1/card-accounts/{ID}/balances"), Operation::CardBalances),
            (Method::GET, format!("/redirect/v1/card-accounts/{ID}/transactions"), Operation::CardTransactions),
            (Method::GET, "/token/oauth/authorization-server-url".to_owned(), Operation::AuthorizationUrl),
            (Method::GET, "/redirect/v1/accounts".to_owned(), Operation::Accounts),
            (Method::GET, format!("/redirect/v1/accounts/{ID}"), Operation::Account),
            (Method::GET, format!("/redirect/v1/accounts/{ID}/balances"), Operation::Balances),
            (Method::GET, format!("/redirect/v1/accounts/{ID}/transactions"), Operation::Transactions),
            (Method::GET, format!("/redirect/v1/accounts/{ID}/transactions/1"), Operation::Transaction),
            (Method::POST, "/oauth/token".to_owned(), Operation::Token),
            (Method::POST, "/oauth/revoke".to_owned(), Operation::Revoke),
            (Method::GET, "/oauth/.well-known/oauth-authorization-server".to_owned(), Operation::Metadata),
            (Method::GET, "/other/v1/accounts".to_owned(), Operation::Unknown),
            (Method::GET, "/".to_owned(), Operation::Unknown),
        ] {
            assert_eq!(classify(&method, &path).operation, operation, "{path}");
        }
    }

    #[test]
    fn finds_the_ids_in_the_path() {
        let target = classify(&Method::GET, &format!("/redirect/v1/accounts/{ID}/balances"));
        assert_eq!((target.mood, target.account.as_deref()), (Some(Mood::Redirect), Some(ID)));
        assert_eq!(target.path, format!("/redirect/v1/accounts/{ID}/balances"));
    }

    #[test]
    fn hides_account_numbers_and_secrets_in_paths() {
        let target = classify(&Method::GET, "/oauth/v1/accounts/DE89370400440532013000/balances");
        assert_eq!((target.path.as_str(), target.account), ("/oauth/v1/accounts/*/balances", None));
        let target =
            classify(&Method::GET, "/oauth/v1/de89370400440532013000/dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(target.path, "/oauth/v1/*/*");
    }
}
