//! Where the interface's resources are, below the bank's own root.
//!
//! Ids come from the bank or through the CRM, so each is encoded to stay the one path segment that it is meant to be.

use http::Method;
use url::Url;

use super::{BankRequest, Operation, errors::UnsendableRequest, headers::CallHeaders};
use crate::domain::{
    bank::Bank,
    secret::{ExposeSecret, SecretString},
};

/// The paths of the standard, below the bank's root.
const fn standard(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::CreateConsent => "v1/consents",
        Operation::ReadConsent | Operation::DeleteConsent => "v1/consents/{consent_id}",
        Operation::ConsentStatus => "v1/consents/{consent_id}/status",
        Operation::StartAuthorisation => "v1/consents/{consent_id}/authorisations",
        Operation::AuthorisationStatus | Operation::ConfirmAuthorisation => {
            "v1/consents/{consent_id}/authorisations/{authorisation_id}"
        }
        Operation::Accounts => "v1/accounts",
        Operation::Account => "v1/accounts/{account_id}",
        Operation::Balances => "v1/accounts/{account_id}/balances",
        Operation::Transactions => "v1/accounts/{account_id}/transactions",
        Operation::Transaction => "v1/accounts/{account_id}/transactions/{transaction_id}",
        Operation::CardAccounts => "v1/card-accounts",
        Operation::CardBalances => "v1/card-accounts/{account_id}/balances",
        Operation::CardTransactions => "v1/card-accounts/{account_id}/transactions",
        Operation::Metadata
        | Operation::ApplicationToken
        | Operation::AuthorizationUrl
        | Operation::RedeemCode
        | Operation::RefreshTokens
        | Operation::RevokeToken => return None,
    })
}

/// The placeholders that a path of this operation must have, each once. A bank's document is checked by it.
pub fn placeholders(operation: Operation) -> impl Iterator<Item = &'static str> {
    let path = standard(operation).unwrap_or_default();
    path.split('/').filter(|segment| segment.starts_with('{'))
}

/// Ids that a path may name.
#[derive(Clone, Copy, Default)]
pub(super) struct Ids<'a> {
    pub consent: Option<&'a str>,
    pub authorisation: Option<&'a str>,
    pub account: Option<&'a str>,
    pub transaction: Option<&'a str>,
}

impl<'a> Ids<'a> {
    /// Of a consent alone.
    pub fn consent(id: &'a SecretString) -> Self {
        Self { consent: Some(id.expose_secret()), ..Self::default() }
    }

    fn named(&self, placeholder: &str) -> Option<&str> {
        match placeholder {
            "{consent_id}" => self.consent,
            "{authorisation_id}" => self.authorisation,
            "{account_id}" => self.account,
            "{transaction_id}" => self.transaction,
            _ => None,
        }
    }
}

/// Where calls of this operation go: the standard's path, or the one that the bank's document has instead.
pub(super) fn of(bank: &Bank, operation: Operation, ids: &Ids<'_>) -> Result<Url, UnsendableRequest> {
    let template = bank.operations.path(operation).or(standard(operation)).ok_or(UnsendableRequest::Id)?;
    let mut path = bank.addresses.api.path().trim_end_matches('/').to_owned();
    for segment in template.trim_matches('/').split('/') {
        path.push('/');
        if segment.starts_with('{') {
            path.push_str(&encode_segment(ids.named(segment).ok_or(UnsendableRequest::Id)?)?);
        } else {
            path.push_str(segment);
        }
    }
    let mut url = bank.addresses.api.clone();
    url.set_path(&path);
    Ok(url)
}

/// The URL of the resource at these segments below `/v1`.
pub(super) fn resource(bank: &Bank, segments: &[&str]) -> Result<Url, UnsendableRequest> {
    let api = &bank.addresses.api;
    let mut path = format!("{}/v1", api.path().trim_end_matches('/'));
    for segment in segments {
        path.push('/');
        path.push_str(&encode_segment(segment)?);
    }
    let mut url = api.clone();
    url.set_path(&path);
    Ok(url)
}

/// A call without a body.
pub(super) fn bodiless(
    operation: Operation,
    method: Method,
    url: Url,
    headers: &CallHeaders<'_>,
) -> Result<BankRequest, UnsendableRequest> {
    Ok(BankRequest { operation, method, url, headers: headers.to_map()?, body: None })
}

/// The text as one path segment (RFC 3986 §3.3): all but unreserved characters are percent-encoded. Dots cannot be
/// encoded, because URL parsers take `%2e%2e` for `..`; so the dot segments are refused, as is nothing at all.
fn encode_segment(text: &str) -> Result<String, UnsendableRequest> {
    if matches!(text, "" | "." | "..") {
        return Err(UnsendableRequest::Id);
    }
    Ok(text.bytes().map(encode_byte).collect())
}

fn encode_byte(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// The bytes that a path segment stands for. A `%` that begins no escape stands for itself.
pub(super) fn decode_segment(segment: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, next) = escaped_byte(rest).unwrap_or((*first, tail));
        decoded.push(byte);
        rest = next;
    }
    decoded
}

/// The byte that an escape at the beginning stands for, and what follows.
fn escaped_byte(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, tail @ ..] = bytes else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? * 16 + digit(low)?, tail))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{domain::bank::OperationProfile, protocol::berlin_group::fixtures::bank};

    fn balances_of(id: &str) -> Result<String, UnsendableRequest> {
        resource(&bank(), &["accounts", id, "balances"]).map(|url| url.to_string())
    }

    #[test]
    fn resources_are_below_the_bank_s_root() {
        assert_eq!(balances_of("a-1").unwrap(), "https://api.bank.example/psd2/v1/accounts/a-1/balances");
    }

    #[test]
    fn a_document_may_put_a_resource_elsewhere() {
        let mut bank = bank();
        let ids = Ids { consent: Some("c/1"), ..Ids::default() };
        let at = |bank: &Bank| of(bank, Operation::ConsentStatus, &ids).map(|url| url.path().to_owned());
        assert_eq!(at(&bank).unwrap(), "/psd2/v1/consents/c%2F1/status");
        let elsewhere = OperationProfile { path: Some("/v1.1/{consent_id}/state".to_owned()), ..Default::default() };
        bank.operations.single.insert(Operation::ConsentStatus, elsewhere);
        assert_eq!(at(&bank).unwrap(), "/psd2/v1.1/c%2F1/state");
        assert_eq!(of(&bank, Operation::Balances, &ids), Err(UnsendableRequest::Id));
    }

    #[test]
    fn a_root_without_a_path_needs_no_special_care() {
        let mut bank = bank();
        bank.addresses.api = Url::parse("https://api.bank.example").unwrap();
        assert_eq!(resource(&bank, &["accounts"]).unwrap().as_str(), "https://api.bank.example/v1/accounts");
    }

    #[test]
    fn an_id_cannot_leave_its_segment() {
        for (id, segment) in [
            ("../consents", "..%2Fconsents"),
            ("%2e%2e", "%252e%252e"),
            ("a/b", "a%2Fb"),
            ("a\\b", "a%5Cb"),
            ("a?b#c", "a%3Fb%23c"),
            ("a\tb\r\n", "a%09b%0D%0A"),
            ("\u{e4}", "%C3%A4"),
        ] {
            let expected = format!("https://api.bank.example/psd2/v1/accounts/{segment}/balances");
            assert_eq!(balances_of(id).unwrap(), expected, "{id:?}");
        }
    }

    #[test]
    fn an_id_that_no_segment_can_hold_is_refused() {
        for id in ["", ".", ".."] {
            assert_eq!(balances_of(id), Err(UnsendableRequest::Id), "{id:?}");
        }
    }

    #[test]
    fn a_broken_escape_stands_for_itself() {
        for text in ["%", "%4", "%zz", "%+1", "a%"] {
            assert_eq!(decode_segment(text), text.as_bytes(), "{text}");
        }
        assert_eq!(decode_segment("%41%2f"), b"A/");
    }

    proptest! {
        #[test]
        fn any_id_stays_one_segment_and_can_be_read_back(id in any::<String>()) {
            let Ok(url) = resource(&bank(), &["accounts", &id, "balances"]) else {
                prop_assert!(matches!(id.as_str(), "" | "." | ".."));
                return Ok(());
            };
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 5);
            prop_assert_eq!(decode_segment(segments[3]), id.as_bytes());
            prop_assert!(url.query().is_none() && url.fragment().is_none());
            prop_assert_eq!(url.origin(), bank().addresses.api.origin());
        }
    }
}
