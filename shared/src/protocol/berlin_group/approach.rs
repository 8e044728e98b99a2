//! How the PSU is to authenticate, as the links of the answer tell (Berlin Group 1.3.11, `_linksConsents`).
//!
//! The header `ASPSP-SCA-Approach` cannot tell a plain redirect from OAuth, so it is asked about nothing but decoupled.

use std::fmt;

use http::HeaderMap;
use url::Url;

use super::{
    errors::AnswerError,
    link_map::LinkMap,
    links::{authorisation_link, metadata_link, web_link, web_link_from},
};
use crate::domain::{
    bank::{Bank, ScaOAuthLink, Stage},
    secret::SecretString,
};

/// How the PSU is to authenticate, and what the hub has to do about it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The approach.
    pub approach: Approach,
    /// The authorisation's id at the bank, where the answer tells it.
    pub authorisation_id: Option<SecretString>,
    /// Whether the bank wants the authorisation confirmed by a call after the PSU's return.
    pub confirmation: bool,
}

/// How the PSU is to authenticate.
#[derive(Clone, PartialEq, Eq)]
pub enum Approach {
    /// By the bank's authorisation server.
    OAuth {
        /// Where the link of the answer leads, by the bank's document its metadata (RFC 8414) or its authorisation
        /// endpoint; absent where the bank leaves that to its documentation.
        link: Option<Url>,
    },
    /// On a page of the bank's.
    Redirect {
        /// Where the browser goes; belongs to this PSU alone.
        location: Url,
    },
    /// On another device. Nothing is to be done but to ask how it stands.
    Decoupled,
    /// Not yet told: the authorisation must be started by a call of its own.
    Start,
}

/// Shows which approach it is; the location leads into somebody's authentication.
impl fmt::Debug for Approach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::OAuth { .. } => "OAuth",
            Self::Redirect { .. } => "Redirect",
            Self::Decoupled => "Decoupled",
            Self::Start => "Start",
        })
    }
}

/// Approaches of the standard that this hub does not take part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedApproach {
    /// The bank wants the PSU sent to an authorisation server that its document does not have.
    #[error("an authorisation server that the bank's document does not name")]
    UnknownServer,
    /// The authorisation that was started wants to be started.
    #[error("an authorisation that never starts")]
    NeverStarts,
    /// No link names an approach.
    #[error("no approach that has a name")]
    Unnamed,
}

/// Links that ask us to start the authorisation.
const START: [&str; 2] = ["startAuthorisation", "startAuthorisationWithPsuIdentification"];

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

/// What the answer offers. OAuth goes before a plain redirect at a bank where the PSU authorises consents by it.
pub(super) fn recognise(
    bank: &Bank,
    consent_id: &SecretString,
    headers: &HeaderMap,
    links: &LinkMap,
) -> Result<Offer, AnswerError> {
    Ok(Offer {
        approach: approach(bank, headers, links)?,
        authorisation_id: authorisation_id(bank, consent_id, links)?,
        confirmation: links.has("confirmation"),
    })
}

fn approach(bank: &Bank, headers: &HeaderMap, links: &LinkMap) -> Result<Approach, AnswerError> {
    match (links.href("scaOAuth")?, links.href("scaRedirect")?) {
        (Some(link), None) => oauth(bank, link),
        (Some(link), Some(_)) if authorises_by_oauth(bank) => oauth(bank, link),
        (_, Some(location)) => Ok(Approach::Redirect { location: web_link(bank, location)? }),
        (None, None) => without_redirect(bank, headers, links),
    }
}

/// Whether consents are authorised by the bank's authorisation server.
pub fn authorises_by_oauth(bank: &Bank) -> bool {
    bank.oauth.as_ref().is_some_and(|profile| matches!(profile.stage, Stage::Sca | Stage::PreStepAndSca))
}

fn oauth(bank: &Bank, link: &str) -> Result<Approach, AnswerError> {
    let profile = bank.oauth.as_ref();
    let profile = profile.ok_or(AnswerError::ApproachNotSupported(UnsupportedApproach::UnknownServer))?;
    let link = match profile.sca_link {
        ScaOAuthLink::Metadata => metadata_link(bank, link)?,
        ScaOAuthLink::AuthorizationEndpoint => match &profile.endpoints.authorization {
            Some(endpoint) => web_link_from(bank, endpoint, link)?,
            None => web_link(bank, link)?,
        },
    };
    Ok(Approach::OAuth { link: Some(link) })
}

fn without_redirect(bank: &Bank, headers: &HeaderMap, links: &LinkMap) -> Result<Approach, AnswerError> {
    let any = |names: &[&str]| names.iter().any(|name| links.has(name));
    if is_decoupled(headers) {
        Ok(Approach::Decoupled)
    } else if any(&START) {
        Ok(Approach::Start)
    } else if any(&EMBEDDED) {
        Err(AnswerError::EmbeddedOnly)
    } else if authorises_by_oauth(bank) {
        Ok(Approach::OAuth { link: None })
    } else {
        Err(AnswerError::ApproachNotSupported(UnsupportedApproach::Unnamed))
    }
}

fn is_decoupled(headers: &HeaderMap) -> bool {
    headers.get("aspsp-sca-approach").is_some_and(|approach| approach.as_bytes().eq_ignore_ascii_case(b"DECOUPLED"))
}

/// The authorisation's id, out of the links that lead to it. Only the id is taken; the address is then written by us.
/// A link in another form tells none, which matters only if the authorisation must be confirmed.
fn authorisation_id(
    bank: &Bank,
    consent_id: &SecretString,
    links: &LinkMap,
) -> Result<Option<SecretString>, AnswerError> {
    let of = |name| Ok::<_, AnswerError>(links.href(name)?.map(|link| authorisation_link(bank, consent_id, link)));
    match (of("confirmation")?, of("scaStatus")?) {
        (Some(confirmation), _) => Ok(Some(confirmation?)),
        (None, Some(status)) => Ok(status.ok()),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        domain::{bank::WebOrigin, secret::ExposeSecret},
        protocol::berlin_group::{
            fixtures::{bank, oauth_bank},
            links::LinkRejected,
        },
    };

    const SCA_PAGE: &str = "https://www.bank.example/sca/1";
    const METADATA: &str = "https://www.bank.example/.well-known/oauth-authorization-server";

    fn offered(bank: &Bank, links: Value) -> Result<Offer, AnswerError> {
        recognise(bank, &"c/1".into(), &HeaderMap::new(), &serde_json::from_value(links).unwrap())
    }

    fn at(bank: &Bank, links: Value) -> Result<Approach, AnswerError> {
        offered(bank, links).map(|offer| offer.approach)
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
        let expected = Approach::OAuth { link: Some(METADATA.parse().unwrap()) };
        let links = json!({"scaOAuth": {"href": METADATA}});
        assert_eq!(at(&oauth_bank(), links.clone()).unwrap(), expected);
        assert_eq!(unsupported(links), UnsupportedApproach::UnknownServer);
    }

    #[test]
    fn the_link_may_be_the_authorisation_endpoint_and_relative() {
        let mut bank = oauth_bank();
        bank.oauth.as_mut().unwrap().sca_link = ScaOAuthLink::AuthorizationEndpoint;
        bank.addresses.web_origins.extend(WebOrigin::of(&bank.addresses.api));
        for href in ["authorize?consent=1", "/psd2/authorize?consent=1"] {
            let expected = "https://api.bank.example/psd2/authorize?consent=1".parse().unwrap();
            let approach = at(&bank, json!({"scaOAuth": {"href": href}})).unwrap();
            assert_eq!(approach, Approach::OAuth { link: Some(expected) });
        }
    }

    #[test]
    fn of_both_links_the_one_is_taken_that_the_bank_s_document_prepares_for() {
        let both = json!({"scaOAuth": {"href": METADATA}, "scaRedirect": {"href": SCA_PAGE}});
        assert!(matches!(at(&oauth_bank(), both.clone()).unwrap(), Approach::OAuth { link: Some(_) }));
        assert!(matches!(at(&bank(), both).unwrap(), Approach::Redirect { .. }));
    }

    #[test]
    fn a_bank_with_an_authorisation_server_need_not_link_to_it() {
        let links = json!({"self": {"href": "/x"}});
        assert_eq!(at(&oauth_bank(), links.clone()).unwrap(), Approach::OAuth { link: None });
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
    fn an_authorisation_may_have_to_be_started_first() {
        for name in START {
            assert_eq!(at(&bank(), json!({name: {"href": "/x"}})).unwrap(), Approach::Start);
        }
    }

    #[test]
    fn tells_which_authorisation_it_is_and_whether_it_must_be_confirmed() {
        let page = json!({"href": SCA_PAGE});
        let with = |name: &str, href: &str| offered(&bank(), json!({"scaRedirect": page, name: {"href": href}}));
        let id = |offer: Offer| offer.authorisation_id.map(|id| id.expose_secret().to_owned());
        let href = "https://api.bank.example/psd2/v1/consents/c%2F1/authorisations/a%2F2";
        for name in ["scaStatus", "confirmation"] {
            let offer = with(name, href).unwrap();
            assert_eq!((offer.confirmation, id(offer).as_deref()), (name == "confirmation", Some("a/2")));
        }
        for elsewhere in ["/psd2/v1/consents/c-2/authorisations/a", "https://evil.example/", "/psd2/v1/accounts/a"] {
            assert_eq!(id(with("scaStatus", elsewhere).unwrap()), None, "{elsewhere}");
            assert!(matches!(with("confirmation", elsewhere), Err(AnswerError::LinkRejected(_))), "{elsewhere}");
        }
    }

    #[test]
    fn an_embedded_link_of_a_decoupled_authorisation_is_not_embedded() {
        let mut headers = HeaderMap::new();
        headers.insert("aspsp-sca-approach", HeaderValue::from_static("DECOUPLED"));
        let links = serde_json::from_value(json!({"authoriseTransaction": {"href": "/x"}})).unwrap();
        let offer = recognise(&bank(), &"c".into(), &headers, &links).unwrap();
        assert_eq!(offer.approach, Approach::Decoupled);
    }

    #[test]
    fn sends_nobody_to_a_page_that_is_not_registered() {
        for name in ["scaRedirect", "scaOAuth"] {
            for href in ["https://evil.example/sca/1", "http://www.bank.example/sca/1", "javascript:alert(1)"] {
                let judged = at(&oauth_bank(), json!({name: {"href": href}}));
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
