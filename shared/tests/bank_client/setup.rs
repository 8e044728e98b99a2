//! What is wrong with a bank's TLS settings shows when the bank is prepared, and is named without its value.

use std::error::Error;

use shared::{
    adapters::bank_client::{BankClient, PoolSettings, TlsSetupError},
    domain::{bank::Bank, secret::SecretString},
    testing::bank_http::{Bench, Manners},
};

use crate::{
    bench::{LocalBench, document},
    pki::{Authority, Minted, SOUND},
};

/// A bank whose identity is this text, and the name of what is wrong with it.
fn fault_of(identity: String, anchors: String) -> TlsSetupError {
    let (authority, client) = (Authority::named("Test QTSP"), BankClient::new(PoolSettings::default()));
    let mut bank = document("bank", 1, &authority.mint(SOUND), &authority);
    bank.tls.identity = SecretString::from(identity);
    bank.tls.trust_anchors = anchors;
    client.prepare(&bank).unwrap_err()
}

fn identity_fault(make: impl FnOnce(&Minted) -> String) -> TlsSetupError {
    let authority = Authority::named("Test QTSP");
    fault_of(make(&authority.mint(SOUND)), authority.pem())
}

fn anchor_fault(anchors: &str) -> TlsSetupError {
    fault_of(Authority::named("Test QTSP").mint(SOUND).pem(), anchors.to_owned())
}

#[test]
fn a_good_document_prepares() {
    let authority = Authority::named("Test QTSP");
    let bank = document("bank", 1, &authority.mint(SOUND), &authority);
    assert!(BankClient::new(PoolSettings::default()).prepare(&bank).is_ok());
}

#[test]
fn names_what_is_wrong_with_an_identity() {
    let other = Authority::named("Test QTSP").mint(SOUND);
    let damaged = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(identity_fault(Minted::key_pem), TlsSetupError::NoCertificate));
    assert!(matches!(identity_fault(Minted::certificate_pem), TlsSetupError::NoPrivateKey));
    assert!(matches!(identity_fault(|_| String::new()), TlsSetupError::NoCertificate));
    assert!(matches!(identity_fault(|good| good.pem() + &other.key_pem()), TlsSetupError::SeveralPrivateKeys));
    assert!(matches!(identity_fault(|good| good.key_pem() + &other.certificate_pem()), TlsSetupError::KeyMismatch));
    assert!(matches!(identity_fault(|good| good.pem() + damaged), TlsSetupError::MalformedIdentity(_)));
    assert!(matches!(identity_fault(|good| good.key_pem() + garbage), TlsSetupError::UnusableIdentity(_)));
}

#[test]
fn names_what_is_wrong_with_trust_anchors() {
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let garbage =
        Authority::named("Test QTSP").pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(anchor_fault(""), TlsSetupError::NoTrustAnchor));
    assert!(matches!(anchor_fault(damaged), TlsSetupError::MalformedTrustAnchors(_)));
    assert!(matches!(anchor_fault(&garbage), TlsSetupError::UnusableTrustAnchor { position: 2, .. }));
}

#[test]
fn never_tells_the_value() {
    let key = Authority::named("Test QTSP").mint(SOUND).key_pem();
    let inside = key.lines().nth(1).unwrap();
    let fault = identity_fault(|_| key.replace("PRIVATE KEY-----", "CERTIFICATE-----"));
    let causes = std::iter::successors(Some(&fault as &dyn Error), |cause| (*cause).source());
    for text in causes.map(ToString::to_string).chain([format!("{fault:?}")]) {
        assert!(!text.contains(inside), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_new_identity_leaves_the_old_channel_standing() {
    let (bench, client) = (LocalBench::new(), BankClient::new(PoolSettings::default()));
    let bank = bench.start(Manners::default()).await;
    bank.read(&client).await.unwrap();
    let mut wrong: Bank = bank.bank.clone();
    wrong.tls.identity = SecretString::from("nonsense");
    assert!(client.prepare(&wrong).is_err());
    bank.read(&client).await.unwrap();
    assert!(bank.journal.entries().iter().all(|seen| seen.connection == 1));
}
