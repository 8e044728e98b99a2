//! Requests signed with the TPP's electronic seal (QSEAL), without IO: [`prepare`] says which bytes are to be signed,
//! the port that holds the key signs them, and [`Prepared::finish`] gives the headers.
//!
//! Two standards are spoken, and a bank's profile says which: draft-cavage-http-signatures-10, which Berlin Group and
//! STET ask for, and HTTP Message Signatures (RFC 9421). What is signed must go out as it was signed: after
//! [`prepare`] nothing may change the request but the headers of [`Prepared::finish`].

mod cavage;
mod certificate;
mod components;
mod digest;
pub(in crate::protocol) mod distinguished_name;
mod errors;
#[cfg(test)]
mod fixtures;
mod key_id;
mod message_signature;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

pub use self::{
    certificate::{MalformedCertificate, SigningCertificate},
    errors::UnsignableRequest,
};
use self::{
    components::{Line, Signed},
    errors::value,
};
use super::exchange::BankRequest;
use crate::domain::signature_profile::{
    Carrier, CertificateForm, CertificateHeader, Component, Covered, Scheme, SignatureProfile,
};

/// What a signature stands in (RFC 9421 §4.2; draft-cavage §4).
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
/// RFC 9421 §4.1.
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// A request that waits for its signature.
pub struct Prepared {
    message: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
    form: Form,
}

/// How the signature will be written.
enum Form {
    /// After these parameters.
    Cavage { parameters: String, carrier: Carrier },
    /// Under this label.
    Rfc9421 { label: String },
}

/// The bytes to sign for the request, and all the headers but the signature.
///
/// The body's digest is made for any body, also for none; `Date` if the profile requires it and the request has none.
/// Nothing of the request is changed.
pub fn prepare(
    request: &BankRequest,
    profile: &SignatureProfile,
    certificate: &SigningCertificate,
    now: Timestamp,
) -> Result<Prepared, UnsignableRequest> {
    let mut headers = added_headers(request, profile, certificate, now)?;
    let signed = Signed { request, added: &headers };
    let lines = components::lines(&profile.covered, &profile.scheme, &signed)?;
    let key_id = key_id::text(&profile.key_id, certificate)?;
    let (message, form) = match &profile.scheme {
        Scheme::Cavage(carrier) => {
            if *carrier == Carrier::Authorization && request.headers.contains_key(header::AUTHORIZATION) {
                return Err(UnsignableRequest::AuthorizationTaken);
            }
            let parameters = cavage::parameters(&key_id, profile.algorithm, &lines);
            (cavage::signing_string(&lines), Form::Cavage { parameters, carrier: *carrier })
        }
        Scheme::Rfc9421(how) => {
            let label = message_signature::label(how)?;
            let parameters = message_signature::parameters(&lines, &key_id, profile.algorithm, how, now)?;
            headers.push((SIGNATURE_INPUT, value(&SIGNATURE_INPUT, &format!("{label}={parameters}"))?));
            (message_signature::base(&lines, &parameters), Form::Rfc9421 { label })
        }
    };
    Ok(Prepared { message: message.into_bytes(), headers, form })
}

impl Prepared {
    /// The bytes to sign, with the profile's algorithm.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The headers to put into the request, each in the place of those of its name. The signature goes out as it is
    /// given: for RSA as long as the modulus; for ECDSA r and s in RFC 9421 (§3.3.4), while draft-cavage leaves it open.
    pub fn finish(self, signature: &[u8]) -> Result<Vec<(HeaderName, HeaderValue)>, UnsignableRequest> {
        if signature.is_empty() {
            return Err(UnsignableRequest::EmptySignature);
        }
        let Self { mut headers, form, .. } = self;
        headers.push(form.signature_header(&STANDARD.encode(signature))?);
        Ok(headers)
    }
}

/// Shows neither what is signed, which may be secret, nor the headers.
impl fmt::Debug for Prepared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl Form {
    /// The header with the signature, which is given in base64.
    fn signature_header(&self, signature: &str) -> Result<(HeaderName, HeaderValue), UnsignableRequest> {
        let (name, text) = match self {
            Self::Cavage { parameters, carrier } => cavage::header(parameters, signature, *carrier),
            Self::Rfc9421 { label } => (SIGNATURE, format!("{label}=:{signature}:")),
        };
        let mut value = value(&name, &text)?;
        // Whoever reads a log of these could send the request again as long as the bank takes its date.
        value.set_sensitive(name == header::AUTHORIZATION);
        Ok((name, value))
    }
}

/// The headers that signing adds besides the signature's own: digest, date, certificate.
fn added_headers(
    request: &BankRequest,
    profile: &SignatureProfile,
    certificate: &SigningCertificate,
    now: Timestamp,
) -> Result<Vec<(HeaderName, HeaderValue)>, UnsignableRequest> {
    let body = request.body.as_deref().unwrap_or_default();
    let mut headers = vec![digest::header(&profile.scheme, profile.digest, body)?];
    let wants_date = profile.covered.contains(&Covered::Required(Component::Header(header::DATE)));
    if wants_date && !request.headers.contains_key(header::DATE) {
        headers.push((header::DATE, date(now)?));
    }
    if let Some(CertificateHeader { name, form }) = &profile.certificate {
        let is_taken = headers.iter().any(|(other, _)| other == name) || [SIGNATURE, SIGNATURE_INPUT].contains(name);
        if is_taken {
            return Err(UnsignableRequest::Header(name.clone()));
        }
        headers.push((name.clone(), value(name, &certificate_text(form, certificate))?));
    }
    Ok(headers)
}

/// The date as HTTP has it, the day with two digits (RFC 9110 §5.6.7).
fn date(now: Timestamp) -> Result<HeaderValue, UnsignableRequest> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).map_err(|_| UnsignableRequest::Date)?;
    value(&header::DATE, &text)
}

/// The certificate as a header carries it (Berlin Group `OpenAPI` 1.3.11, `TPP-Signature-Certificate`).
fn certificate_text(form: &CertificateForm, certificate: &SigningCertificate) -> String {
    let base64 = || STANDARD.encode(certificate.der());
    match form {
        CertificateForm::Base64 => base64(),
        CertificateForm::Armoured => format!("-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----", base64()),
        CertificateForm::Address(url) => url.as_str().to_owned(),
    }
}
