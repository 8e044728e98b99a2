//! Which addresses may carry what nobody else may read.

use std::net::Ipv4Addr;

use url::Url;

/// Whether nobody can listen in: https, or http on this machine.
pub(super) fn is_private_enough(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}
