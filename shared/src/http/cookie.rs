//! The binding cookie: which browser opened an authorisation link (promise P8).
//!
//! One cookie per flow, so that two journeys in one browser do not disturb each other. `__Host-` makes the browser hold
//! us to `Secure`, `Path=/` and no `Domain` (RFC 6265bis §4.1.3.2); browsers take it on plain http from this machine too.
//! `SameSite=Lax` lets it come along when the bank sends the browser back by a link.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::domain::{
    ids::FlowId,
    secret::{ExposeSecret, Secret32},
};

/// How long a browser keeps it: longer than any journey may take.
const MAX_AGE_SECONDS: u32 = 3600;

/// The `Set-Cookie` value that binds a browser to a flow.
pub fn bind(flow: &FlowId, secret: &Secret32) -> Option<HeaderValue> {
    let value = URL_SAFE_NO_PAD.encode(secret.expose_secret());
    let cookie = format!("{}={value}; Path=/; Max-Age={MAX_AGE_SECONDS}; Secure; HttpOnly; SameSite=Lax", name(flow));
    let mut value = HeaderValue::try_from(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The `Set-Cookie` value that makes a browser forget a flow.
pub fn forget(flow: &FlowId) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax", name(flow))).ok()
}

/// The secret that a browser has for a flow.
pub fn kept(headers: &HeaderMap, flow: &FlowId) -> Option<Vec<u8>> {
    let name = name(flow);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    URL_SAFE_NO_PAD.decode(value).ok()
}

fn name(flow: &FlowId) -> String {
    // A part of the flow's id, itself a hash, tells flows apart well enough; the secret does the proving.
    format!("__Host-hub-{}", flow.as_str().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_what_comes_back() {
        let (one, two) = (FlowId::from_hash([1; 32]), FlowId::from_hash([2; 32]));
        let set = bind(&one, &Secret32::new(Box::new([9; 32]))).unwrap();
        assert!(set.is_sensitive());
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let headers: HeaderMap = [(COOKIE, format!("other=1; {pair}").parse().unwrap())].into_iter().collect();
        assert_eq!(kept(&headers, &one), Some(vec![9; 32]));
        assert_eq!(kept(&headers, &two), None);
    }

    #[test]
    fn the_cookie_has_every_attribute() {
        let set = bind(&FlowId::from_hash([1; 32]), &Secret32::new(Box::new([9; 32]))).unwrap();
        let set = set.to_str().unwrap();
        for part in ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(set.contains(part), "{part}");
        }
        assert!(!set.contains("Domain"));
    }
}
