//! A bank that does everything right, and lets a test see and hold what happens: handshakes, connections, and a gate that
//! answers wait at.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::CertificateDer,
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use shared::{
    domain::bank::TlsVersion,
    testing::bank_http::{Journal, Seen, TestBank},
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    bench::{credential, document},
    pki::{Authority, Minted, SOUND},
};

/// Far longer than anything here takes on any machine: what does not happen until then does not happen.
const NEVER: Duration = Duration::from_mins(2);

/// What the bank does.
pub struct Habits {
    pub version: TlsVersion,
    /// What it offers by ALPN, the best first.
    pub protocols: &'static [&'static str],
    /// Whether answers wait for [`Gated::open_gate`].
    pub closed_gate: bool,
    /// Whether it asks for our certificate.
    pub asks: bool,
    /// The cipher suites that it has; none for all.
    pub suites: &'static [&'static str],
}

impl Habits {
    pub const fn http1() -> Self {
        let protocols = &["http/1.1"];
        Self { version: TlsVersion::V1_3, protocols, closed_gate: false, asks: true, suites: &[] }
    }

    pub const fn http2() -> Self {
        Self { protocols: &["h2"], ..Self::http1() }
    }
}

/// The bank.
pub struct Gated {
    pub test: TestBank,
    pub authority: Authority,
    /// The certificate that it shows.
    pub certificate: Minted,
    gate: watch::Sender<bool>,
    state: watch::Receiver<State>,
    _folder: TempDir,
}

/// What it has seen.
#[derive(Clone, Default)]
struct State {
    requests: usize,
    handshakes: Vec<(HandshakeKind, Option<Vec<u8>>)>,
    closed: Vec<usize>,
}

impl Gated {
    pub async fn start(habits: Habits) -> Self {
        Self::with_chain(habits, |authority| (authority.mint(SOUND), Vec::new())).await
    }

    /// One that shows the certificate that is made so, and these after it.
    pub async fn with_chain(
        habits: Habits,
        make: impl FnOnce(&Authority) -> (Minted, Vec<CertificateDer<'static>>),
    ) -> Self {
        let authority = Authority::named("Test QTSP");
        let (certificate, above) = make(&authority);
        let (identity, journal, folder) =
            (authority.mint(SOUND), Arc::new(Journal::default()), TempDir::new().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let file = folder.path().join("qwac.pem");
        let bank = document("bank", port, &file, &identity.pem(), &authority);
        let renewed = credential(&authority.mint(SOUND));
        let test = TestBank { bank, identity: identity.der().to_vec(), renewed, journal: journal.clone() };
        let (gate, opened) = watch::channel(!habits.closed_gate);
        let (changed, state) = watch::channel(State::default());
        let acceptor = TlsAcceptor::from(Arc::new(tls(&habits, &authority, &certificate, above)));
        let host = Host { journal, opened, state: Arc::new(Mutex::new(changed)) };
        tokio::spawn(serve(listener, acceptor, host));
        Self { test, authority, certificate, gate, state, _folder: folder }
    }

    pub fn open_gate(&self) {
        self.gate.send(true).unwrap();
    }

    /// Waits until so many requests have come in.
    pub async fn until_seen(&self, requests: usize) {
        self.until(|state| state.requests >= requests).await;
    }

    /// Waits until that connection has ended.
    pub async fn until_closed(&self, connection: usize) {
        self.until(|state| state.closed.contains(&connection)).await;
    }

    async fn until(&self, holds: impl FnMut(&State) -> bool) {
        timeout(NEVER, self.state.clone().wait_for(holds)).await.unwrap().unwrap();
    }

    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.state.borrow().handshakes.iter().map(|(kind, _)| *kind).collect()
    }

    /// What was agreed on by ALPN at each handshake.
    pub fn protocols(&self) -> Vec<Option<String>> {
        let text = |protocol: &Option<Vec<u8>>| protocol.as_ref().map(|it| String::from_utf8(it.clone()).unwrap());
        self.state.borrow().handshakes.iter().map(|(_, protocol)| text(protocol)).collect()
    }
}

fn tls(
    habits: &Habits,
    authority: &Authority,
    certificate: &Minted,
    above: Vec<CertificateDer<'static>>,
) -> ServerConfig {
    let version = match habits.version {
        TlsVersion::V1_2 => &TLS12,
        TlsVersion::V1_3 => &TLS13,
    };
    let provider = Arc::new(provider(habits.suites));
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let builder = if habits.asks { builder.with_client_cert_verifier(verifier) } else { builder.with_no_client_auth() };
    let chain = [vec![certificate.der()], above].concat();
    let mut config = builder.with_single_cert(chain, certificate.key_der()).unwrap();
    config.alpn_protocols = habits.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

fn provider(suites: &[&str]) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|it| suites.is_empty() || suites.contains(&&*format!("{:?}", it.suite())));
    provider
}

#[derive(Clone)]
struct Host {
    journal: Arc<Journal>,
    opened: watch::Receiver<bool>,
    state: Arc<Mutex<watch::Sender<State>>>,
}

impl Host {
    fn note(&self, change: impl FnOnce(&mut State)) {
        self.state.lock().unwrap().send_modify(change);
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, host: Host) {
    for number in 1.. {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(converse(stream, acceptor.clone(), host.clone(), number));
    }
}

async fn converse(stream: TcpStream, acceptor: TlsAcceptor, host: Host, number: usize) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let connection = stream.get_ref().1;
    let kind = connection.handshake_kind().unwrap();
    let protocol = connection.alpn_protocol().map(<[u8]>::to_vec);
    let certificate = connection.peer_certificates().and_then(<[_]>::first).map(|shown| shown.to_vec());
    host.note(|state| state.handshakes.push((kind, protocol)));
    let noting = host.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (certificate, request) = (certificate.clone(), format!("{} {}", request.method(), request.uri().path()));
        noting.journal.record(Seen { certificate, connection: number, request });
        noting.note(|state| state.requests += 1);
        let mut opened = noting.opened.clone();
        async move {
            opened.wait_for(|open| *open).await.unwrap();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
        }
    });
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    host.note(|state| state.closed.push(number));
}
