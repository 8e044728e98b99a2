//! What banks' servers said of our certificate.
//!
//! Under TLS 1.3 a server judges it after our side has finished the handshake (RFC 8446 §4.4.2.4), so its alert may come
//! before a request is given to the connection, while it is written, or after. Only at some of these moments does the HTTP
//! library pass on why a connection ended. Therefore what TLS heard is written down where it is heard.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use rustls::AlertDescription;

/// Alerts by which a server refuses the certificate that it was shown (RFC 8446 §6.2), or misses one.
///
/// `DecryptError` is among them: a server sends it when our signature does not fit our certificate.
pub(super) const CERTIFICATE_ALERTS: [AlertDescription; 11] = [
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

/// What the server of one connection said. Silence is no verdict, nor is an alert about anything else.
#[derive(Debug)]
pub(super) struct Verdict {
    alert: OnceLock<AlertDescription>,
    channel: Arc<Refusals>,
}

impl Verdict {
    /// Nothing has been said yet. What will be said is told to the channel of the connection, too.
    pub(super) const fn pending(channel: Arc<Refusals>) -> Self {
        Self { alert: OnceLock::new(), channel }
    }

    /// Writes down the failure of a connection if it is a refusal of our certificate.
    pub(super) fn note(&self, failure: &io::Error) {
        if let Some(rustls::Error::AlertReceived(alert)) = tls_error(failure)
            && CERTIFICATE_ALERTS.contains(alert)
            // The first alert ends a connection: there is no other.
            && self.alert.set(*alert).is_ok()
        {
            self.channel.add(*alert);
        }
    }

    /// The alert by which our certificate was refused.
    pub(super) fn refusal(&self) -> Option<AlertDescription> {
        self.alert.get().copied()
    }
}

/// The newest refusal on any connection of one channel.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<(Instant, AlertDescription)>>);

impl Refusals {
    fn add(&self, alert: AlertDescription) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), alert));
    }

    /// The newest one, if there is one of that moment or later.
    pub(super) fn since(&self, moment: Instant) -> Option<AlertDescription> {
        let newest = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.filter(|(at, _)| *at >= moment).map(|(_, alert)| alert)
    }
}

/// The TLS error that this is or wraps. An `io::Error` does not name what it wraps as its source, so it is opened.
pub(super) fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().and_then(|inner| tls_error(inner)),
        None => cause.downcast_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(alert: AlertDescription) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, rustls::Error::AlertReceived(alert))
    }

    #[test]
    fn a_refusal_is_kept_and_told_to_the_channel() {
        let (began, channel) = (Instant::now(), Arc::new(Refusals::default()));
        let verdict = Verdict::pending(Arc::clone(&channel));
        assert_eq!((verdict.refusal(), channel.since(began)), (None, None));
        verdict.note(&alert(AlertDescription::UnknownCA));
        verdict.note(&alert(AlertDescription::CertificateExpired));
        let unknown = Some(AlertDescription::UnknownCA);
        assert_eq!((verdict.refusal(), channel.since(began)), (unknown, unknown));
        let other = Verdict::pending(Arc::clone(&channel));
        assert_eq!(other.refusal(), None, "another connection's");
    }

    #[test]
    fn a_refusal_of_before_is_none_of_now() {
        let channel = Arc::new(Refusals::default());
        Verdict::pending(Arc::clone(&channel)).note(&alert(AlertDescription::UnknownCA));
        let mut now = Instant::now();
        while channel.since(now).is_some() {
            now = Instant::now();
        }
        assert_eq!(channel.since(now), None);
    }

    #[test]
    fn other_failures_are_no_verdict() {
        let verdict = Verdict::pending(Arc::default());
        verdict.note(&alert(AlertDescription::InternalError));
        verdict.note(&io::ErrorKind::ConnectionReset.into());
        verdict.note(&io::Error::other("received fatal alert: UnknownCA"));
        assert_eq!(verdict.refusal(), None);
    }
}
