//! Mutual TLS with one bank.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{
    der_parser::oid,
    prelude::{FromDer, X509Certificate},
};

use crate::{
    config::bank_document::{place::Place, tables::TlsTable},
    domain::bank::{TlsProfile, TlsVersion},
};

impl TlsTable {
    pub(super) fn check(self, place: &mut Place<'_>) -> Option<TlsProfile> {
        let identity_file = place.beside("tls.identity", &self.identity);
        let identity = place.file("tls.identity", &self.identity);
        let trust_anchors = place.file("tls.trust_anchors", &self.trust_anchors);
        let pins = self.pins.iter().enumerate().filter_map(|(number, pin)| {
            place.take(&format!("tls.pins.{number}"), octets(pin).ok_or("must be 32 octets in base64"))
        });
        let pins = pins.collect();
        check_suites(&self.cipher_suites, self.minimum, place);
        let identity = identity?;
        Some(TlsProfile {
            identity_file,
            identity_ends_at: leaf_ends_at(&identity),
            identity: identity.into(),
            trust_anchors: trust_anchors?,
            pins,
            minimum: self.minimum,
            cipher_suites: self.cipher_suites,
            http: self.http,
            idle_seconds: self.idle_seconds,
            idle_connections: self.idle_connections,
        })
    }
}

fn octets(pin: &str) -> Option<[u8; 32]> {
    STANDARD.decode(pin).ok()?.try_into().ok()
}

/// Every suite must be one that the hub speaks, and one of them of a version that may be spoken.
fn check_suites(suites: &[String], minimum: TlsVersion, place: &mut Place<'_>) {
    let known = rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
    let of_name = |name: &str| known.iter().find(|suite| iana_name(suite) == name);
    for (number, name) in suites.iter().enumerate() {
        let is_known = of_name(name).is_some();
        place.demand(&format!("tls.cipher_suites.{number}"), is_known, "is not a cipher suite that the hub speaks");
    }
    let is_new = |name: &String| of_name(name).is_none_or(|suite| suite.tls13().is_some());
    let is_spoken = suites.is_empty() || minimum == TlsVersion::V1_2 || suites.iter().any(is_new);
    place.demand("tls.cipher_suites", is_spoken, "has none of TLS 1.3, which is the minimum");
}

/// The name of a suite in IANA's list; rustls writes the version into those of TLS 1.3.
fn iana_name(suite: &rustls::SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_")
}

/// When the first certificate of a PEM text ends. Whether the text is usable at all is told when the client is made.
fn leaf_ends_at(pem: &str) -> Option<Timestamp> {
    with_leaf(pem, |leaf| Timestamp::from_second(leaf.validity().not_after.timestamp()).ok())
}

/// The `organizationIdentifier` (X.520, 2.5.4.97) of the first certificate of a PEM text.
pub fn organisation_identifier(pem: &str) -> Option<String> {
    with_leaf(pem, |leaf| {
        let identifier = leaf.subject().iter_by_oid(&oid!(2.5.4.97)).next()?;
        Some(identifier.as_str().ok()?.to_owned())
    })
}

fn with_leaf<T>(pem: &str, read: impl FnOnce(&X509Certificate<'_>) -> Option<T>) -> Option<T> {
    let leaf = CertificateDer::pem_slice_iter(pem.as_bytes()).next()?.ok()?;
    let (_, leaf) = X509Certificate::from_der(&leaf).ok()?;
    read(&leaf)
}
