//! Public keys that a bank's certificates must lead to besides its trust anchors (RFC 7469 §2.4, without its reports).

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::anchored;
use crate::{domain::code_hash::sha256, protocol::certificate::public_key_info};

/// Asks the verifier by trust anchors first, and then that the certificate is of a pinned key or leads to one.
#[derive(Debug)]
pub(super) struct Pinned {
    inner: Arc<dyn ServerCertVerifier>,
    anchors: Vec<CertificateDer<'static>>,
    pins: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub(super) const fn new(
        inner: Arc<dyn ServerCertVerifier>,
        anchors: Vec<CertificateDer<'static>>,
        pins: Vec<[u8; 32]>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { inner, anchors, pins, provider }
    }

    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        public_key_info(certificate).is_ok_and(|info| self.pins.contains(&sha256(&info)))
    }

    /// A verifier whose roots are the pinned ones among these certificates and the anchors. That a pinned certificate was
    /// sent proves nothing, anybody has it: a path must end at its key.
    fn by_pinned(&self, sent: &[CertificateDer<'_>]) -> Option<Arc<dyn ServerCertVerifier>> {
        let sent = sent.iter().map(|certificate| certificate.clone().into_owned());
        let pinned: Vec<_> =
            sent.chain(self.anchors.clone()).filter(|certificate| self.is_pinned(certificate)).collect();
        Some(anchored(&pinned, &self.provider).ok()?)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        if self.is_pinned(end_entity) {
            return Ok(verified);
        }
        let unpinned = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let by_pinned = self.by_pinned(intermediates).ok_or_else(|| unpinned.clone())?;
        let leads_there = by_pinned.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        leads_there.map_err(|_| unpinned)
    }

    super::signatures_as_inner_judges_them!();
}
