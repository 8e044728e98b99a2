//! The certificate that a CRM showed to the load balancer, where its tenant's document names one.
//!
//! The hub does not end the CRM's TLS. What it knows is a header, which is worth no more than the way it came: the setting
//! that names the header says that a load balancer sets it on every call, and that there is no other way in.

use http::{HeaderMap, HeaderName};

use super::problem::{Code, Problem};
use crate::domain::{fingerprint::Fingerprint, tenant::Tenant};

/// Refuses a call of a tenant's without one of its certificates. A header that stands twice tells nothing.
pub(super) fn check(name: Option<&HeaderName>, headers: &HeaderMap, tenant: &Tenant) -> Result<(), Problem> {
    let wanted = &tenant.client_certificates;
    let is_there = || name.and_then(|name| told(name, headers)).is_some_and(|told| wanted.contains(&told));
    if wanted.is_empty() || is_there() { Ok(()) } else { Err(Code::ClientCertificateRefused.into()) }
}

fn told(name: &HeaderName, headers: &HeaderMap) -> Option<Fingerprint> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    Fingerprint::told(value.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fuzz::issuer;

    const OWN: &str = "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f";
    const NEXT: &str = "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e";
    const OTHER: &str = "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d";

    fn is_let_in(name: Option<&str>, values: &[&str], pins: &[&str]) -> bool {
        let name = name.map(|name| name.parse().unwrap());
        let headers = values.iter().map(|value| (HeaderName::from_static("x-print"), value.parse().unwrap())).collect();
        let client_certificates =
            pins.iter().map(|pin| Fingerprint::parse(&format!("sha256:{pin}")).unwrap()).collect();
        check(name.as_ref(), &headers, &Tenant { client_certificates, ..issuer::tenant() }).is_ok()
    }

    #[test]
    fn a_tenant_with_certificates_comes_with_one_of_them() {
        let pins = [OWN, NEXT];
        assert!(is_let_in(Some("x-print"), &[OWN], &pins) && is_let_in(Some("X-Print"), &[NEXT], &pins));
        for refused in [&[] as &[&str], &[""], &[OTHER], &[OWN, OWN], &[OWN, OTHER], &[OTHER, OWN], &["1f"]] {
            assert!(!is_let_in(Some("x-print"), refused, &pins), "{refused:?}");
        }
        assert!(!is_let_in(Some("x-print"), &[&format!("{OWN},{OTHER}")], &pins));
        assert!(!is_let_in(None, &[OWN], &pins), "a header that nobody vouches for");
        assert!(!is_let_in(Some("x-another"), &[OWN], &pins));
    }

    #[test]
    fn a_tenant_without_any_is_not_asked() {
        for values in [&[] as &[&str], &[OTHER], &[OTHER, OWN]] {
            assert!(is_let_in(Some("x-print"), values, &[]) && is_let_in(None, values, &[]));
        }
    }
}
