//! A new identity under load: calls that run end on the old one, later ones use the new one, and nothing of the old one's
//! connections or TLS sessions goes over (L10, L11 and L13 of the list of faults).

use std::sync::Arc;

use futures::future::join_all;
use rustls::HandshakeKind;
use shared::{
    adapters::bank_client::PoolSettings,
    domain::{
        bank::{Bank, TlsVersion},
        ids::BankId,
    },
    ports::bank_http::BankHttp,
    testing::bank_http::TestBank,
};

use crate::{
    bench::client_with,
    gated::{Gated, Habits},
};

/// Connections are closed as soon as they are not used.
const NO_POOL: PoolSettings = PoolSettings { idle_timeout: std::time::Duration::from_secs(50), idle_per_bank: 0 };

const VERSIONS: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

/// Calls in flight. Enough that they take several connections over HTTP/1.1.
const MANY: usize = 100;

#[tokio::test]
async fn running_calls_end_on_the_old_identity_and_later_ones_use_the_new_one() {
    for http in [Habits::http1(), Habits::http2()] {
        let bank = Gated::start(Habits { closed_gate: true, ..http }).await;
        let client = Arc::new(client_with(PoolSettings::default()));
        let calls: Vec<_> = (0..MANY)
            .map(|_| {
                let (client, document, request) = (client.clone(), bank.test.bank.clone(), bank.test.accounts());
                tokio::spawn(async move { client.call(&document, request).await })
            })
            .collect();
        bank.until_seen(MANY).await;
        bank.test.renew();
        let late = {
            let (client, document, request) = (client.clone(), bank.test.bank.clone(), bank.test.accounts());
            tokio::spawn(async move { client.call(&document, request).await })
        };
        bank.until_seen(MANY + 1).await;
        bank.open_gate();
        for call in join_all(calls).await {
            assert!(call.unwrap().is_ok());
        }
        assert!(late.await.unwrap().is_ok());
        let shown = bank.test.journal.entries();
        let old = shown.iter().filter(|seen| seen.certificate.as_ref() == Some(&bank.test.identity)).count();
        assert_eq!((old, shown.len()), (MANY, MANY + 1));
        assert_eq!(shown[MANY].certificate.as_ref(), Some(&bank.test.renewed.certificate));
    }
}

#[tokio::test]
async fn the_old_identity_s_connections_are_closed_and_not_used_again() {
    for habits in [Habits::http1(), Habits::http2()] {
        let bank = Gated::start(habits).await;
        let client = client_with(PoolSettings::default());
        read(&bank.test, &client).await;
        read(&bank.test, &client).await;
        assert_eq!(connections(&bank.test), [1, 1], "a pool");
        bank.test.renew();
        read(&bank.test, &client).await;
        read(&bank.test, &client).await;
        assert_eq!(connections(&bank.test), [1, 1, 2, 2]);
        bank.until_closed(1).await;
    }
}

#[tokio::test]
async fn a_new_identity_resumes_no_session_of_the_old_one() {
    for version in VERSIONS {
        let bank = Gated::start(Habits { version, ..Habits::http1() }).await;
        let client = client_with(NO_POOL);
        for _ in 0..2 {
            read(&bank.test, &client).await;
        }
        assert_eq!(
            bank.handshakes(),
            [HandshakeKind::Full, HandshakeKind::Resumed],
            "{version:?}: sessions are resumed"
        );
        bank.test.renew();
        read(&bank.test, &client).await;
        assert_eq!(bank.handshakes()[2], HandshakeKind::Full, "{version:?}");
        let shown = bank.test.journal.entries();
        assert_eq!(shown[2].certificate.as_ref(), Some(&bank.test.renewed.certificate), "{version:?}");
    }
}

/// Two banks' documents for one server: the second does not resume the first one's session, though nothing else differs
/// but the identity.
#[tokio::test]
async fn banks_resume_no_sessions_of_each_other() {
    let bank = Gated::start(Habits::http1()).await;
    let client = client_with(NO_POOL);
    read(&bank.test, &client).await;
    let other = Bank { id: BankId::parse("other").unwrap(), ..bank.test.bank.clone() };
    client.call(&other, bank.test.accounts()).await.unwrap();
    assert_eq!(bank.handshakes(), [HandshakeKind::Full; 2]);
}

async fn read(bank: &TestBank, client: &dyn BankHttp) {
    bank.read(client).await.unwrap();
}

fn connections(bank: &TestBank) -> Vec<usize> {
    bank.journal.entries().iter().map(|seen| seen.connection).collect()
}
