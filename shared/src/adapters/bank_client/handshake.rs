//! A handshake and nothing more: whether a bank's host can be met, and how.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, pki_types::ServerName};
use tokio::task::{JoinError, spawn_blocking};
use url::Url;

use super::{
    tls::{Binding, TlsSetupError, client_config},
    verdict::{CERTIFICATE_ALERTS, tls_error},
};
use crate::{
    domain::{bank::Bank, certificate::CertificateFacts},
    ports::{bank_http::BankHttpError, identities::Identity},
    protocol::certificate::facts,
};

/// How long a host may take to say that it does not want our certificate. Under TLS 1.3 it says so after the handshake
/// (RFC 8446 §4.4.2.4); one that has nothing to say at all is waited for in vain.
const SECOND_THOUGHTS: Duration = Duration::from_secs(2);

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version of TLS.
    pub version: &'static str,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: String,
    /// What was agreed on by ALPN, if anything: `h2` or `http/1.1`.
    pub protocol: Option<String>,
    /// What the host's certificate says, if it can be read.
    pub certificate: Option<CertificateFacts>,
}

impl Handshake {
    /// When the host's certificate ends.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.certificate.as_ref().map(|facts| facts.not_after)
    }
}

/// There is no handshake.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The document's TLS settings or the identity cannot be used.
    #[error(transparent)]
    Setup(#[from] TlsSetupError),
    /// The address names no host that TLS can meet.
    #[error("the address names no host")]
    NoHost,
    /// No connection came about.
    #[error("the host cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The host is there, but the two do not agree.
    #[error("the handshake failed")]
    Refused(#[source] io::Error),
    /// This process is going down.
    #[error("the handshake was broken off")]
    BrokenOff(#[from] JoinError),
}

/// Shakes hands with the host of that address as a call would, without making one.
pub async fn shake_hands(bank: &Bank, identity: &Identity, url: &Url) -> Result<Handshake, HandshakeError> {
    meet_host(bank, identity, url, Some(SECOND_THOUGHTS)).await
}

/// The same, as a call for which nobody waits longer than it takes: what a host says of our certificate only after the
/// handshake is not heard.
pub(super) async fn knock(bank: &Bank, identity: &Identity, url: &Url) -> Result<Handshake, HandshakeError> {
    meet_host(bank, identity, url, None).await
}

async fn meet_host(
    bank: &Bank,
    identity: &Identity,
    url: &Url,
    second_thoughts: Option<Duration>,
) -> Result<Handshake, HandshakeError> {
    let config = client_config(&bank.tls, identity, Binding::Optional)?;
    let host = url.host_str().ok_or(HandshakeError::NoHost)?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or(HandshakeError::NoHost)?;
    let patience = bank.limits.connect;
    spawn_blocking(move || meet(config, &host, port, patience, second_thoughts)).await?
}

fn meet(
    config: ClientConfig,
    host: &str,
    port: u16,
    patience: Duration,
    second_thoughts: Option<Duration>,
) -> Result<Handshake, HandshakeError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| HandshakeError::NoHost)?;
    let refused = |error: rustls::Error| HandshakeError::Refused(io::Error::other(error));
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(refused)?;
    let mut socket = connect(host, port, patience).map_err(HandshakeError::Unreachable)?;
    complete(&mut tls, &mut socket, Instant::now() + patience).map_err(HandshakeError::Refused)?;
    if let Some(patience) = second_thoughts {
        await_second_thoughts(&mut tls, &mut socket, patience)?;
    }
    let certificate = tls.peer_certificates().and_then(|chain| chain.first()).and_then(|leaf| facts(leaf).ok());
    let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    Ok(Handshake {
        version: if tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) { "1.3" } else { "1.2" },
        cipher_suite: suite.replacen("TLS13_", "TLS_", 1),
        protocol: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        certificate,
    })
}

/// The first of the host's addresses that answers.
fn connect(host: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(socket) => {
                socket.set_write_timeout(Some(patience))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Brings the handshake to its end by then, however slowly the host speaks.
fn complete(tls: &mut ClientConnection, socket: &mut TcpStream, deadline: Instant) -> io::Result<()> {
    while tls.is_handshaking() || tls.wants_write() {
        if tls.wants_write() {
            tls.write_tls(socket)?;
            continue;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        if tls.read_tls(socket)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = tls.process_new_packets() {
            // The host is told why, if it still listens.
            let _ = tls.write_tls(socket);
            return Err(io::Error::other(error));
        }
    }
    Ok(())
}

/// Reads what the host says first, which is an alert if it does not want us.
fn await_second_thoughts(
    tls: &mut ClientConnection,
    socket: &mut TcpStream,
    patience: Duration,
) -> Result<(), HandshakeError> {
    socket.set_read_timeout(Some(patience)).map_err(HandshakeError::Refused)?;
    match tls.read_tls(socket) {
        // Silence is agreement.
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(HandshakeError::Refused(error)),
        Ok(_) => match tls.process_new_packets() {
            Ok(state) if state.peer_has_closed() => {
                Err(HandshakeError::Refused(io::ErrorKind::ConnectionAborted.into()))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(HandshakeError::Refused(io::Error::other(error))),
        },
    }
}

/// What a failed handshake would have been as a call. The host has seen no request.
impl From<HandshakeError> for BankHttpError {
    fn from(error: HandshakeError) -> Self {
        match &error {
            HandshakeError::Setup(_) | HandshakeError::NoHost | HandshakeError::BrokenOff(_) => {
                Self::NotSent(Box::new(error))
            }
            HandshakeError::Unreachable(_) => Self::Unreachable(Box::new(error)),
            HandshakeError::Refused(cause) => match tls_error(cause) {
                Some(rustls::Error::AlertReceived(alert)) if CERTIFICATE_ALERTS.contains(alert) => {
                    Self::CertificateRefused(Box::new(error))
                }
                Some(_) => Self::TlsRejected(Box::new(error)),
                None => Self::Unreachable(Box::new(error)),
            },
        }
    }
}
