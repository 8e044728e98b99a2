//! Names what went wrong on the way to a bank and back.
//!
//! Circuit breaker, quota and operators act on the difference between "the bank is down", "the bank never saw the
//! call" and "the bank refuses our certificate", so the whole chain of causes is read, not only its outermost kind; and
//! what the bank said of our certificate is asked of the connection itself.

use std::{error::Error, io, iter, sync::Arc};

use http::Extensions;
use hyper_util::client::legacy;
use rustls::AlertDescription;

use super::verdict::{Verdict, tls_error};
use crate::ports::bank_http::{BankHttpError, Source};

/// The bank's server refused our certificate, or missed one.
#[derive(Debug, thiserror::Error)]
#[error("the bank's server sent the alert {alert:?}")]
struct Refused {
    alert: AlertDescription,
    #[source]
    source: legacy::Error,
}

/// The failure of a call that brought no header of an answer. `meanwhile` tells of a refusal of our certificate on any
/// connection of the channel since the call began.
///
/// The order matters: a refused certificate comes as a failed connection under TLS 1.2 and in many forms under TLS 1.3,
/// some of which do not name it.
pub(super) fn of_call(error: legacy::Error, meanwhile: impl FnOnce() -> Option<AlertDescription>) -> BankHttpError {
    if let Some(alert) = refusal(&error, meanwhile) {
        BankHttpError::CertificateRefused(Box::new(Refused { alert, source: error }))
    } else if error.is_connect() {
        name_of_connecting(&error)(Box::new(error))
    } else {
        name_of_exchange(&error).unwrap_or(BankHttpError::Broken)(Box::new(error))
    }
}

/// The failure of an answer whose header had come. One that the HTTP library does not know of is the decompressor's.
pub(super) fn of_body(error: Source) -> BankHttpError {
    name_of_exchange(&*error).unwrap_or(BankHttpError::Malformed)(error)
}

/// What the server of the call's connection said of our certificate. If the call had none yet, the bank has not seen
/// it; whichever connection it waited for, it was one of this channel.
fn refusal(error: &legacy::Error, meanwhile: impl FnOnce() -> Option<AlertDescription>) -> Option<AlertDescription> {
    let Some(connected) = error.connect_info() else { return meanwhile() };
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras.get::<Arc<Verdict>>()?.refusal()
}

/// Makes the failure of its cause.
type Named = fn(Source) -> BankHttpError;

fn name_of_connecting(error: &(dyn Error + 'static)) -> Named {
    if chain(error).any(|cause| tls_error(cause).is_some()) {
        BankHttpError::TlsRejected
    } else {
        BankHttpError::Unreachable
    }
}

/// Failures on a connection that stood, if the HTTP library knows of them.
fn name_of_exchange(error: &(dyn Error + 'static)) -> Option<Named> {
    let http = chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    let malformed = http.is_parse() || chain(error).any(tells_of_bad_framing);
    Some(if malformed { BankHttpError::Malformed } else { BankHttpError::Broken })
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
