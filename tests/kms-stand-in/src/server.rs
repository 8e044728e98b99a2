//! The stand-in as a server on loopback that can be stopped and resumed on the same port.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::PathBuf,
    sync::Arc,
};

use axum::Router;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Mutex,
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt;

use crate::{
    calls::Calls,
    door::{self, Book, Door, Rights},
    fault::{Armed, Fault},
    material::Algorithm,
    permission::Permission,
    ring::{RingError, VersionState},
    service::{self, HangUp},
    state::State,
};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// The stand-in could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be listened on.
    #[error("the port cannot be listened on: {0}")]
    Listen(#[from] io::Error),
    /// The keys cannot be had.
    #[error(transparent)]
    Keys(#[from] RingError),
}

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port; 0 for any that is free.
    pub port: u16,
    /// The whole name of the key ring.
    pub key_ring: String,
    /// The file that keeps the keys over a restart; without it they are in memory.
    pub keys_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let key_ring = "projects/local-hub/locations/europe-west3/keyRings/hub".to_owned();
        Self { port: 0, key_ring, keys_file: None }
    }
}

/// A running stand-in. It ends when it is dropped.
pub struct KmsStandIn {
    address: SocketAddr,
    key_ring: String,
    state: Arc<State>,
    /// Keeps the port ours while nobody listens on it.
    _reservation: Option<TcpSocket>,
    serving: Mutex<Option<Serving>>,
}

impl KmsStandIn {
    /// Starts on a free port, with fresh keys in memory.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_with(Settings::default()).await
    }

    /// Starts as the settings say.
    #[expect(clippy::unused_async, reason = "it needs a runtime, as whoever waits for it has")]
    pub async fn start_with(settings: Settings) -> Result<Self, StartError> {
        let state = Arc::new(State::open(&settings.key_ring, settings.keys_file)?);
        let wanted = SocketAddrV4::new(Ipv4Addr::LOCALHOST, settings.port).into();
        // Elsewhere two sockets may not have one address, and the port is free while the stand-in is stopped.
        let reservation = if cfg!(target_os = "linux") { Some(bound(wanted)?) } else { None };
        let wanted = reservation.as_ref().map_or(Ok(wanted), TcpSocket::local_addr)?;
        let listener = bound(wanted)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let serving = Mutex::new(Some(Serving::start(listener, service::router(Arc::clone(&state)))));
        Ok(Self { address, key_ring: settings.key_ring, state, _reservation: reservation, serving })
    }

    /// The endpoint, for instance `http://127.0.0.1:8085`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The whole name of the key ring.
    pub fn key_ring(&self) -> &str {
        &self.key_ring
    }

    /// Opens a door for an account with these rights and no other, on a free port. It stays open while the stand-in is
    /// stopped.
    #[expect(clippy::unused_async, reason = "it needs a runtime, as whoever waits for it has")]
    pub async fn door(&self, rights: Rights) -> io::Result<Door> {
        let listener = bound(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?.listen(BACKLOG)?;
        let (address, book) = (listener.local_addr()?, Book::of(rights));
        let router = door::router(service::router(Arc::clone(&self.state)), Arc::clone(&book));
        Ok(Door::new(address, book, Serving::start(listener, router)))
    }

    /// The calls so far.
    pub fn calls(&self) -> Calls {
        self.state.lock().calls
    }

    /// Plays the fault with every call from now on, in place of any other.
    pub fn fault(&self, fault: Fault) {
        self.state.lock().armed = Armed::new(fault, None);
    }

    /// Plays the fault with that many calls, in place of any other.
    pub fn fault_times(&self, fault: Fault, times: u32) {
        self.state.lock().armed = Armed::new(fault, Some(times));
    }

    /// Plays no fault any more.
    pub fn heal(&self) {
        self.state.lock().armed = Armed::default();
    }

    /// Adds a version, which is the primary one from now on. Answers its number.
    pub fn rotate(&self, key: &str) -> Result<u32, RingError> {
        self.state.rotate(key, None)
    }

    /// Adds a version of another algorithm.
    pub fn rotate_to(&self, key: &str, algorithm: Algorithm) -> Result<u32, RingError> {
        self.state.rotate(key, Some(algorithm))
    }

    /// Enables, disables or destroys a version.
    pub fn set_state(&self, key: &str, version: u32, state: VersionState) -> Result<(), RingError> {
        self.state.set_state(key, version, state)
    }

    /// Takes a permission on a key away from every caller.
    pub fn deny(&self, key: &str, permission: Permission) {
        self.state.deny(key, permission);
    }

    /// Takes a key out of the ring, as if it had never been made.
    pub fn remove_key(&self, key: &str) -> Result<(), RingError> {
        self.state.remove(key)
    }

    /// Ends all connections and refuses new ones, until it is resumed. The keys stay.
    pub async fn stop(&self) {
        if let Some(serving) = self.serving.lock().await.take() {
            serving.stop().await;
        }
    }

    /// Listens again, on the same port.
    pub async fn resume(&self) -> io::Result<()> {
        let mut serving = self.serving.lock().await;
        if serving.is_none() {
            let listener = bound(self.address)?.listen(BACKLOG)?;
            *serving = Some(Serving::start(listener, service::router(Arc::clone(&self.state))));
        }
        Ok(())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The task that accepts connections and owns those that serve them.
pub(crate) struct Serving(JoinHandle<Infallible>);

impl Serving {
    fn start(listener: TcpListener, router: Router) -> Self {
        Self(tokio::spawn(accept(listener, router)))
    }

    async fn stop(mut self) {
        self.0.abort();
        // Once the task is gone, so are the listener and the connections.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, router: Router) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => drop(connections.spawn(serve(tcp, router.clone()))),
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(tcp: TcpStream, router: Router) {
    // Without it some exchanges on loopback wait for a delayed acknowledgement.
    let _ = tcp.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request).await;
            if response.extensions().get::<HangUp>().is_some() {
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
            Ok(response)
        }
    });
    // A client that goes away, or is hung up on, is nothing to report.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
}
