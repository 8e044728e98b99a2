//! The TLS side of the banking port: certificates, versions, session cache.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientCertVerifierBuilder, NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache,
    StoresServerSessions, VerifierBuilderError, WebPkiClientVerifier,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::caller::{Caller, Certificate};
use super::guard::{Guard, Verdict};
use crate::pki::Pki;

/// How many TLS sessions can be resumed. The bank does resume, as real ones do: a client that
/// changes its certificate and resumes is still seen with the old one.
const SESSIONS: usize = 1024;

/// How long a client that was turned away may go on sending.
const LINGERS: Duration = Duration::from_secs(2);

/// Lets connections in.
pub(crate) struct Door {
    provider: Arc<CryptoProvider>,
    own: Arc<dyn ResolvesServerCert>,
    chain: Arc<dyn rustls::server::danger::ClientCertVerifier>,
    sessions: Arc<dyn StoresServerSessions>,
}

/// A handshake that came to nothing.
#[derive(Debug)]
pub(crate) struct Turned {
    /// The certificate that was shown, if any.
    pub(crate) shown: Option<Box<Certificate>>,
    pub(crate) reason: String,
}

impl Turned {
    pub(super) fn too_slow() -> Self {
        Self { shown: None, reason: "the handshake took too long".to_owned() }
    }
}

/// The certificates do not make a TLS server.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// A PEM text cannot be read.
    #[error("a certificate or key is no PEM")]
    Pem(#[from] pem::Error),
    /// Key and certificate do not fit, or are of an unknown kind.
    #[error("the server's certificate cannot be used")]
    Certificate(#[from] rustls::Error),
    /// The CA cannot be used to check clients.
    #[error("clients' certificates cannot be checked against the CA")]
    Verifier(#[from] VerifierBuilderError),
}

impl Door {
    /// A door with the sandbox's server certificate that trusts the sandbox's CA.
    pub(crate) fn new(pki: &Pki) -> Result<Self, DoorError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pki.server_chain.as_bytes()).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(pki.server_key.as_bytes())?;
        let own = CertifiedKey::from_der(chain, key, &provider)?;
        Ok(Self {
            own: Arc::new(SingleCertAndKey::from(own)),
            chain: clients_of(pki, &provider)?.build()?,
            sessions: ServerSessionMemoryCache::new(SESSIONS),
            provider,
        })
    }

    /// Does the handshake and tells who came in, or why nobody did.
    pub(crate) async fn let_in(
        &self,
        tcp: TcpStream,
        verdict: Verdict,
    ) -> Result<(TlsStream<TcpStream>, Caller), Turned> {
        let shown = Arc::new(OnceLock::new());
        let turned = |reason: String| Turned { shown: shown.get().cloned().map(Box::new), reason };
        let guard = Guard { chain: Arc::clone(&self.chain), verdict, shown: Arc::clone(&shown) };
        let config = self.config(guard, verdict).map_err(|error| turned(error.to_string()))?;
        let accepted = TlsAcceptor::from(Arc::new(config)).accept(tcp).into_fallible().await;
        let stream = accepted.map_err(|(error, tcp)| {
            tokio::spawn(linger(tcp));
            turned(error.to_string())
        })?;
        match caller(&stream) {
            Some(caller) => Ok((stream, caller)),
            None => Err(turned("the certificate names no organisation".to_owned())),
        }
    }

    /// The settings for one connection. A refusing guard must see the certificate, so it gets no
    /// session to resume.
    fn config(&self, guard: Guard, verdict: Verdict) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(guard))
            .with_cert_resolver(Arc::clone(&self.own));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.session_storage = match verdict {
            Verdict::OnMerits => Arc::clone(&self.sessions),
            Verdict::Refused => Arc::new(NoServerSessionStorage {}),
        };
        Ok(config)
    }
}

/// Closes a connection so that the alert on it arrives, as web servers do. Under TLS 1.3 a client may have sent its
/// request before it learns of the refusal; to close on unread bytes is to reset the connection, and the alert may be lost.
async fn linger(mut tcp: TcpStream) {
    let reading = async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await
    };
    // However it ends, the connection is gone then.
    drop(tokio::time::timeout(LINGERS, reading).await);
}

fn clients_of(pki: &Pki, provider: &Arc<CryptoProvider>) -> Result<ClientCertVerifierBuilder, DoorError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pki.ca.as_bytes())?)?;
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)))
}

fn caller(stream: &TlsStream<TcpStream>) -> Option<Caller> {
    let (_, connection) = stream.get_ref();
    Certificate::read(connection.peer_certificates()?.first()?).into_caller()
}
