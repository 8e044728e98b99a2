//! A bank's server, down to the bytes. HTTP/1.1 is written by hand, since no server library misbehaves on demand.

use std::{convert::Infallible, io::Write, sync::Arc, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::{TLS12, TLS13},
};
use shared::{
    domain::bank::TlsVersion,
    testing::bank_http::{Answer, Journal, Manners, Presence, Seen, Standing, Then},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::pki::{Authority, Minted};

/// Starts it; answers its port.
pub async fn start(manners: &Manners, authority: &Authority, certificate: &Minted, journal: Arc<Journal>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(tls(manners, authority, certificate)));
    match manners.presence {
        Presence::Absent => drop(listener),
        Presence::Mute => drop(tokio::spawn(keep_silent(listener))),
        Presence::Dripping => drop(tokio::spawn(begin_without_end(listener))),
        Presence::Serving => drop(tokio::spawn(serve(listener, acceptor, manners.answer.clone(), journal))),
    }
    port
}

fn tls(manners: &Manners, authority: &Authority, certificate: &Minted) -> ServerConfig {
    let version = match manners.version {
        TlsVersion::V1_2 => &TLS12,
        TlsVersion::V1_3 => &TLS13,
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    let verifier = if manners.standing == Standing::NotPresentable { Arc::new(OnlyP384(verifier)) } else { verifier };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der()], certificate.key_der())
        .unwrap();
    config.alpn_protocols = vec![protocol(&manners.answer).to_vec()];
    config
}

const fn protocol(answer: &Answer) -> &'static [u8] {
    match answer {
        Answer::Http1(..) | Answer::Gzipped(_) => b"http/1.1",
        Answer::Http2(_) | Answer::Http2Frames(..) | Answer::Http2Refused | Answer::Http1ForHttp2 => b"h2",
    }
}

/// Demands a kind of signature that our other keys cannot make.
#[derive(Debug)]
struct OnlyP384(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for OnlyP384 {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.0.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP384_SHA384]
    }
}

async fn keep_silent(listener: TcpListener) {
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        held.push(stream);
    }
}

/// The head of a handshake record as long as records may be (RFC 8446 section 5.1), and its body a byte at a time.
async fn begin_without_end(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut next = stream.write_all(&[22, 3, 3, 0x40, 0]).await;
            while next.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                next = stream.write_all(&[0]).await;
            }
        });
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, answer: Answer, journal: Arc<Journal>) {
    for number in 1.. {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(converse(stream, acceptor.clone(), answer.clone(), journal.clone(), number));
    }
}

async fn converse(stream: TcpStream, acceptor: TlsAcceptor, answer: Answer, journal: Arc<Journal>, number: usize) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let note = Note { journal, number, certificate: certificate_of(&stream) };
    match answer {
        Answer::Http1(bytes, then) => http1(&mut stream, &bytes, then, &note).await,
        Answer::Gzipped(body) => http1(&mut stream, &gzipped(&body), Then::Wait, &note).await,
        Answer::Http2(body) => http2(stream, body.into(), note).await,
        Answer::Http2Frames(frames, then) => http2_frames(stream, &frames, then, note).await,
        Answer::Http2Refused => refuse_streams(stream, note).await,
        Answer::Http1ForHttp2 => drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await),
    }
}

fn certificate_of(stream: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let certificates = stream.get_ref().1.peer_certificates();
    certificates.and_then(<[_]>::first).map(|certificate| certificate.to_vec())
}

/// What is written down of every request on one connection.
#[derive(Clone)]
struct Note {
    journal: Arc<Journal>,
    number: usize,
    certificate: Option<Vec<u8>>,
}

impl Note {
    fn down(&self, request: String) {
        self.journal.record(Seen { certificate: self.certificate.clone(), connection: self.number, request });
    }
}

async fn http1(stream: &mut TlsStream<TcpStream>, bytes: &[u8], then: Then, note: &Note) {
    while let Some(request) = next_request(stream).await {
        note.down(request);
        if stream.write_all(bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match then {
            Then::Wait => {}
            Then::Close => return drop(stream.shutdown().await),
            Then::Hang => std::future::pending().await,
            Then::Drip => return drip(stream).await,
        }
    }
}

async fn drip(stream: &mut TlsStream<TcpStream>) {
    while stream.write_all(b"a").await.is_ok() && stream.flush().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Method and target of the next request, once it has come in full.
async fn next_request(stream: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut text = Vec::new();
    loop {
        if stream.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&text);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= announced_length(head)
        {
            return head.split(" HTTP/").next().map(str::to_owned);
        }
    }
}

fn announced_length(head: &str) -> usize {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().unwrap())
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

async fn http2(stream: TlsStream<TcpStream>, body: Bytes, note: Note) {
    let service = service_fn(move |request: Request<Incoming>| {
        note.down(format!("{} {}", request.method(), request.uri().path()));
        let response = Response::new(Full::new(body.clone()));
        async { Ok::<_, Infallible>(response) }
    });
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// The type of a frame that opens a stream (RFC 9113 §6.2).
const HEADERS: u8 = 1;

/// An empty frame of settings (RFC 9113 §6.5).
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Takes the client's preface and answers with settings.
async fn greet(stream: &mut TlsStream<TcpStream>) -> std::io::Result<()> {
    const PREFACE: usize = 24;
    let mut preface = [0; PREFACE];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&SETTINGS).await
}

/// Waits for the first request, writes the frames, and does what is to come after them. What the client says meanwhile
/// is read, so that it is never kept from speaking.
async fn http2_frames(mut stream: TlsStream<TcpStream>, frames: &[u8], then: Then, note: Note) {
    if greet(&mut stream).await.is_err() {
        return;
    }
    while let Some((kind, id)) = next_frame(&mut stream).await {
        if kind == HEADERS {
            note.down(format!("stream {}", u32::from_be_bytes(id)));
            break;
        }
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let heard = async { while matches!(reader.read(&mut [0; 4096]).await, Ok(1..)) {} };
    let said = async {
        let written = writer.write_all(frames).await.and(writer.flush().await);
        match then {
            Then::Close => drop(writer.shutdown().await),
            Then::Wait | Then::Hang | Then::Drip if written.is_ok() => std::future::pending().await,
            Then::Wait | Then::Hang | Then::Drip => {}
        }
    };
    tokio::select! { () = heard => {}, () = said => {} }
}

/// The client's preface, and then a refusal (RFC 9113 §8.7) of each stream that it opens.
async fn refuse_streams(mut stream: TlsStream<TcpStream>, note: Note) {
    const REFUSED_STREAM: u8 = 7;
    if greet(&mut stream).await.is_err() {
        return;
    }
    while let Some((kind, id)) = next_frame(&mut stream).await {
        if kind == HEADERS {
            note.down(format!("stream {}", u32::from_be_bytes(id)));
            let reset = [&[0, 0, 4, 3, 0][..], &id, &[0, 0, 0, REFUSED_STREAM]].concat();
            let _ = stream.write_all(&reset).await;
        }
    }
}

/// Type and stream of the next frame (RFC 9113 §4.1).
async fn next_frame(stream: &mut TlsStream<TcpStream>) -> Option<(u8, [u8; 4])> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [high, middle, low, kind, _, id @ ..] = head;
    let mut payload = vec![0; usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low)];
    stream.read_exact(&mut payload).await.ok()?;
    Some((kind, id))
}
