//! Who is asking: the signed-in browser behind a request, and what its request proves of the customer's presence.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, header::HeaderName, request::Parts};

use super::{Demo, browsers::BrowserKey, customers::Customer, problem::Problem};
use crate::local::tokens::PresentCustomer;

/// The cookie's name.
const COOKIE: &str = "demo_crm";

/// A signed-in browser and the customer at it.
pub struct Visitor {
    /// Which browser.
    pub browser: BrowserKey,
    /// Who sits there.
    pub customer: &'static Customer,
    /// What the request carried.
    pub present: PresentCustomer,
}

impl FromRequestParts<Arc<Demo>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, demo: &Arc<Demo>) -> Result<Self, Problem> {
        Self::recognise(parts, demo).ok_or_else(Problem::signed_out)
    }
}

impl Visitor {
    /// The visitor, if the browser is signed in.
    pub fn recognise(parts: &Parts, demo: &Demo) -> Option<Self> {
        let browser = claimed_key(&parts.headers)?;
        let customer = demo.browsers.customer(&browser)?;
        Some(Self { browser, customer, present: present(parts) })
    }
}

/// The header that hands a browser its key. Without `Secure`, because this page exists on plain loopback only; `Lax`,
/// because the way back from the bank is a navigation from another site.
pub fn set_cookie(key: &BrowserKey) -> String {
    format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", key.as_str())
}

fn claimed_key(headers: &HeaderMap) -> Option<BrowserKey> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| BrowserKey::claimed(value))
}

fn present(parts: &Parts) -> PresentCustomer {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    PresentCustomer {
        // The page listens on loopback only, so this is where every browser that reaches it sits.
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: text(header::USER_AGENT),
        accept: text(header::ACCEPT),
        accept_encoding: text(header::ACCEPT_ENCODING),
        accept_language: text(header::ACCEPT_LANGUAGE),
        http_method: Some(parts.method.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let request = Request::get("/").header("cookie", "a=b; demo_crm=key").header("cookie", "c=d");
        assert!(claimed_key(&parts(request).headers) == Some(BrowserKey::claimed("key")));
        assert!(claimed_key(&parts(Request::get("/").header("cookie", "xdemo_crm=key")).headers).is_none());
    }

    #[test]
    fn presence_tells_what_the_browser_sent() {
        let request = Request::get("/").header("user-agent", "Test/1").header("accept-language", "de");
        let present = present(&parts(request));
        assert_eq!(present.ip.to_string(), "127.0.0.1");
        assert_eq!(present.user_agent.as_deref(), Some("Test/1"));
        assert_eq!(present.accept_language.as_deref(), Some("de"));
        assert_eq!(present.accept, None);
    }
}
