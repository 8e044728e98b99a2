//! A connection arrives at the banking port: handshake, then HTTP with the caller known, or an entry
//! in the journal if the handshake came to nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::door::{Door, Turned};
use super::guard::Verdict;
use crate::bank::Bank;
use crate::fault::Fault;
use crate::journal::JournalEntry;
use crate::port::connections::Open;
use crate::port::serve_http;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes care of one connection until it ends.
pub(crate) async fn receive(tcp: TcpStream, open: Open, door: Arc<Door>, router: Router, bank: Arc<Bank>) {
    let fault = bank.draw_handshake_fault();
    let verdict = if fault.is_some() { Verdict::Refused } else { Verdict::OnMerits };
    let outcome = timeout(HANDSHAKE, door.let_in(tcp, verdict)).await;
    match outcome.unwrap_or_else(|_| Err(Turned::too_slow())) {
        Ok((stream, caller)) => {
            let hang_up = Arc::clone(&caller.hang_up);
            let dress = move |request: &mut hyper::Request<_>| {
                request.extensions_mut().insert(caller.clone());
            };
            serve_http(stream, router, dress, &hang_up, open).await;
        }
        Err(turned) => note(&bank, turned, fault.as_ref()),
    }
}

fn note(bank: &Bank, turned: Turned, fault: Option<&Fault>) {
    let shown = turned.shown.as_ref();
    bank.journal.arrived(JournalEntry {
        at: bank.now(),
        certificate_sha256: shown.map(|certificate| certificate.sha256.clone()),
        organisation: shown.and_then(|certificate| certificate.organisation.clone()),
        reason: Some(turned.reason),
        fault: fault.map(|fault| fault.kind().to_owned()),
        ..JournalEntry::default()
    });
}
