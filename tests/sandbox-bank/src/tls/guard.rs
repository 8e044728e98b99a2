//! The check of client certificates during the handshake.
//!
//! A QSEAL passes every check that TLS itself makes (it has no extended key usage), so the bank has
//! to look into the `QcStatements` itself: it wants a QWAC whose owner may read accounts.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::caller::Certificate;
use crate::pki::qc_statements::{QcType, Role};

/// Judges the client certificate of one connection.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The ordinary check: chain, time, key usage.
    pub(crate) chain: Arc<dyn ClientCertVerifier>,
    pub(crate) verdict: Verdict,
    /// What was shown, also if it was refused.
    pub(crate) shown: Arc<OnceLock<Certificate>>,
}

/// How a connection's certificate is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// On its merits.
    OnMerits,
    /// Refused whatever it is: a fault that somebody armed.
    Refused,
}

impl Guard {
    fn judge(&self, certificate: &Certificate) -> Result<(), CertificateError> {
        let statements = &certificate.statements;
        if self.verdict == Verdict::Refused {
            return Err(CertificateError::Revoked);
        }
        if statements.kind != Some(QcType::Web) {
            return Err(CertificateError::InvalidPurpose);
        }
        if certificate.organisation.is_none() || !statements.roles.contains(&Role::AccountInformation) {
            return Err(CertificateError::ApplicationVerificationFailure);
        }
        Ok(())
    }
}

impl ClientCertVerifier for Guard {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let certificate = self.shown.get_or_init(|| Certificate::read(end_entity));
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        self.judge(certificate)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
