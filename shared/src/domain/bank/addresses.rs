//! Where a bank's interfaces are.

use std::collections::BTreeSet;

use url::{Origin, Url};

/// Where a bank's interfaces are. Nothing outside these origins is ever called or redirected to.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The root that `/v1/...` is appended to; its path ends without a slash.
    pub api: Url,
    /// Further origins that are called over mutual TLS, such as an authorisation server's.
    pub api_origins: BTreeSet<WebOrigin>,
    /// Origins of the bank's pages that a browser may be sent to.
    pub web_origins: BTreeSet<WebOrigin>,
}

impl Addresses {
    /// Whether a URL may be called over mutual TLS.
    pub fn is_api(&self, url: &Url) -> bool {
        url.origin() == self.api.origin() || WebOrigin::of(url).is_some_and(|origin| self.api_origins.contains(&origin))
    }

    /// Whether a browser may be sent to a URL.
    pub fn is_web(&self, url: &Url) -> bool {
        WebOrigin::of(url).is_some_and(|origin| self.web_origins.contains(&origin))
    }
}

/// The scheme, host and port of a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// The origin of a URL; `None` for a URL that has none (such as `data:`).
    pub fn of(url: &Url) -> Option<Self> {
        match url.origin() {
            origin @ Origin::Tuple(..) => Some(Self(origin.ascii_serialization())),
            Origin::Opaque(_) => None,
        }
    }
}
