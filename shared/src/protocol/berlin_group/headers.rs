//! The headers of every call (Berlin Group 1.3.11, `components/parameters`).
//!
//! `PSU-IP-Address` is what tells an attended call from a background one, so `PSU-*` headers come from a proven
//! [`PsuContext`] alone and hold exactly what it holds.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use super::errors::UnsendableRequest;
use crate::domain::{
    presence::{HeaderText, PsuAtBank, PsuContext},
    secret::{ExposeSecret, SecretString},
};

/// The id of one request, echoed by the bank.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the headers of a call say.
#[derive(Clone, Copy)]
pub struct CallHeaders<'a> {
    /// Ours, new for every call.
    pub request_id: Uuid,
    /// The PSU, if the PSU is there. Absent makes it a background call.
    pub psu: Option<&'a PsuContext>,
    /// The consent that data is read under; absent at banks where the token is the consent.
    pub consent_id: Option<&'a SecretString>,
    /// The bearer token, at banks that have OAuth.
    pub access_token: Option<&'a SecretString>,
}

impl<'a> CallHeaders<'a> {
    /// A call about a consent itself, which is named in the path.
    pub const fn unattended(request_id: Uuid, access_token: Option<&'a SecretString>) -> Self {
        Self { request_id, psu: None, consent_id: None, access_token }
    }

    /// The headers to send. Those that hold secrets are marked, so that no layer below prints them.
    pub fn to_map(&self) -> Result<HeaderMap, UnsendableRequest> {
        let mut map = HeaderMap::with_capacity(16);
        map.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        map.insert(X_REQUEST_ID, header_value("X-Request-ID", &self.request_id.hyphenated().to_string())?);
        if let Some(psu) = self.psu {
            insert_psu(&mut map, psu)?;
        }
        if let Some(consent_id) = self.consent_id {
            map.insert("consent-id", secret_value("Consent-ID", consent_id.expose_secret())?);
        }
        if let Some(token) = self.access_token {
            map.insert(header::AUTHORIZATION, bearer(token)?);
        }
        Ok(map)
    }
}

/// The text as a header's value: visible ASCII, with blanks inside at most, because HTTP strips those around it.
pub(super) fn header_value(name: &'static str, text: &str) -> Result<HeaderValue, UnsendableRequest> {
    let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !visible || text.is_empty() || text.trim() != text {
        return Err(UnsendableRequest::Header(name));
    }
    HeaderValue::from_str(text).map_err(|_| UnsendableRequest::Header(name))
}

fn secret_value(name: &'static str, text: &str) -> Result<HeaderValue, UnsendableRequest> {
    let mut value = header_value(name, text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 6750 §2.1.
fn bearer(token: &SecretString) -> Result<HeaderValue, UnsendableRequest> {
    const NAME: &str = "Authorization";
    header_value(NAME, token.expose_secret())?;
    secret_value(NAME, &format!("Bearer {}", token.expose_secret()))
}

fn insert_psu(map: &mut HeaderMap, psu: &PsuContext) -> Result<(), UnsendableRequest> {
    let address = psu.ip_address.to_canonical().to_string();
    map.insert("psu-ip-address", header_value("PSU-IP-Address", &address)?);
    if let Some(port) = psu.ip_port {
        map.insert("psu-ip-port", HeaderValue::from(port));
    }
    for (name, text) in psu_texts(psu) {
        if let Some(text) = text {
            map.insert(name, header_value(name, text.as_str())?);
        }
    }
    Ok(())
}

/// How the PSU is called at the bank.
pub(super) fn insert_psu_at_bank(map: &mut HeaderMap, psu: &PsuAtBank) -> Result<(), UnsendableRequest> {
    let texts = [
        ("psu-id", &psu.id),
        ("psu-id-type", &psu.id_type),
        ("psu-corporate-id", &psu.corporate_id),
        ("psu-corporate-id-type", &psu.corporate_id_type),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            map.insert(name, secret_value(name, text.as_str())?);
        }
    }
    Ok(())
}

/// Every `PSU-*` header that is plain text, with its value.
fn psu_texts(psu: &PsuContext) -> [(&'static str, Option<&HeaderText>); 8] {
    [
        ("psu-user-agent", psu.user_agent.as_ref()),
        ("psu-accept", psu.accept.as_ref()),
        ("psu-accept-charset", psu.accept_charset.as_ref()),
        ("psu-accept-encoding", psu.accept_encoding.as_ref()),
        ("psu-accept-language", psu.accept_language.as_ref()),
        ("psu-http-method", psu.http_method.as_ref()),
        ("psu-device-id", psu.device_id.as_ref()),
        ("psu-geo-location", psu.geo_location.as_ref()),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::protocol::berlin_group::fixtures::REQUEST_ID;

    fn background() -> CallHeaders<'static> {
        CallHeaders { request_id: REQUEST_ID, psu: None, consent_id: None, access_token: None }
    }

    fn shown(map: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> = map.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_background_call_says_nothing_of_a_psu() {
        insta::assert_snapshot!(shown(&background().to_map().unwrap()).join("\n"), @r#"
        accept: "application/json"
        x-request-id: "11111111-2222-4333-8444-555555555555"
        "#);
    }

    #[test]
    fn an_attended_call_carries_exactly_what_the_psu_s_request_carried() {
        let mut psu = PsuContext::at(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
        psu.ip_port = Some(50123);
        psu.user_agent = HeaderText::parse("Mozilla/5.0");
        psu.geo_location = HeaderText::parse("GEO:52.506931;13.144558");
        let map = CallHeaders { psu: Some(&psu), ..background() }.to_map().unwrap();
        insta::assert_snapshot!(shown(&map).join("\n"), @r#"
        accept: "application/json"
        psu-geo-location: "GEO:52.506931;13.144558"
        psu-ip-address: "192.0.2.7"
        psu-ip-port: "50123"
        psu-user-agent: "Mozilla/5.0"
        x-request-id: "11111111-2222-4333-8444-555555555555"
        "#);
    }

    #[test]
    fn an_address_mapped_into_ipv6_is_told_as_the_ipv4_address_it_is() {
        let psu = PsuContext::at("::ffff:192.0.2.7".parse().unwrap());
        let map = CallHeaders { psu: Some(&psu), ..background() }.to_map().unwrap();
        assert_eq!(map["psu-ip-address"], "192.0.2.7");
    }

    #[test]
    fn secrets_are_sent_but_never_printed() {
        let (consent, token) = (SecretString::from("consent-1"), SecretString::from("token-1"));
        let map = CallHeaders { consent_id: Some(&consent), access_token: Some(&token), ..background() };
        let map = map.to_map().unwrap();
        assert_eq!(
            (&map["consent-id"], &map["authorization"]),
            (&"consent-1".parse().unwrap(), &"Bearer token-1".parse().unwrap())
        );
        assert!(map["consent-id"].is_sensitive() && map["authorization"].is_sensitive());
        assert!(!format!("{map:?}").contains("-1\""), "{map:?}");
    }

    #[test]
    fn a_value_that_no_header_can_carry_is_an_error() {
        for bad in ["", " ", " a", "a ", "a\r\nPSU-IP-Address: 192.0.2.1", "a\u{0}", "\u{e4}"] {
            let bad = SecretString::from(bad);
            let consent = CallHeaders { consent_id: Some(&bad), ..background() };
            assert_eq!(consent.to_map().unwrap_err(), UnsendableRequest::Header("Consent-ID"));
            let token = CallHeaders { access_token: Some(&bad), ..background() };
            assert_eq!(token.to_map().unwrap_err(), UnsendableRequest::Header("Authorization"));
        }
    }
}
