//! What a bank's document says of TLS: chains, pins, cipher suites, versions of HTTP, and servers that do not ask who we
//! are.

use http::Method;
use rustls::pki_types::CertificateDer;
use shared::{
    adapters::bank_client::TlsSetupError,
    domain::{
        bank::{HttpVersion, WebOrigin},
        operation::Operation,
    },
    ports::bank_http::{BankHttp, BankHttpError, BankRequest},
    protocol::certificate::public_key_info,
    testing::bank_http::TestBank,
};

use crate::{
    bench::client,
    gated::{Gated, Habits},
    pki::{Authority, SOUND},
};

async fn read(bank: &TestBank) -> Result<(), BankHttpError> {
    bank.read(&client()).await.map(drop)
}

fn assert_rejected(outcome: &Result<(), BankHttpError>) {
    assert!(matches!(outcome, Err(BankHttpError::TlsRejected(_))), "{outcome:?}");
}

/// SHA-256 of the public key of a certificate.
fn pin(certificate: &[u8]) -> [u8; 32] {
    shared::domain::code_hash::sha256(&public_key_info(certificate).unwrap())
}

/// L5 of the list of faults.
#[tokio::test]
async fn a_chain_without_its_intermediate_is_refused_unless_the_document_has_it() {
    let between = std::sync::OnceLock::new();
    let mut bank = Gated::with_chain(Habits::http1(), |authority| {
        (between.get_or_init(|| authority.subordinate("Between")).mint(SOUND), Vec::new())
    })
    .await;
    assert_rejected(&read(&bank.test).await);
    bank.test.bank.tls.trust_anchors += &between.get().unwrap().pem();
    read(&bank.test).await.unwrap();
}

#[tokio::test]
async fn a_pinned_key_may_be_the_server_s_or_any_above_it() {
    let mut bank = Gated::start(Habits::http1()).await;
    for pinned in [pin(&bank.certificate.der()), pin(&bank.authority.der())] {
        bank.test.bank.tls.pins = vec![[7; 32], pinned];
        read(&bank.test).await.unwrap();
    }
    bank.test.bank.tls.pins = vec![[7; 32]];
    assert_rejected(&read(&bank.test).await);
    bank.test.bank.tls.pins = vec![pin(&bank.certificate.der())];
    bank.test.bank.tls.trust_anchors = Authority::named("Test QTSP").pem();
    assert_rejected(&read(&bank.test).await);
}

#[tokio::test]
async fn an_intermediate_may_be_pinned() {
    let mut pinned = None;
    let mut bank = Gated::with_chain(Habits::http1(), |authority| {
        let between = authority.subordinate("Between");
        pinned = Some(pin(&between.der()));
        (between.mint(SOUND), vec![between.der()])
    })
    .await;
    bank.test.bank.tls.pins = pinned.into_iter().collect();
    read(&bank.test).await.unwrap();
}

/// Certificates are no secret: whoever has a certificate of the same anchor could send the pinned one along.
#[tokio::test]
async fn a_pinned_certificate_that_is_only_sent_along_proves_nothing() {
    let mut pinned = None;
    let mut bank = Gated::with_chain(Habits::http1(), |authority| {
        let (between, bystander) = (authority.subordinate("Between"), authority.subordinate("Bystander"));
        pinned = Some(pin(&bystander.der()));
        let above: Vec<CertificateDer<'static>> = vec![between.der(), bystander.der()];
        (between.mint(SOUND), above)
    })
    .await;
    read(&bank.test).await.unwrap();
    bank.test.bank.tls.pins = pinned.into_iter().collect();
    assert_rejected(&read(&bank.test).await);
}

#[tokio::test]
async fn only_the_cipher_suites_of_the_document_are_offered() {
    let habits = Habits { suites: &["TLS13_AES_128_GCM_SHA256"], ..Habits::http1() };
    let mut bank = Gated::start(habits).await;
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    bank.test.bank.tls.cipher_suites = named(&["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]);
    read(&bank.test).await.unwrap();
    bank.test.bank.tls.cipher_suites = named(&["TLS_AES_256_GCM_SHA384"]);
    assert_rejected(&read(&bank.test).await);
    bank.test.bank.tls.cipher_suites = named(&["TLS_RSA_WITH_AES_128_CBC_SHA"]);
    let fault = client().prepare(&bank.test.bank).await.unwrap_err();
    assert!(matches!(fault, TlsSetupError::NoSuchCipherSuite(name) if name == "TLS_RSA_WITH_AES_128_CBC_SHA"));
}

#[tokio::test]
async fn only_the_http_of_the_document_is_offered() {
    let habits = || Habits { protocols: &["h2", "http/1.1"], ..Habits::http1() };
    for (http, expected) in [(HttpVersion::Any, "h2"), (HttpVersion::V1_1, "http/1.1"), (HttpVersion::V2, "h2")] {
        let mut bank = Gated::start(habits()).await;
        bank.test.bank.tls.http = http;
        read(&bank.test).await.unwrap();
        assert_eq!(bank.protocols(), [Some(expected.to_owned())], "{http:?}");
    }
}

/// L7 of the list of faults.
#[tokio::test]
async fn tokens_are_asked_only_of_servers_that_ask_who_we_are_where_they_must_be_bound() {
    for asks in [true, false] {
        let mut bank = Gated::start(Habits { asks, ..Habits::http1() }).await;
        let client = client();
        for must in [false, true] {
            bank.test.bank.tls.tokens_must_be_bound = must;
            bank.test.read(&client).await.unwrap();
            for operation in [Operation::RedeemCode, Operation::RefreshTokens] {
                let request = BankRequest { operation, method: Method::POST, ..bank.test.accounts() };
                let outcome = client.call(&bank.test.bank, request).await.map(drop);
                if asks || !must { outcome.unwrap() } else { assert_rejected(&outcome) }
            }
        }
        let posts = bank.test.journal.entries().iter().filter(|seen| seen.request.starts_with("POST")).count();
        assert_eq!(posts, if asks { 4 } else { 2 });
    }
}

#[tokio::test]
async fn further_origins_are_called_if_the_document_names_them() {
    let (mut bank, other) = (Gated::start(Habits::http1()).await, Gated::start(Habits::http1()).await);
    bank.test.bank.tls.trust_anchors += &other.test.bank.tls.trust_anchors;
    let request = || BankRequest { url: other.test.url("/token"), ..bank.test.accounts() };
    let outcome = client().call(&bank.test.bank, request()).await;
    assert!(matches!(outcome, Err(BankHttpError::NotSent(_))), "{outcome:?}");
    let origin = WebOrigin::of(&other.test.bank.addresses.api).unwrap();
    let mut document = bank.test.bank.clone();
    document.addresses.api_origins.insert(origin);
    let outcome = client().call(&document, request()).await;
    // The other server knows nobody of our authority: it was called.
    assert!(matches!(outcome, Err(BankHttpError::CertificateRefused(_))), "{outcome:?}");
}
