//! Signatures of requests by the third party's electronic seal (QSEAL), judged without any of the
//! hub's code.

mod cavage;
mod certificate;
pub(crate) mod demand;
mod digest;
mod letter;
mod primitive;
mod rfc9421;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error, RootCertStore};

use crate::refusal::Refusal;
use crate::tls::door::DoorError;
use certificate::SealCertificate;
use demand::{Demand, Need, Scheme};
pub(crate) use letter::Letter;

/// Judges signatures by the certificates of one authority.
#[derive(Debug)]
pub(crate) struct Notary {
    chain: Arc<dyn ClientCertVerifier>,
}

/// What became of a request's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Nobody looked.
    Ignored,
    Verified,
    /// There is none.
    Missing,
    Refused(SealFault),
}

/// What is wrong with a signature, in a word or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealFault {
    /// The certificate is not one that may sign.
    Certificate(&'static str),
    /// The signature is not one of this request.
    Signature(&'static str),
}

impl Notary {
    /// Knows the certificates of the authority with this certificate, in PEM.
    pub(crate) fn new(ca: &str) -> Result<Self, DoorError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes())?)?;
        let provider = Arc::new(default_provider());
        Ok(Self { chain: WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()? })
    }

    /// Judges the signature of a request that came over a connection of `organisation`.
    pub(crate) fn judge(&self, demand: Demand, letter: &Letter<'_>, organisation: &str, now: UnixTime) -> Judgement {
        if demand.need == Need::Ignored {
            return Judgement::Ignored;
        }
        if !letter.is_signed() {
            return Judgement::Missing;
        }
        match self.check(demand.scheme, letter, organisation, now) {
            Ok(()) => Judgement::Verified,
            Err(fault) => Judgement::Refused(fault),
        }
    }

    fn check(&self, scheme: Scheme, letter: &Letter<'_>, organisation: &str, now: UnixTime) -> Result<(), SealFault> {
        let certificate = SealCertificate::of(letter)?;
        self.check_chain(&certificate, now)?;
        certificate.check_owner(organisation)?;
        match scheme {
            Scheme::Cavage => cavage::check(letter, &certificate),
            Scheme::Rfc9421 => rfc9421::check(letter, &certificate),
        }
    }

    fn check_chain(&self, certificate: &SealCertificate, now: UnixTime) -> Result<(), SealFault> {
        let der = CertificateDer::from(certificate.der.as_slice());
        let reason = match self.chain.verify_client_cert(&der, &[], now) {
            Ok(_) => return Ok(()),
            Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
                "expired"
            }
            Err(_) => "not of a known authority",
        };
        Err(SealFault::Certificate(reason))
    }
}

impl Judgement {
    /// The word in the journal.
    pub(crate) fn told(self) -> String {
        match self {
            Self::Ignored => "ignored".to_owned(),
            Self::Verified => "verified".to_owned(),
            Self::Missing => "missing".to_owned(),
            Self::Refused(SealFault::Certificate(reason)) => format!("refused:certificate {reason}"),
            Self::Refused(SealFault::Signature(reason)) => format!("refused:{reason}"),
        }
    }

    /// Why the request is turned away, if it is.
    pub(crate) fn refusal(self, need: Need) -> Option<Refusal> {
        match self {
            Self::Missing if need == Need::Required => Some(Refusal::SignatureMissing),
            Self::Refused(SealFault::Certificate(reason)) => Some(Refusal::CertificateInvalid(reason)),
            Self::Refused(SealFault::Signature(reason)) => Some(Refusal::SignatureInvalid(reason)),
            Self::Ignored | Self::Verified | Self::Missing => None,
        }
    }
}
