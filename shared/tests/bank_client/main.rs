//! The adapter `BankClient` against banks on this machine: the conformance suite of the port, and what is the
//! adapter's own.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

mod bench;
mod frames;
mod gated;
mod obsolete;
mod pki;
mod policy;
mod refused;
mod roll_over;
mod server;
mod setup;
mod silence;

use shared::testing::bank_http::{
    Manners, answer_conformance, bound_conformance, handshake_conformance, identity_conformance, refusal_conformance,
};

use crate::bench::LocalBench;

#[tokio::test]
async fn shows_every_bank_its_own_identity() {
    identity_conformance(&LocalBench::new()).await;
}

#[tokio::test]
async fn tells_who_refuses_whom() {
    refusal_conformance(&LocalBench::new()).await;
}

#[tokio::test]
async fn stays_within_time_and_bytes() {
    bound_conformance(&LocalBench::new()).await;
}

#[tokio::test]
async fn names_what_came_back_and_what_broke() {
    answer_conformance(&LocalBench::new()).await;
}

#[tokio::test]
async fn shakes_hands_and_asks_nothing() {
    handshake_conformance(&LocalBench::new()).await;
}

#[tokio::test]
async fn keeps_its_connections() {
    use shared::testing::bank_http::Bench;
    let bench = LocalBench::new();
    let (client, bank) = (bench.client(), bench.start(Manners::default()).await);
    for _ in 0..20 {
        bank.read(&*client).await.unwrap();
    }
    assert!(bank.journal.entries().iter().all(|seen| seen.connection == 1));
}
