//! Starting and stopping the bank: three ports over one memory.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::bank::{Addresses, Bank, Certificates};
use crate::incident::{IncidentError, Range};
use crate::journal::{Journal, JournalEntry, JournalFile, JournalFileError};
use crate::mood::Mood;
use crate::pki::{Pki, PkiError};
use crate::port::banking::banking;
use crate::port::connections::{Connections, Open};
use crate::port::{accept, serve_http};
use crate::seal::Notary;
use crate::settings::Settings;
use crate::state::{State, day_of};
use crate::state_file::{DataDir, DataDirError};
use crate::tls::door::{Door, DoorError};
use crate::{clock, control, sca};

/// A running bank. Dropping it ends it abruptly; [`SandboxBank::stop`] lets it finish.
pub struct SandboxBank {
    pki: Pki,
    bank: Arc<Bank>,
    closing: watch::Sender<bool>,
    ports: JoinSet<()>,
}

/// The bank cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("the bank has no use of its data directory")]
    DataDir(#[from] DataDirError),
    /// The journal of an earlier run cannot be taken up.
    #[error("the bank has no use of its journal")]
    Journal(#[from] JournalFileError),
    /// The certificates cannot be had.
    #[error("the bank has no certificates")]
    Pki(#[from] PkiError),
    /// The certificates do not make a TLS server.
    #[error("the bank has no TLS")]
    Tls(#[from] DoorError),
    /// A port cannot be had.
    #[error("the bank cannot listen on port {port}")]
    Port {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

/// Starts a bank and returns when all its ports answer.
pub async fn start(settings: Settings) -> Result<SandboxBank, StartError> {
    let data = settings.data_dir.as_deref().map(DataDir::open).transpose()?;
    let pki = certificates(data.as_ref())?;
    let door = Door::new(&pki)?;
    let listeners = Listeners::bind(&settings).await?;
    let state = state(data.as_ref(), &settings)?;
    let journal = journal(data.as_ref())?;
    let addresses = listeners.addresses()?;
    let notary = Notary::new(&pki.ca)?;
    let certificates = Certificates { ca: pki.ca.clone(), server_chain: pki.server_chain.clone() };
    let known = (notary, certificates);
    let bank = Arc::new(Bank::new(addresses, settings.seed, settings.clock, state, journal, known, data));
    let (closing, closed) = watch::channel(false);
    let ports = listeners.serve(door, &bank, &closed);
    Ok(SandboxBank { pki, bank, closing, ports })
}

impl SandboxBank {
    /// Where the banking interface is: `https://127.0.0.1:PORT`. It demands a client certificate.
    pub fn api_url(&self) -> &str {
        &self.bank.addresses.api
    }

    /// Where the customer's browser goes: `http://127.0.0.1:PORT`, without TLS, so that no browser
    /// warns about the certificate.
    pub fn web_url(&self) -> &str {
        &self.bank.addresses.web
    }

    /// Where tests look into the bank and play with it: `http://127.0.0.1:PORT`.
    pub fn control_url(&self) -> &str {
        &self.bank.addresses.control
    }

    /// All certificates of the sandbox.
    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Everything that reached the banking port so far, as `GET /journal` tells it.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.bank.journal.since(0)
    }

    /// How many connections to the banking port are open now, those whose handshake is not over among them.
    pub fn open_connections(&self) -> usize {
        self.bank.connections.count()
    }

    /// Plays an incident of [`Incident::all`](crate::Incident::all) from now on: in one mood or in all, so often or until
    /// [`SandboxBank::end_incidents`]. Where the mood or the number makes no difference, neither does.
    pub async fn play_incident(&self, name: &str, mood: Option<Mood>, times: Option<u32>) -> Result<(), IncidentError> {
        self.bank.play_incident(name, Range { mood, operation: None, times }).await
    }

    /// Ends all incidents: their faults are disarmed, the habits are as before, and the port is open.
    pub async fn end_incidents(&self) -> Result<(), IncidentError> {
        self.bank.end_incidents().await
    }

    /// Stops listening, lets running requests finish for some seconds at most, and returns when the
    /// ports and the data directory are free again.
    pub async fn stop(mut self) {
        self.closing.send_replace(true);
        while self.ports.join_next().await.is_some() {}
    }
}

impl fmt::Debug for SandboxBank {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SandboxBank").field("addresses", &self.bank.addresses).finish_non_exhaustive()
    }
}

/// The three ports before anybody is served.
struct Listeners {
    api: TcpListener,
    web: TcpListener,
    control: TcpListener,
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self, StartError> {
        Ok(Self {
            api: bind(settings.api_port).await?,
            web: bind(settings.web_port).await?,
            control: bind(settings.control_port).await?,
        })
    }

    fn addresses(&self) -> Result<Addresses, StartError> {
        Ok(Addresses {
            api: address("https", &self.api)?,
            web: address("http", &self.web)?,
            control: address("http", &self.control)?,
        })
    }

    fn serve(self, door: Door, bank: &Arc<Bank>, closed: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut ports = JoinSet::new();
        ports.spawn(banking(self.api, Arc::new(door), Arc::clone(bank), closed.clone()));
        ports.spawn(plain(self.web, sca::site::router(Arc::clone(bank)), closed.clone()));
        ports.spawn(plain(self.control, control::router(Arc::clone(bank)), closed.clone()));
        ports
    }
}

async fn plain(listener: TcpListener, router: Router, closed: watch::Receiver<bool>) {
    let serve = |tcp: TcpStream, open: Open| {
        let router = router.clone();
        async move { serve_http(tcp, router, |_| (), &Notify::new(), open).await }
    };
    accept(listener, closed, Arc::new(Connections::default()), serve).await;
}

/// Loopback only: what is behind these ports is for this machine.
async fn bind(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| StartError::Port { port, source })
}

fn address(scheme: &str, listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|source| StartError::Port { port: 0, source })?;
    Ok(format!("{scheme}://{address}"))
}

/// Certificates are dated by the system's clock, because the other end judges them by its own.
fn certificates(data: Option<&DataDir>) -> Result<Pki, PkiError> {
    let today = day_of(clock::system()());
    match data {
        Some(data) => Pki::load_or_mint(&data.join("pki"), today),
        None => Pki::mint(today),
    }
}

fn state(data: Option<&DataDir>, settings: &Settings) -> Result<State, DataDirError> {
    let saved = data.map(DataDir::load).transpose()?.flatten();
    let state = match saved {
        Some(state) => state.restarted(settings.tokens),
        None => State::new(settings.tokens, (settings.clock)()),
    };
    if let Some(data) = data {
        data.save(&state)?;
    }
    Ok(state)
}

fn journal(data: Option<&DataDir>) -> Result<Journal, JournalFileError> {
    match data {
        Some(data) => Journal::in_file(JournalFile::open(&data.join("journal.jsonl"))?),
        None => Ok(Journal::in_memory()),
    }
}
