//! Whether a server asks for our certificate (RFC 8446 §4.3.2).
//!
//! The library tells no call which handshake it belongs to, so both sides are counted: within one handshake a request
//! for our certificate comes before the server's own is judged. Whoever never asks is found out at the first
//! handshake; that is why a configuration of this kind is for one origin alone.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::{CertifiedKey, SingleCertAndKey},
};

/// Presents one identity, and counts how often it is asked for.
#[derive(Debug)]
pub(super) struct Presented {
    identity: SingleCertAndKey,
    asked: AtomicU64,
}

impl Presented {
    pub(super) const fn new(identity: SingleCertAndKey) -> Self {
        Self { identity, asked: AtomicU64::new(0) }
    }
}

impl ResolvesClientCert for Presented {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        ResolvesClientCert::resolve(&self.identity, hints, schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Refuses servers that do not ask.
#[derive(Debug)]
pub(super) struct AsksForUs {
    inner: Arc<dyn ServerCertVerifier>,
    presented: Arc<Presented>,
    met: AtomicU64,
}

impl AsksForUs {
    pub(super) const fn new(inner: Arc<dyn ServerCertVerifier>, presented: Arc<Presented>) -> Self {
        Self { inner, presented, met: AtomicU64::new(0) }
    }
}

impl ServerCertVerifier for AsksForUs {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let met = self.met.fetch_add(1, Ordering::Relaxed) + 1;
        if self.presented.asked.load(Ordering::Relaxed) < met {
            self.met.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::General("the server does not ask for our certificate".to_owned()));
        }
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    super::signatures_as_inner_judges_them!();
}
