//! The banking port, which incidents shut for a while.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{accept, asked_to_close};
use crate::api;
use crate::bank::Bank;
use crate::tls::arrival;
use crate::tls::door::Door;

/// How long it takes to try again to open the port.
const AGAIN: Duration = Duration::from_millis(50);

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
        let (ending, ended) = watch::channel(false);
        let serve = |tcp, open| arrival::receive(tcp, open, Arc::clone(&door), router.clone(), Arc::clone(&bank));
        let mut serving = pin!(accept(listener, ended, Arc::clone(&bank.connections), serve));
        let last = tokio::select! {
            () = &mut serving => return,
            () = asked_to_close(&mut closed) => true,
            () = bank.shutter.asked(true) => false,
        };
        ending.send_replace(true);
        serving.await;
        if last {
            return;
        }
        bank.shutter.done(true);
        listener = tokio::select! {
            () = asked_to_close(&mut closed) => return,
            listener = reopened(&bank, address) => listener,
        };
        bank.shutter.done(false);
    }
}

/// The port again, once it is to be opened. Somebody else may have it for a moment.
async fn reopened(bank: &Bank, address: SocketAddr) -> TcpListener {
    bank.shutter.asked(false).await;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the port cannot be opened again yet");
                sleep(AGAIN).await;
            }
        }
    }
}
