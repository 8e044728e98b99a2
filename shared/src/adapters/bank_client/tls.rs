//! Our side of mutual TLS with one bank: its document's identity and trust anchors, and nothing from the system.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    version::{TLS12, TLS13},
};

use crate::domain::{
    bank::{TlsProfile, TlsVersion},
    secret::{ExposeSecret, SecretString},
};

/// What is wrong with a bank's TLS settings. Names the setting, never its value.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The identity's PEM is damaged.
    #[error("the identity is not well-formed PEM")]
    MalformedIdentity(#[source] pem::Error),
    /// The identity has no `CERTIFICATE` section.
    #[error("the identity holds no certificate")]
    NoCertificate,
    /// The identity has no `PRIVATE KEY` section; encrypted keys are not read.
    #[error("the identity holds no unencrypted private key")]
    NoPrivateKey,
    /// Which of the keys is meant would be a guess.
    #[error("the identity holds more than one private key")]
    SeveralPrivateKeys,
    /// The first certificate is of another key.
    #[error("the identity's private key does not belong to its first certificate")]
    KeyMismatch,
    /// The certificate or the key is of a kind that TLS cannot use, or damaged inside.
    #[error("the identity's certificate or private key cannot be used for TLS")]
    UnusableIdentity(#[source] rustls::Error),
    /// The trust anchors' PEM is damaged.
    #[error("the trust anchors are not well-formed PEM")]
    MalformedTrustAnchors(#[source] pem::Error),
    /// Without an anchor no bank could be trusted.
    #[error("there is no trust anchor")]
    NoTrustAnchor,
    /// One of the anchors is not a certificate that can be trusted.
    #[error("trust anchor {position} cannot be used")]
    UnusableTrustAnchor {
        /// Which one, counted from 1.
        position: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The TLS library or the HTTP client refused the settings as a whole.
    #[error("the client could not be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The TLS configuration for connections to that bank. It is made anew for every identity, so that no session of an
/// older identity is ever resumed with it.
pub(super) fn client_config(profile: &TlsProfile) -> Result<ClientConfig, TlsSetupError> {
    let roots = trust_anchors(&profile.trust_anchors)?;
    let (chain, key) = identity(&profile.identity)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions(profile.minimum))
        .map_err(|error| TlsSetupError::Client(Box::new(error)))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(identity_fault)?;
    // The HTTP client does not add these to a configuration made outside it.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The versions from TLS 1.2 on, and those from TLS 1.3 on.
static FROM_V1_2: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
static FROM_V1_3: [&SupportedProtocolVersion; 1] = [&TLS13];

fn versions(minimum: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match minimum {
        TlsVersion::V1_2 => &FROM_V1_2,
        TlsVersion::V1_3 => &FROM_V1_3,
    }
}

fn identity(text: &SecretString) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsSetupError> {
    let text = text.expose_secret().as_bytes();
    let chain = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsSetupError::MalformedIdentity)?;
    if chain.is_empty() {
        return Err(TlsSetupError::NoCertificate);
    }
    Ok((chain, only_key(text)?))
}

fn only_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    let mut keys = PrivateKeyDer::pem_slice_iter(text);
    let key = keys.next().ok_or(TlsSetupError::NoPrivateKey)?.map_err(TlsSetupError::MalformedIdentity)?;
    if keys.next().is_some() { Err(TlsSetupError::SeveralPrivateKeys) } else { Ok(key) }
}

fn identity_fault(error: rustls::Error) -> TlsSetupError {
    match error {
        rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => TlsSetupError::KeyMismatch,
        other => TlsSetupError::UnusableIdentity(other),
    }
}

fn trust_anchors(text: &str) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    for (index, anchor) in CertificateDer::pem_slice_iter(text.as_bytes()).enumerate() {
        let anchor = anchor.map_err(TlsSetupError::MalformedTrustAnchors)?;
        let unusable = |source| TlsSetupError::UnusableTrustAnchor { position: index + 1, source };
        roots.add(anchor).map_err(unusable)?;
    }
    if roots.is_empty() { Err(TlsSetupError::NoTrustAnchor) } else { Ok(roots) }
}
