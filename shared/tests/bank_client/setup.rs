//! What is wrong with a bank's TLS settings shows when the bank is prepared, and is named without its value.

use std::{error::Error, fs};

use shared::{
    adapters::bank_client::TlsSetupError,
    ports::identities::IdentityFault,
    testing::bank_http::{Bench, Manners},
};
use tempfile::TempDir;

use crate::{
    bench::{LocalBench, client, document},
    pki::{Authority, Minted, OVER, SOUND, Wish},
};

/// What is wrong with a bank whose identity is this text.
async fn fault_of(identity: &str, anchors: &str) -> TlsSetupError {
    let folder = TempDir::new().unwrap();
    let mut bank = document("bank", 1, &folder.path().join("qwac.pem"), identity, &Authority::named("Test QTSP"));
    anchors.clone_into(&mut bank.tls.trust_anchors);
    client().prepare(&bank).await.unwrap_err()
}

async fn identity_fault(make: impl FnOnce(&Minted) -> String) -> TlsSetupError {
    let authority = Authority::named("Test QTSP");
    fault_of(&make(&authority.mint(SOUND)), &authority.pem()).await
}

async fn anchor_fault(anchors: &str) -> TlsSetupError {
    fault_of(&Authority::named("Test QTSP").mint(SOUND).pem(), anchors).await
}

#[tokio::test]
async fn a_good_document_prepares_and_an_expired_certificate_holds_up_no_other_bank() {
    let (authority, folder) = (Authority::named("Test QTSP"), TempDir::new().unwrap());
    for years in [SOUND.years, OVER] {
        let identity = authority.mint(Wish { years, ..SOUND });
        let bank = document("bank", 1, &folder.path().join("qwac.pem"), &identity.pem(), &authority);
        assert!(client().prepare(&bank).await.is_ok());
    }
}

#[tokio::test]
async fn names_what_is_wrong_with_an_identity() {
    let fault = identity_fault(Minted::key_pem).await;
    assert!(matches!(fault, TlsSetupError::Identity(IdentityFault::NoCertificate)));
    assert_eq!(fault.source().unwrap().to_string(), "the file holds no certificate");
}

#[tokio::test]
async fn names_what_is_wrong_with_trust_anchors() {
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let garbage =
        Authority::named("Test QTSP").pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(anchor_fault("").await, TlsSetupError::NoTrustAnchor));
    assert!(matches!(anchor_fault(damaged).await, TlsSetupError::MalformedTrustAnchors(_)));
    assert!(matches!(anchor_fault(&garbage).await, TlsSetupError::UnusableTrustAnchor { position: 2, .. }));
}

#[tokio::test]
async fn never_tells_the_value() {
    let key = Authority::named("Test QTSP").mint(SOUND).key_pem();
    let inside = key.lines().nth(1).unwrap();
    let fault = identity_fault(|_| key.replace("PRIVATE KEY-----", "CERTIFICATE-----")).await;
    let causes = std::iter::successors(Some(&fault as &dyn Error), |cause| (*cause).source());
    for text in causes.map(ToString::to_string).chain([format!("{fault:?}")]) {
        assert!(!text.contains(inside), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_new_identity_leaves_the_old_channel_standing() {
    let (bench, client) = (LocalBench::new(), client());
    let bank = bench.start(Manners::default()).await;
    bank.read(&client).await.unwrap();
    fs::write(&bank.bank.tls.identity_file, "nonsense").unwrap();
    assert!(client.prepare(&bank.bank).await.is_ok());
    bank.read(&client).await.unwrap();
    assert!(bank.journal.entries().iter().all(|seen| seen.connection == 1));
}
