//! The banking port, which incidents shut for a while.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{asked_to_close, take_in, wind_down};
use crate::api;
use crate::bank::Bank;
use crate::tls::arrival;
use crate::tls::door::Door;

/// How long it takes to try again to open the port.
const AGAIN: Duration = Duration::from_millis(50);

/// How many connections may wait to be accepted; what the system takes for itself as well.
const BACKLOG: u32 = 1024;

/// Why the port takes nobody in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The bank closes.
    Closed,
    /// An incident shuts the port.
    Shut,
}

/// Serves the banking port, except while it is shut.
pub(crate) async fn banking(
    mut listener: TcpListener,
    door: Arc<Door>,
    bank: Arc<Bank>,
    mut closed: watch::Receiver<bool>,
) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let router = api::router(Arc::clone(&bank));
    loop {
        let serve = |tcp, open| arrival::receive(tcp, open, Arc::clone(&door), router.clone(), Arc::clone(&bank));
        let end = async {
            tokio::select! {
                () = asked_to_close(&mut closed) => End::Closed,
                () = bank.shutter.asked(true) => End::Shut,
            }
        };
        let (tasks, end) = take_in(&listener, end, &bank.connections, serve).await;
        drop(listener);
        let place = (end == End::Shut).then(|| kept(address));
        wind_down(tasks, &bank.connections).await;
        let Some(place) = place else {
            return;
        };
        bank.shutter.done(true);
        listener = tokio::select! {
            () = asked_to_close(&mut closed) => return,
            () = bank.shutter.asked(false) => reopened(place, address).await,
        };
        bank.shutter.done(false);
    }
}

/// The port, bound so that nobody else gets it, but with nobody listening: whoever connects is refused.
fn kept(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The port again. Somebody else may have it for a moment if it could not be kept.
async fn reopened(place: io::Result<TcpSocket>, address: SocketAddr) -> TcpListener {
    let mut attempt = place.and_then(|socket| socket.listen(BACKLOG));
    loop {
        match attempt {
            Ok(listener) => return listener,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the port cannot be opened again yet");
                sleep(AGAIN).await;
                attempt = TcpListener::bind(address).await;
            }
        }
    }
}
