//! Mutual TLS with one bank.

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{
    config::bank_document::{place::Place, tables::TlsTable},
    domain::{
        bank::{TlsProfile, TlsVersion},
        certificate::CertificateFacts,
        secret::{ExposeSecret, SecretString},
    },
    protocol::certificate::facts,
};

impl TlsTable {
    /// The profile, and what our certificate says if it can be read. Whether it is one to use is told when it is met.
    pub(super) fn check(self, place: &mut Place<'_>) -> Option<(TlsProfile, Option<CertificateFacts>)> {
        let identity_file = place.beside("tls.identity", &self.identity);
        let identity = place.file("tls.identity", &self.identity).map(SecretString::from);
        let trust_anchors = place.file("tls.trust_anchors", &self.trust_anchors);
        let pins = self.pins.iter().enumerate().filter_map(|(number, pin)| {
            place.take(&format!("tls.pins.{number}"), octets(pin).ok_or("must be 32 octets in base64"))
        });
        let pins = pins.collect();
        check_suites(&self.cipher_suites, self.minimum, place);
        let ours = leaf_facts(identity?.expose_secret());
        let profile = TlsProfile {
            identity_file,
            accepts_unqualified: self.accepts_unqualified,
            tokens_must_be_bound: self.tokens_must_be_bound,
            trust_anchors: trust_anchors?,
            pins,
            minimum: self.minimum,
            cipher_suites: self.cipher_suites,
            http: self.http,
            idle_seconds: self.idle_seconds,
            idle_connections: self.idle_connections,
        };
        Some((profile, ours))
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

/// What the first certificate of a PEM text says.
fn leaf_facts(pem: &str) -> Option<CertificateFacts> {
    let leaf = CertificateDer::pem_slice_iter(pem.as_bytes()).next()?.ok()?;
    facts(&leaf).ok()
}
