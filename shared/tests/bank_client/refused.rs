//! A bank that refuses our certificate under TLS 1.3, at every moment at which its alert may arrive. What the refusal is
//! called does not depend on the moment.

use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    net::{Shutdown, TcpListener, TcpStream},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    task::Poll,
    thread,
    time::Duration,
};

use futures::poll;
use http::Method;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, ServerConnection, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    version::TLS13,
};
use shared::{
    adapters::{
        bank_client::{BankClient, PoolSettings},
        identity_files::IdentityFiles,
        system::SystemClock,
    },
    ports::bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse},
    testing::bank_http::{Journal, TestBank},
};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::yield_now,
};

use crate::{
    bench::{client, credential, document},
    pki::{Authority, SOUND},
};

/// When the bank judges our certificate. Until then it does not read on.
#[derive(Debug)]
enum Moment {
    /// Once the test says so by closing the other end.
    Told(Receiver<()>),
    /// Once bytes of the request lie before it.
    Requested,
}

/// How the bank ends the connection after its alert.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// Reads on until we close.
    Lingers,
    /// Drops it, with bytes of ours unread: the system resets it.
    Resets,
}

/// A bank that refuses whoever comes.
struct Refusing {
    bank: TestBank,
    /// A message once its alert has left.
    sent: Receiver<()>,
    /// A message once the connection is over on both sides.
    over: UnboundedReceiver<()>,
    _folder: TempDir,
}

impl Refusing {
    /// Takes one connection.
    fn start(protocol: &str, moment: Moment, ending: Ending) -> Self {
        let (authority, folder) = (Authority::named("Test QTSP"), TempDir::new().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, identity) = (authority.mint(SOUND), authority.mint(SOUND));
        let ((tell_sent, sent), (tell_over, over)) = (channel(), unbounded_channel());
        let (own, alpn) = ((certificate.der(), certificate.key_der()), protocol.into());
        thread::spawn(move || {
            let (mut tcp, _) = listener.accept().unwrap();
            let doubts = Doubts { tcp: tcp.try_clone().unwrap(), moment: Mutex::new(moment) };
            let mut tls = ServerConnection::new(Arc::new(settings(doubts, own, alpn))).unwrap();
            while tls.complete_io(&mut tcp).is_ok() {}
            // The clone of the stream goes with it.
            drop(tls);
            let _ = tell_sent.send(());
            if let Ending::Lingers = ending {
                let _ = tcp.shutdown(Shutdown::Write).and_then(|()| io::copy(&mut tcp, &mut io::sink()));
            }
            drop(tcp);
            tell_over.send(())
        });
        let bank = TestBank {
            bank: document("bank", port, &folder.path().join("identity.pem"), &identity.pem(), &authority),
            identity: identity.der().to_vec(),
            renewed: credential(&identity),
            journal: Arc::new(Journal::default()),
        };
        Self { bank, sent, over, _folder: folder }
    }
}

fn settings(
    doubts: Doubts,
    (certificate, key): (CertificateDer<'static>, PrivateKeyDer<'static>),
    alpn: Vec<u8>,
) -> ServerConfig {
    let settings = ServerConfig::builder_with_provider(default_provider().into()).with_protocol_versions(&[&TLS13]);
    let settings = settings.unwrap().with_client_cert_verifier(Arc::new(doubts));
    let mut settings = settings.with_single_cert(vec![certificate], key).unwrap();
    settings.alpn_protocols = vec![alpn];
    settings
}

/// Refuses a certificate at its moment.
#[derive(Debug)]
struct Doubts {
    tcp: TcpStream,
    moment: Mutex<Moment>,
}

impl ClientCertVerifier for Doubts {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match &*self.moment.lock().unwrap() {
            Moment::Told(told) => assert!(told.recv().is_err()),
            Moment::Requested => assert_eq!(self.tcp.peek(&mut [0]).unwrap(), 1),
        }
        Err(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Tasks of this test. The HTTP library starts some for each connection, as soon as the handshake is finished on our
/// side.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Polls the call until it has a connection and goes no further.
async fn connected(mut call: Pin<&mut impl Future<Output: fmt::Debug>>) {
    let before = tasks();
    while tasks() == before {
        let outcome = poll!(&mut call);
        assert!(outcome.is_pending(), "{outcome:?}");
        if tasks() == before {
            yield_now().await;
        }
    }
}

fn assert_refused(outcome: &Result<BankResponse, BankHttpError>, what: &str) {
    assert!(matches!(outcome, Err(BankHttpError::CertificateRefused(_))), "{what}: {outcome:?}");
}

/// A runtime that asks the system for news before every task, and always has one more task to run before those that are
/// new: what has arrived is known to a connection when it runs for the first time.
fn well_informed() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().event_interval(1).build().unwrap();
    runtime.spawn(async {
        loop {
            poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        }
    });
    runtime
}

#[test]
fn heard_before_the_connection_takes_the_request() {
    for protocol in ["http/1.1", "h2"] {
        well_informed().block_on(async {
            let (gate, told) = channel();
            let refusing = Refusing::start(protocol, Moment::Told(told), Ending::Lingers);
            let client = client();
            let mut call = pin!(refusing.bank.read(&client));
            connected(call.as_mut()).await;
            // Nothing else runs until the alert has been sent.
            drop(gate);
            refusing.sent.recv().unwrap();
            assert_refused(&call.await, protocol);
        });
    }
}

#[tokio::test]
async fn heard_by_the_connection_while_the_call_stands_still() {
    for protocol in ["http/1.1", "h2"] {
        let (gate, told) = channel();
        let mut refusing = Refusing::start(protocol, Moment::Told(told), Ending::Lingers);
        let client = client();
        let mut call = pin!(refusing.bank.read(&client));
        connected(call.as_mut()).await;
        drop(gate);
        refusing.over.recv().await.unwrap();
        assert_refused(&call.await, protocol);
    }
}

#[tokio::test]
async fn heard_while_the_request_is_written() {
    for protocol in ["http/1.1", "h2"] {
        for ending in [Ending::Lingers, Ending::Resets] {
            let refusing = Refusing::start(protocol, Moment::Requested, ending);
            let body = Some(vec![b'a'; 1_000_000].into());
            let request = BankRequest { method: Method::POST, body, ..refusing.bank.accounts() };
            let outcome = client().call(&refusing.bank.bank, request).await;
            assert_refused(&outcome, &format!("{protocol}, {ending:?}"));
        }
    }
}

#[tokio::test]
async fn heard_on_a_connection_of_two_calls() {
    let (gate, told) = channel();
    let mut refusing = Refusing::start("h2", Moment::Told(told), Ending::Lingers);
    // It knows the identity from the first call on, so that the second one comes to the connection without a stop.
    let clock = Arc::new(SystemClock);
    let identities = Arc::new(IdentityFiles::new(clock.clone(), Duration::from_hours(1)));
    let client = BankClient::new(PoolSettings::default(), identities, clock);
    let (mut first, mut second) = (pin!(refusing.bank.read(&client)), pin!(refusing.bank.read(&client)));
    connected(first.as_mut()).await;
    assert!(poll!(&mut second).is_pending());
    drop(gate);
    refusing.over.recv().await.unwrap();
    assert_refused(&first.await, "the first");
    assert_refused(&second.await, "the second");
}
