//! Reads certificates: what a DER of X.509 says that the hub cares for (RFC 5280, and ETSI EN 319 412-5 and TS 119 495 for
//! the statements of qualified certificates).

mod qc_statements;

use jiff::Timestamp;
use x509_parser::{
    certificate::X509Certificate,
    prelude::FromDer,
    time::ASN1Time,
    x509::{AttributeTypeAndValue, X509Name},
};

use self::qc_statements::EXTENSION;
pub use self::qc_statements::QcStatements;
use super::http_signature::distinguished_name::{DistinguishedName, text_of};
use crate::domain::{
    certificate::CertificateFacts,
    code_hash::sha256,
    signature_profile::{IssuerForm, NameEscaping, UnlistedAttributes},
};

/// The longest DER of a certificate that is looked into, in bytes. Real ones have two thousand or so.
pub const LONGEST: usize = 64 * 1024;

/// `organizationIdentifier` (ITU-T X.520 §6.4.5).
const ORGANISATION_IDENTIFIER: &str = "2.5.4.97";

/// Why bytes are not read as a certificate. Never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableCertificate {
    /// The DER is not that of one certificate (RFC 5280 §4.1), or longer than any.
    #[error("not an X.509 certificate")]
    NotX509,
    /// It names no issuer (RFC 5280 §4.1.2.4).
    #[error("the certificate names no issuer")]
    NoIssuer,
    /// It holds to or from a time that no clock has.
    #[error("the certificate's validity cannot be told")]
    Validity,
    /// Its `qcStatements` are not statements (RFC 3739 §3.2.6), or are there twice.
    #[error("the certificate's QcStatements cannot be read")]
    Statements,
}

/// What the certificate of this DER says, with nothing after it. Nothing is verified but its shape.
pub fn facts(der: &[u8]) -> Result<CertificateFacts, UnreadableCertificate> {
    let certificate = parsed(der)?;
    if certificate.issuer().iter_rdn().next().is_none() {
        return Err(UnreadableCertificate::NoIssuer);
    }
    let QcStatements { types, qualified, roles, authority } = statements(&certificate)?;
    Ok(CertificateFacts {
        types,
        qualified,
        roles,
        authority,
        organisation_identifier: organisation_identifier(certificate.subject()),
        serial: certificate.tbs_certificate.serial.to_str_radix(16),
        issuer: told(certificate.issuer()),
        subject: told(certificate.subject()),
        not_before: time(certificate.validity().not_before)?,
        not_after: time(certificate.validity().not_after)?,
        sha256: sha256(der),
    })
}

/// Whether the upper certificate is of the name that issued the lower one. Both are DER; what cannot be read issues
/// nothing.
pub fn is_issuer_of(upper: &[u8], lower: &[u8]) -> bool {
    let (Ok(upper), Ok(lower)) = (parsed(upper), parsed(lower)) else { return false };
    upper.subject().as_raw() == lower.issuer().as_raw()
}

/// The `SubjectPublicKeyInfo` of a certificate (RFC 5280 §4.1.2.7), DER.
pub fn public_key_info(der: &[u8]) -> Result<Vec<u8>, UnreadableCertificate> {
    Ok(parsed(der)?.public_key().raw.to_vec())
}

fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, UnreadableCertificate> {
    if der.len() > LONGEST {
        return Err(UnreadableCertificate::NotX509);
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(UnreadableCertificate::NotX509),
    }
}

/// What its statements say; nothing if it has none.
fn statements(certificate: &X509Certificate<'_>) -> Result<QcStatements, UnreadableCertificate> {
    let mut found = certificate.extensions().iter().filter(|extension| extension.oid.as_bytes() == EXTENSION);
    let Some(extension) = found.next() else { return Ok(QcStatements::default()) };
    if found.next().is_some() {
        return Err(UnreadableCertificate::Statements);
    }
    QcStatements::parse(extension.value).ok_or(UnreadableCertificate::Statements)
}

fn organisation_identifier(subject: &X509Name<'_>) -> Option<String> {
    let is_it =
        |attribute: &&AttributeTypeAndValue<'_>| attribute.attr_type().to_id_string() == ORGANISATION_IDENTIFIER;
    let text = subject.iter_attributes().find(is_it).and_then(|attribute| text_of(attribute.attr_value()));
    text.filter(|text| !text.chars().any(char::is_control))
}

/// A name as operators know it.
fn told(name: &X509Name<'_>) -> String {
    let form =
        IssuerForm { escaping: NameEscaping::Backslash, unlisted: UnlistedAttributes::Named, ..IssuerForm::default() };
    DistinguishedName::of(name).text(form)
}

fn time(time: ASN1Time) -> Result<Timestamp, UnreadableCertificate> {
    Timestamp::from_second(time.timestamp()).map_err(|_| UnreadableCertificate::Validity)
}

#[cfg(test)]
mod tests;
