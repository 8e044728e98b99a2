//! Names what went wrong on the way to a bank and back.
//!
//! Circuit breaker, quota and operators act on the difference between "the bank is down", "the bank never saw the
//! call" and "the bank refuses our certificate", so the whole chain of causes is read, not only its outermost kind.

use std::{error::Error, io, iter};

use rustls::AlertDescription;

use crate::ports::bank_http::BankHttpError;

/// Alerts by which a server refuses the certificate that it was shown (RFC 8446 §6.2), or misses one.
///
/// `DecryptError` is among them: a server sends it when our signature does not fit our certificate.
const CERTIFICATE_ALERTS: [AlertDescription; 11] = [
    AlertDescription::NoCertificate,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::DecryptError,
    AlertDescription::CertificateUnobtainable,
    AlertDescription::CertificateRequired,
];

/// Makes the failure of its cause.
type Named = fn(Box<dyn Error + Send + Sync>) -> BankHttpError;

/// The failure of a call that brought no header of an answer.
pub(super) fn of_call(error: reqwest::Error) -> BankHttpError {
    named(name_of_call, error)
}

/// The failure of an answer whose header had come.
pub(super) fn of_body(error: reqwest::Error) -> BankHttpError {
    named(name_of_exchange, error)
}

/// The URL is taken out of the error: its path and query may identify a customer.
fn named(name: fn(&reqwest::Error) -> Named, error: reqwest::Error) -> BankHttpError {
    let error = error.without_url();
    name(&error)(Box::new(error))
}

/// The order matters: a refused certificate comes as a failed connection under TLS 1.2 and as a failed request under
/// TLS 1.3, where our side has finished the handshake before the server judges it.
fn name_of_call(error: &reqwest::Error) -> Named {
    if chain(error).any(tells_of_refused_certificate) {
        BankHttpError::CertificateRefused
    } else if error.is_builder() {
        BankHttpError::NotSent
    } else if error.is_connect() {
        name_of_connecting(error)
    } else {
        name_of_exchange(error)
    }
}

fn name_of_connecting(error: &reqwest::Error) -> Named {
    if chain(error).any(|cause| tls_error(cause).is_some()) {
        BankHttpError::TlsRejected
    } else {
        BankHttpError::Unreachable
    }
}

/// Failures on a connection that stood. One that the HTTP library does not know of is the decompressor's.
fn name_of_exchange(error: &reqwest::Error) -> Named {
    match chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>()) {
        Some(http) if http.is_parse() || chain(error).any(tells_of_bad_framing) => BankHttpError::Malformed,
        None if error.is_decode() => BankHttpError::Malformed,
        _ => BankHttpError::Broken,
    }
}

/// Whether the lengths within a body do not fit together. TLS errors wear the same kinds.
fn tells_of_bad_framing(cause: &(dyn Error + 'static)) -> bool {
    let kind = cause.downcast_ref().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) && tls_error(cause).is_none()
}

/// The error and everything below it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |cause: &&'a (dyn Error + 'static)| (*cause).source())
}

/// The TLS error that this is or wraps. An `io::Error` does not name what it wraps as its source, so it is opened.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().and_then(|inner| tls_error(inner)),
        None => cause.downcast_ref(),
    }
}

/// Whether a certificate alert is the cause. Over HTTP/2 the TLS error's type is lost on its way through the protocol
/// and only its text is left; it is compared with the text that the TLS library gives the same alerts.
fn tells_of_refused_certificate(cause: &(dyn Error + 'static)) -> bool {
    match tls_error(cause) {
        Some(rustls::Error::AlertReceived(alert)) => CERTIFICATE_ALERTS.contains(alert),
        Some(_) => false,
        None => is_text_of_certificate_alert(&cause.to_string()),
    }
}

fn is_text_of_certificate_alert(text: &str) -> bool {
    CERTIFICATE_ALERTS.iter().any(|alert| text == rustls::Error::AlertReceived(*alert).to_string())
}
