//! Servers that speak no TLS of today (L4 of the list of faults), which no library of today plays: the bytes are written
//! by hand.

use shared::{
    ports::bank_http::BankHttpError,
    testing::bank_http::{Bench, Manners},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::bench::{LocalBench, client};

/// `ServerHello` (RFC 5246 §7.4.1.3) of this version, choosing this cipher suite, without extensions.
fn server_hello(version: [u8; 2], suite: [u8; 2]) -> Vec<u8> {
    let body = [&version[..], &[9; 32], &[0], &suite, &[0]].concat();
    let handshake = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    [&[22, 3, 1, 0, u8::try_from(handshake.len()).unwrap()][..], &handshake].concat()
}

/// Starts a server that answers so to whatever comes first; answers its port.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 64];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        // Until the client has gone.
        while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
    });
    port
}

#[tokio::test]
async fn no_old_version_and_no_weak_cipher_suite_is_spoken() {
    const TLS_1_1: [u8; 2] = [3, 2];
    const TLS_1_2: [u8; 2] = [3, 3];
    let protocol_version_alert = vec![21, 3, 1, 0, 2, 2, 70];
    let bench = LocalBench::new();
    for (what, bytes) in [
        ("TLS 1.1", server_hello(TLS_1_1, [0xc0, 0x13])),
        ("RC4", server_hello(TLS_1_2, [0x00, 0x05])),
        ("CBC", server_hello(TLS_1_2, [0xc0, 0x13])),
        ("an alert", protocol_version_alert),
    ] {
        let mut bank = bench.start(Manners::default()).await;
        let port = answering(bytes).await;
        bank.bank.addresses.api.set_port(Some(port)).unwrap();
        let outcome = bank.read(&client()).await;
        assert!(matches!(outcome, Err(BankHttpError::TlsRejected(_))), "{what}: {outcome:?}");
    }
}
