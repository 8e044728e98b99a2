//! TLS sessions are resumed, with the trap that lies in it for clients that change their certificate.

use std::sync::{Arc, Mutex};

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::tpp::World;

/// A client's certificate that can be exchanged.
#[derive(Debug)]
struct Exchangeable(Mutex<Arc<CertifiedKey>>);

impl ResolvesClientCert for Exchangeable {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.lock().unwrap()))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certified(pem: &str) -> Arc<CertifiedKey> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    Arc::new(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).unwrap())
}

fn config(world: &World, certificate: Arc<Exchangeable>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(world.bank.pki().ca.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    Arc::new(builder.with_client_cert_resolver(certificate))
}

/// Makes one request on a connection of its own; tells what kind of handshake it took.
async fn request(world: &World, config: &Arc<ClientConfig>) -> HandshakeKind {
    let address = world.bank.api_url().trim_start_matches("https://").to_owned();
    let tcp = TcpStream::connect(&address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await.unwrap();
    let request = format!("GET /redirect/v1/accounts HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"));
    stream.get_ref().1.handshake_kind().unwrap()
}

#[tokio::test]
async fn sees_the_old_certificate_in_a_resumed_session() {
    let world = World::new().await;
    let pki = world.bank.pki();
    let certificate = Arc::new(Exchangeable(Mutex::new(certified(&pki.qwac))));
    let resuming = config(&world, Arc::clone(&certificate));
    assert_eq!(request(&world, &resuming).await, HandshakeKind::Full);
    *certificate.0.lock().unwrap() = certified(&pki.other_qwac);
    assert_eq!(request(&world, &resuming).await, HandshakeKind::Resumed);
    assert_eq!(world.last_entry().organisation.as_deref(), Some("PSDDE-FAKENCA-HUB001"));

    let afresh = config(&world, certificate);
    assert_eq!(request(&world, &afresh).await, HandshakeKind::Full);
    assert_eq!(world.last_entry().organisation.as_deref(), Some("PSDDE-FAKENCA-OTHER2"));
}
