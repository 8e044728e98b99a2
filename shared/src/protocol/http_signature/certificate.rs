//! The certificate of the seal, as far as signatures speak of it. Whether it is a seal, and still good, is judged
//! where it is loaded.

use std::str;

use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::distinguished_name::DistinguishedName;

/// The certificate of the key that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCertificate {
    der: Vec<u8>,
    serial_hex: String,
    serial_decimal: String,
    issuer: DistinguishedName,
}

/// Why bytes are not taken as a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCertificate {
    /// There is no certificate in PEM.
    #[error("no certificate in PEM")]
    NoPem,
    /// The DER is not that of one certificate (RFC 5280 §4.1).
    #[error("not an X.509 certificate")]
    NotX509,
    /// The issuer's name is empty (RFC 5280 §4.1.2.4).
    #[error("the certificate names no issuer")]
    NoIssuer,
}

impl SigningCertificate {
    /// The first certificate of a PEM text, which is the key's own in every chain.
    pub fn from_pem(pem: &[u8]) -> Result<Self, MalformedCertificate> {
        let first = CertificateDer::pem_slice_iter(pem).next().and_then(Result::ok);
        Self::from_der(&first.ok_or(MalformedCertificate::NoPem)?)
    }

    /// The certificate of this DER, with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, MalformedCertificate> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| MalformedCertificate::NotX509)?;
        if !rest.is_empty() {
            return Err(MalformedCertificate::NotX509);
        }
        let issuer = DistinguishedName::of(certificate.issuer());
        if issuer.is_empty() {
            return Err(MalformedCertificate::NoIssuer);
        }
        let serial = &certificate.tbs_certificate.serial;
        let (serial_hex, serial_decimal) = (serial.to_str_radix(16), serial.to_str_radix(10));
        Ok(Self { der: der.to_vec(), serial_hex, serial_decimal, issuer })
    }

    /// The whole certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number in small hexadecimal letters, without leading zeroes.
    pub(super) fn serial_hex(&self) -> &str {
        &self.serial_hex
    }

    /// The serial number in decimal.
    pub(super) fn serial_decimal(&self) -> &str {
        &self.serial_decimal
    }

    /// Who issued it.
    pub(super) const fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DistinguishedName as Name, KeyPair};

    use super::{super::fixtures, *};

    #[test]
    fn reads_what_signatures_speak_of() {
        let certificate = fixtures::certificate();
        assert_eq!(certificate.serial_hex(), "5f3a9c1b20d4e7");
        assert_eq!(certificate.serial_decimal(), "26804564931957991");
        assert_eq!(certificate.der(), fixtures::decoded(&fixtures::vectors().certificate));
    }

    #[test]
    fn takes_the_first_certificate_of_a_chain() {
        let key = KeyPair::generate().unwrap();
        let other = CertificateParams::default().self_signed(&key).unwrap();
        let pem = |der: &[u8]| format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", encoded(der));
        let certificate = fixtures::certificate();
        let chain = format!("{}{}{}", key.serialize_pem(), pem(certificate.der()), other.pem());
        assert_eq!(SigningCertificate::from_pem(chain.as_bytes()), Ok(certificate));
    }

    fn encoded(der: &[u8]) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(der)
    }

    #[test]
    fn refuses_what_is_no_certificate_or_more_than_one() {
        let der = fixtures::certificate().der().to_vec();
        let refused = |bytes: &[u8]| SigningCertificate::from_der(bytes).unwrap_err();
        assert_eq!(refused(&[&der[..], &[0]].concat()), MalformedCertificate::NotX509);
        assert_eq!(refused(&der[..der.len() - 1]), MalformedCertificate::NotX509);
        assert_eq!(SigningCertificate::from_pem(&der), Err(MalformedCertificate::NoPem));
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(SigningCertificate::from_pem(pem), Err(MalformedCertificate::NotX509));
    }

    #[test]
    fn refuses_one_without_an_issuer() {
        let mut params = CertificateParams::default();
        params.distinguished_name = Name::new();
        let nameless = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(SigningCertificate::from_der(nameless.der()), Err(MalformedCertificate::NoIssuer));
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_is_refused_or_read(at: prop::sample::Index, bytes: [u8; 2]) {
            let mut der = fixtures::certificate().der().to_vec();
            let at = at.index(der.len());
            der.splice(at..=at, bytes);
            let _ = SigningCertificate::from_der(&der);
        }
    }
}
