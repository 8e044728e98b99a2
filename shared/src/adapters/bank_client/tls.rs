//! Our side of mutual TLS with one bank: its document's identity and trust anchors, and nothing from the system.

/// What a verifier around another leaves to it: signatures of the handshake (`self.inner`).
macro_rules! signatures_as_inner_judges_them {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.inner.verify_tls12_signature(message, certificate, signature)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.inner.verify_tls13_signature(message, certificate, signature)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.inner.supported_verify_schemes()
        }
    };
}

use signatures_as_inner_judges_them;

mod asked;
mod pins;

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore, SupportedCipherSuite, SupportedProtocolVersion,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use self::{
    asked::{AsksForUs, Presented},
    pins::Pinned,
};
use crate::{
    domain::{
        bank::{HttpVersion, TlsProfile, TlsVersion},
        secret::ExposeSecret,
    },
    ports::identities::{Identity, IdentityFault},
};

/// What is wrong with a bank's TLS settings. Names the setting, never its value.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The file of the identity is not good, and never was.
    #[error("the identity is not usable")]
    Identity(#[from] IdentityFault),
    /// The certificate or the key is of a kind that TLS cannot use.
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
    /// A cipher suite is not one that the hub has, by its IANA name.
    #[error("there is no cipher suite {0}")]
    NoSuchCipherSuite(String),
    /// The TLS library or the HTTP client refused the settings as a whole.
    #[error("the client could not be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whether a server must ask for our certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Binding {
    /// It may leave it.
    Optional,
    /// It is refused if it does not.
    Required,
}

/// The TLS configuration for connections to that bank. It is made anew for every identity, so that no session of an
/// older identity is ever resumed with it.
pub(super) fn client_config(
    profile: &TlsProfile,
    identity: &Identity,
    binding: Binding,
) -> Result<ClientConfig, TlsSetupError> {
    let provider = Arc::new(provider(&profile.cipher_suites)?);
    let presented = Arc::new(Presented::new(SingleCertAndKey::from(certified(identity, &provider)?)));
    let verifier = verifier(profile, &provider)?;
    let verifier: Arc<dyn ServerCertVerifier> = match binding {
        Binding::Optional => verifier,
        Binding::Required => Arc::new(AsksForUs::new(verifier, Arc::clone(&presented))),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(profile.minimum))
        .map_err(|error| TlsSetupError::Client(Box::new(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(presented);
    // The HTTP client does not add these to a configuration made outside it.
    config.alpn_protocols = protocols(profile.http);
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

/// What is offered by ALPN (RFC 7301).
fn protocols(http: HttpVersion) -> Vec<Vec<u8>> {
    let offered: &[&str] = match http {
        HttpVersion::Any => &["h2", "http/1.1"],
        HttpVersion::V1_1 => &["http/1.1"],
        HttpVersion::V2 => &["h2"],
    };
    offered.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// The library's cryptography, with these cipher suites alone if any are named.
fn provider(names: &[String]) -> Result<CryptoProvider, TlsSetupError> {
    let mut provider = aws_lc_rs::default_provider();
    if names.is_empty() {
        return Ok(provider);
    }
    if let Some(unknown) = names.iter().find(|name| !provider.cipher_suites.iter().any(|suite| is_called(suite, name)))
    {
        return Err(TlsSetupError::NoSuchCipherSuite(unknown.clone()));
    }
    provider.cipher_suites.retain(|suite| names.iter().any(|name| is_called(suite, name)));
    Ok(provider)
}

/// The library's names of the suites of TLS 1.3 begin otherwise than IANA's.
fn is_called(suite: &SupportedCipherSuite, name: &str) -> bool {
    format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1) == name
}

fn certified(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, TlsSetupError> {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::try_from(identity.key.expose_secret().to_vec());
    let key = key.map_err(|_| TlsSetupError::Identity(IdentityFault::UnusableKey))?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsSetupError::UnusableIdentity)
}

/// Judges the bank's certificate: by the trust anchors, and by the pins if there are any.
fn verifier(
    profile: &TlsProfile,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSetupError> {
    let anchors = trust_anchors(&profile.trust_anchors)?;
    let anchored = anchored(&anchors, provider).map_err(|error| TlsSetupError::Client(Box::new(error)))?;
    if profile.pins.is_empty() {
        return Ok(anchored);
    }
    Ok(Arc::new(Pinned::new(anchored, anchors, profile.pins.clone(), Arc::clone(provider))))
}

fn anchored(
    anchors: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::client::VerifierBuilderError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.iter().cloned());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build()
}

/// The anchors, each of them usable, and at least one.
fn trust_anchors(text: &str) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let mut anchors = Vec::new();
    for (position, anchor) in (1..).zip(CertificateDer::pem_slice_iter(text.as_bytes())) {
        let anchor = anchor.map_err(TlsSetupError::MalformedTrustAnchors)?;
        let usable = RootCertStore::empty().add(anchor.clone());
        usable.map_err(|source| TlsSetupError::UnusableTrustAnchor { position, source })?;
        anchors.push(anchor);
    }
    if anchors.is_empty() { Err(TlsSetupError::NoTrustAnchor) } else { Ok(anchors) }
}
