//! The certificate that goes along with a signature (`TPP-Signature-Certificate`), and how signatures
//! name it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

use super::SealFault;
use super::letter::Letter;
use crate::pki::qc_statements::QcType;
use crate::tls::caller::Certificate;

/// The attributes that RFC 2253 section 2.3 gives short names.
const SHORT_NAMES: [(&str, &str); 7] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
];

/// A certificate as it came.
#[derive(Debug)]
pub(super) struct SealCertificate {
    pub(super) der: Vec<u8>,
    /// The `RSAPublicKey` in DER.
    pub(super) key: Vec<u8>,
    /// In hexadecimal, small letters, without leading zeros.
    serial: String,
    /// As RFC 2253 writes it.
    issuer: String,
}

impl SealCertificate {
    /// The certificate in the header: base64 in one line, with or without the lines of PEM around it.
    pub(super) fn of(letter: &Letter<'_>) -> Result<Self, SealFault> {
        let header = letter.header("tpp-signature-certificate").ok_or(SealFault::Certificate("missing"))?;
        let bare = header.replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "");
        let bare: String = bare.split_whitespace().collect();
        let der = STANDARD.decode(bare).map_err(|_| SealFault::Certificate("not base64"))?;
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|_| SealFault::Certificate("malformed"))?;
        if !rest.is_empty() {
            return Err(SealFault::Certificate("malformed"));
        }
        let serial = parsed.tbs_certificate.serial.to_str_radix(16);
        let issuer = rfc2253(parsed.issuer());
        let key = parsed.public_key().subject_public_key.data.to_vec();
        Ok(Self { der, key, serial, issuer })
    }

    /// It has to be a QSEAL of the organisation whose connection it is.
    pub(super) fn check_owner(&self, organisation: &str) -> Result<(), SealFault> {
        let read = Certificate::read(&CertificateDer::from(self.der.as_slice()));
        if read.statements.kind != Some(QcType::Seal) {
            return Err(SealFault::Certificate("not for seals"));
        }
        let same = read.organisation.as_deref() == Some(organisation);
        same.then_some(()).ok_or(SealFault::Certificate("of another organisation"))
    }

    /// Whether `SN=…,CA=…` names it (Berlin Group, `Signature`): the serial number in hexadecimal, the
    /// issuer with `%20` for blanks.
    pub(super) fn is_named_by(&self, key_id: &str) -> bool {
        let named = key_id.strip_prefix("SN=").and_then(|rest| rest.split_once(",CA="));
        named.is_some_and(|(serial, issuer)| {
            serial.trim_start_matches('0').eq_ignore_ascii_case(&self.serial)
                && percent_decoded(issuer).as_deref() == Some(self.issuer.as_str())
        })
    }
}

/// A name with its most specific part first, as RFC 2253 has it.
fn rfc2253(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &x509_parser::x509::AttributeTypeAndValue<'_>) -> String {
    let id = attribute.attr_type().to_id_string();
    let short = SHORT_NAMES.iter().find_map(|(known, short)| (*known == id).then_some(*short));
    format!("{}={}", short.unwrap_or(&id), escaped(attribute.as_str().unwrap_or_default()))
}

fn escaped(value: &str) -> String {
    value.chars().fold(String::new(), |mut text, letter| {
        if ",+\"\\<>;".contains(letter) {
            text.push('\\');
        }
        text.push(letter);
        text
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_percent_signs() {
        assert_eq!(percent_decoded("CN=Sandbox%20CA").as_deref(), Some("CN=Sandbox CA"));
        assert_eq!(percent_decoded("a%2"), None);
        assert_eq!(percent_decoded("a%zz"), None);
    }

    #[test]
    fn escapes_what_separates() {
        assert_eq!(escaped("a,b+c"), "a\\,b\\+c");
    }
}
