//! *Whose identity.* A bank is met only with the identity and the trust anchors of its own document.

use futures::future::join_all;

use super::{Answer, Bench, Manners, Seen, TestBank, assert_named};
use crate::{domain::bank::TlsVersion, ports::bank_http::BankHttpError};

pub(super) async fn shows_the_identity_of_the_document(bench: &dyn Bench) {
    let client = bench.client();
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        for answer in [Answer::ok(), Answer::Http2(b"ok".to_vec())] {
            let bank = bench.start(Manners { version, answer, ..Manners::default() }).await;
            bank.read(&*client).await.unwrap();
            assert_eq!(certificates(&bank), [Some(bank.identity.clone())]);
        }
    }
}

pub(super) async fn keeps_the_identities_of_banks_apart(bench: &dyn Bench) {
    let client = bench.client();
    let banks = [start(bench).await, start(bench).await, start(bench).await];
    let reads = (0..5).flat_map(|_| &banks).map(|bank| bank.read(&*client));
    join_all(reads).await.into_iter().for_each(|answer| assert!(answer.is_ok()));
    for bank in &banks {
        assert_eq!(certificates(bank), vec![Some(bank.identity.clone()); 5]);
    }
}

pub(super) async fn follows_a_change_of_identity(bench: &dyn Bench) {
    let client = bench.client();
    let bank = start(bench).await;
    bank.read(&*client).await.unwrap();
    bank.renew();
    bank.read(&*client).await.unwrap();
    assert_eq!(certificates(&bank), [&bank.identity, &bank.renewed.certificate].map(|seen| Some(seen.clone())));
}

/// Two documents for one server: neither the connection nor the TLS session of one is used for the other.
pub(super) async fn never_serves_one_bank_over_the_connection_of_another(bench: &dyn Bench) {
    let client = bench.client();
    let (bank, mut other) = (start(bench).await, start(bench).await);
    bank.read(&*client).await.unwrap();
    other.bank.addresses.api = bank.bank.addresses.api.clone();
    assert_named!(other.read(&*client).await, BankHttpError::TlsRejected(_), "own anchors");
    other.bank.tls.trust_anchors = bank.bank.tls.trust_anchors.clone();
    bank.renew();
    other.bank.tls.identity_file = bank.bank.tls.identity_file.clone();
    other.read(&*client).await.unwrap();
    assert_eq!(certificates(&bank), [&bank.identity, &bank.renewed.certificate].map(|seen| Some(seen.clone())));
}

async fn start(bench: &dyn Bench) -> TestBank {
    bench.start(Manners::default()).await
}

fn certificates(bank: &TestBank) -> Vec<Option<Vec<u8>>> {
    bank.journal.entries().into_iter().map(|Seen { certificate, .. }| certificate).collect()
}
