//! How the PSU is to authenticate, as the links of the answer tell (Berlin Group 1.3.11, `_linksConsents`).
//!
//! The header `ASPSP-SCA-Approach` cannot tell a plain redirect from OAuth, so it is asked about nothing but decoupled.

use std::fmt;

use http::HeaderMap;
use url::Url;

use super::{
    errors::AnswerError,
    link_map::LinkMap,
    links::{metadata_link, web_link},
};
use crate::domain::bank::Bank;

/// How the PSU is to authenticate.
#[derive(Clone, PartialEq, Eq)]
pub enum Approach {
    /// By the bank's authorisation server.
    OAuth {
        /// Its metadata (RFC 8414) as the answer names it; absent where the bank leaves that to its documentation.
        metadata: Option<Url>,
    },
    /// On a page of the bank's.
    Redirect {
        /// Where the browser goes; belongs to this PSU alone.
        location: Url,
    },
}

/// Shows which approach it is; the location leads into somebody's authentication.
impl fmt::Debug for Approach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::OAuth { .. } => "OAuth",
            Self::Redirect { .. } => "Redirect",
        })
    }
}

/// Approaches of the standard that this hub does not take part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedApproach {
    /// The authorisation must be started by a call of its own.
    #[error("explicit start of the authorisation")]
    ExplicitStart,
    /// The PSU authenticates on another device.
    #[error("decoupled authentication")]
    Decoupled,
    /// The authorisation must be confirmed by a call after the redirect.
    #[error("confirmation after the redirect")]
    Confirmation,
    /// No link names an approach.
    #[error("no approach that has a name")]
    Unnamed,
}

/// Links that ask us to start the authorisation.
const EXPLICIT: [&str; 2] = ["startAuthorisation", "startAuthorisationWithPsuIdentification"];

/// Links that want the PSU's bank password or code from us.
const EMBEDDED: [&str; 9] = [
    "startAuthorisationWithPsuAuthentication",
    "startAuthorisationWithEncryptedPsuAuthentication",
    "startAuthorisationWithAuthenticationMethodSelection",
    "startAuthorisationWithTransactionAuthorisation",
    "updatePsuIdentification",
    "updatePsuAuthentication",
    "updateEncryptedPsuAuthentication",
    "selectAuthenticationMethod",
    "authoriseTransaction",
];

/// Which approach the answer asks for. OAuth goes before a plain redirect at a bank whose document has it.
pub(super) fn recognise(bank: &Bank, headers: &HeaderMap, links: &LinkMap) -> Result<Approach, AnswerError> {
    if links.has("confirmation") {
        return Err(AnswerError::ApproachNotSupported(UnsupportedApproach::Confirmation));
    }
    let plain = links.href("scaRedirect")?;
    match (links.href("scaOAuth")?, plain) {
        (Some(metadata), None) => oauth(bank, metadata),
        (Some(metadata), Some(_)) if bank.oauth.is_some() => oauth(bank, metadata),
        (_, Some(location)) => Ok(Approach::Redirect { location: web_link(bank, location)? }),
        (None, None) => without_redirect(bank, headers, links),
    }
}

fn oauth(bank: &Bank, metadata: &str) -> Result<Approach, AnswerError> {
    Ok(Approach::OAuth { metadata: Some(metadata_link(bank, metadata)?) })
}

fn without_redirect(bank: &Bank, headers: &HeaderMap, links: &LinkMap) -> Result<Approach, AnswerError> {
    let any = |names: &[&str]| names.iter().any(|name| links.has(name));
    let unsupported = |why| Err(AnswerError::ApproachNotSupported(why));
    if is_decoupled(headers) {
        unsupported(UnsupportedApproach::Decoupled)
    } else if any(&EXPLICIT) {
        unsupported(UnsupportedApproach::ExplicitStart)
    } else if any(&EMBEDDED) {
        Err(AnswerError::EmbeddedOnly)
    } else if bank.oauth.is_some() {
        Ok(Approach::OAuth { metadata: None })
    } else {
        unsupported(UnsupportedApproach::Unnamed)
    }
}

fn is_decoupled(headers: &HeaderMap) -> bool {
    headers.get("aspsp-sca-approach").is_some_and(|approach| approach.as_bytes().eq_ignore_ascii_case(b"DECOUPLED"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::berlin_group::{
        fixtures::{bank, oauth_bank},
        links::LinkRejected,
    };

    const SCA_PAGE: &str = "https://www.bank.example/sca/1";
    const METADATA: &str = "https://www.bank.example/.well-known/oauth-authorization-server";

    fn at(bank: &Bank, links: Value) -> Result<Approach, AnswerError> {
        recognise(bank, &HeaderMap::new(), &serde_json::from_value(links).unwrap())
    }

    fn unsupported(links: Value) -> UnsupportedApproach {
        match at(&bank(), links) {
            Err(AnswerError::ApproachNotSupported(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn recognises_a_plain_redirect() {
        let approach = at(&bank(), json!({"scaRedirect": {"href": SCA_PAGE}, "status": {"href": "/x"}})).unwrap();
        assert_eq!(approach, Approach::Redirect { location: SCA_PAGE.parse().unwrap() });
    }

    #[test]
    fn recognises_oauth() {
        let expected = Approach::OAuth { metadata: Some(METADATA.parse().unwrap()) };
        assert_eq!(at(&bank(), json!({"scaOAuth": {"href": METADATA}})).unwrap(), expected);
    }

    #[test]
    fn of_both_links_the_one_is_taken_that_the_bank_s_document_prepares_for() {
        let both = json!({"scaOAuth": {"href": METADATA}, "scaRedirect": {"href": SCA_PAGE}});
        assert!(matches!(at(&oauth_bank(), both.clone()).unwrap(), Approach::OAuth { metadata: Some(_) }));
        assert!(matches!(at(&bank(), both).unwrap(), Approach::Redirect { .. }));
    }

    #[test]
    fn a_bank_with_an_authorisation_server_need_not_link_to_it() {
        let links = json!({"self": {"href": "/x"}});
        assert_eq!(at(&oauth_bank(), links.clone()).unwrap(), Approach::OAuth { metadata: None });
        assert_eq!(unsupported(links), UnsupportedApproach::Unnamed);
        assert_eq!(unsupported(json!({"scaRedirect": {"href": ""}})), UnsupportedApproach::Unnamed);
    }

    #[test]
    fn refuses_embedded_authentication() {
        for name in EMBEDDED {
            let judged = at(&oauth_bank(), json!({name: {"href": "/x"}}));
            assert!(matches!(judged, Err(AnswerError::EmbeddedOnly)), "{name}");
        }
    }

    #[test]
    fn names_the_approaches_that_it_does_not_take_part_in() {
        for name in EXPLICIT {
            assert_eq!(unsupported(json!({name: {"href": "/x"}})), UnsupportedApproach::ExplicitStart);
        }
        let links = json!({"scaRedirect": {"href": SCA_PAGE}, "confirmation": {"href": "/x"}});
        assert_eq!(unsupported(links), UnsupportedApproach::Confirmation);
    }

    #[test]
    fn an_embedded_link_of_a_decoupled_authorisation_is_not_embedded() {
        let mut headers = HeaderMap::new();
        headers.insert("aspsp-sca-approach", HeaderValue::from_static("DECOUPLED"));
        let links = serde_json::from_value(json!({"authoriseTransaction": {"href": "/x"}})).unwrap();
        let judged = recognise(&bank(), &headers, &links);
        assert!(matches!(judged, Err(AnswerError::ApproachNotSupported(UnsupportedApproach::Decoupled))));
    }

    #[test]
    fn sends_nobody_to_a_page_that_is_not_registered() {
        for name in ["scaRedirect", "scaOAuth"] {
            for href in ["https://evil.example/sca/1", "http://www.bank.example/sca/1", "javascript:alert(1)"] {
                let judged = at(&bank(), json!({name: {"href": href}}));
                assert!(matches!(judged, Err(AnswerError::LinkRejected(LinkRejected::ForeignOrigin))), "{name} {href}");
            }
        }
    }

    #[test]
    fn does_not_print_where_the_psu_authenticates() {
        let approach = at(&bank(), json!({"scaRedirect": {"href": SCA_PAGE}})).unwrap();
        assert_eq!(format!("{approach:?}"), "Redirect");
    }
}
