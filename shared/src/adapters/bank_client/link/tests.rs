//! What a link has heard, whatever it was doing.

use std::time::Instant;

use rcgen::generate_simple_self_signed;
use rustls::{
    AlertDescription, RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::*;

/// What is said to it arrives; nothing can be written to it once it is closed.
struct Closing {
    io: DuplexStream,
    closed: bool,
}

impl AsyncRead for Closing {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(context, into)
    }
}

impl AsyncWrite for Closing {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        if stream.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut stream.io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

/// A client without a certificate, and a server that wants one or does not.
fn sides(wants: bool) -> (TlsConnector, TlsAcceptor) {
    let minted = generate_simple_self_signed(["bank.test".to_owned()]).unwrap();
    let (certificate, key) = (CertificateDer::from(minted.cert), minted.signing_key.serialize_der());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let (roots, provider) = (Arc::new(roots), Arc::new(default_provider()));
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
    let verifier = if wants { verifier.build().unwrap() } else { WebPkiClientVerifier::no_client_auth() };
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let server = server.unwrap().with_client_cert_verifier(verifier);
    let server = server.with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client = client.unwrap().with_root_certificates(roots).with_no_client_auth();
    (TlsConnector::from(Arc::new(client)), TlsAcceptor::from(Arc::new(server)))
}

fn bank() -> ServerName<'static> {
    ServerName::try_from("bank.test").unwrap()
}

#[tokio::test]
async fn a_refusal_is_heard_although_writing_fails_first() {
    let (began, refusals) = (Instant::now(), Arc::new(Refusals::default()));
    let ((connector, acceptor), (near, far)) = (sides(true), duplex(64 * 1024));
    let opening = Link::open(&connector, bank(), Closing { io: near, closed: false }, Arc::clone(&refusals));
    let (link, served) = tokio::join!(opening, acceptor.accept(far));
    let mut link = link.unwrap();
    assert!(served.is_err(), "the server has refused, and we have not read it");
    assert_eq!(link.verdict.refusal(), None);
    link.tls.get_mut().0.closed = true;
    link.write_all(b"GET / HTTP/1.1").await.unwrap_err();
    let missing = Some(AlertDescription::CertificateRequired);
    assert_eq!((link.verdict.refusal(), refusals.since(began)), (missing, missing));
}

#[tokio::test]
async fn a_refusal_that_arrives_after_writing_failed_is_waited_for() {
    let ((connector, acceptor), (near, far)) = (sides(true), duplex(64 * 1024));
    let opening = Link::open(&connector, bank(), Closing { io: near, closed: false }, Arc::default());
    let mut accepting = Box::pin(acceptor.accept(far));
    // The server gives its side of the handshake and has no occasion to judge yet.
    let mut link = tokio::select! { biased; link = opening => link.unwrap(), _ = &mut accepting => panic!("judged") };
    link.tls.get_mut().0.closed = true;
    let mut writing = Box::pin(link.write_all(b"GET / HTTP/1.1"));
    assert!(futures::poll!(&mut writing).is_pending());
    assert!(accepting.await.is_err());
    writing.await.unwrap_err();
    assert_eq!(link.verdict.refusal(), Some(AlertDescription::CertificateRequired));
}

#[tokio::test]
async fn a_connection_that_only_broke_is_no_refusal() {
    let ((connector, acceptor), (near, far)) = (sides(false), duplex(64 * 1024));
    let opening = Link::open(&connector, bank(), Closing { io: near, closed: false }, Arc::default());
    let (link, served) = tokio::join!(opening, acceptor.accept(far));
    let mut link = link.unwrap();
    drop(served.unwrap());
    link.tls.get_mut().0.closed = true;
    let failed = link.write_all(b"GET / HTTP/1.1").await.unwrap_err();
    assert_eq!((failed.kind(), link.verdict.refusal()), (io::ErrorKind::BrokenPipe, None));
}
