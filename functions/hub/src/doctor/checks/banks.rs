//! Banks: whether their hosts have an address, can be met, and tell their metadata. No customer's quota is touched.

use std::io;

use jiff::Timestamp;
use shared::domain::bank::Bank;
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::{
    bank::probe::{self, Met},
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

/// Days from which on the end of a bank's own certificate is worth a word.
const SOON: u64 = 14;

/// Whether the host of that address has one in the DNS.
pub async fn resolves(what: &What, url: &Url) -> Finding {
    match addresses(url).await {
        Ok(0) => Finding::fail(what, "the name has no address", "see that the document names the right host"),
        Ok(_) => Finding::ok(what, format!("{} has an address", host(url))),
        Err(error) => {
            let found = format!("{} is not found: {error}", host(url));
            Finding::fail(
                what,
                found,
                "see that the document names the right host, and that names can be resolved here",
            )
        }
    }
}

async fn addresses(url: &Url) -> io::Result<usize> {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(_) => return Ok(1),
        None => return Ok(0),
    };
    Ok(lookup_host((host, url.port_or_known_default().unwrap_or(443))).await?.count())
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("nothing")
}

/// What a bank's host is called in the output: the bank, and the host if the bank has several.
pub fn subject(bank: &Bank, url: &Url, is_alone: bool) -> String {
    if is_alone { bank.id.to_string() } else { format!("{}.{}", bank.id, host(url)) }
}

/// The hosts of the bank, one address each.
pub fn hosts(bank: &Bank) -> Vec<Url> {
    probe::addresses(bank)
}

/// Whether the host can be met as a call would meet it.
pub async fn meets(what: &What, bank: &Bank, url: &Url, now: Timestamp) -> Finding {
    let Ok(identity) = probe::identity(bank) else {
        return Finding::skip(what, "there is nothing the bank could know us by");
    };
    match probe::meet(bank, &identity, url).await {
        Ok(met) => judge(what, &met, now),
        Err(error) => {
            let advice =
                "hub bank probe tells more; the bank must know our certificate, and tls.trust_anchors must be its own";
            Finding::fail(what, one_line(&error), advice)
        }
    }
}

fn judge(what: &What, met: &Met, now: Timestamp) -> Finding {
    let found = format!("TLS {}, {}", met.handshake.version, met.handshake.cipher_suite);
    match met.handshake.certificate.as_ref().map(|facts| facts.days_left(now)) {
        Some(days) if days <= SOON => {
            let found = format!("{found}; the bank's certificate ends in {days} days");
            Finding::warn(what, found, "if the bank pins or changes its issuer, the document must follow")
        }
        _ => Finding::ok(what, found),
    }
}

/// Whether the authorisation server tells its metadata; nothing where the document names none.
pub async fn metadata(bank: &Bank) -> Option<Finding> {
    let what = What::one(Kind::Metadata, &bank.id);
    Some(match probe::metadata(bank).await? {
        Ok(_) => Finding::ok(&what, "the authorisation server tells its endpoints"),
        Err(error) => Finding::fail(&what, error, "hub bank probe tells more; oauth.metadata_url must be the bank's"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Standing;

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told() {
        let what = What::one(Kind::Dns, "a-bank");
        let found = resolves(&what, &"https://bank.invalid/v1".parse().unwrap()).await;
        assert_eq!(found.status, Standing::Fail);
        assert!(found.found.starts_with("bank.invalid"), "{found}");
        for known in ["https://127.0.0.1:8443/", "https://localhost/"] {
            assert_eq!(resolves(&what, &known.parse().unwrap()).await.status, Standing::Ok, "{known}");
        }
    }
}
