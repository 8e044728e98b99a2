//! *Nowhere else*, and the two sides of a refused handshake.

use http::StatusCode;
use url::Url;

use super::{Answer, Bench, Manners, Presence, ServerCertificate, Standing, TestBank, assert_named};
use crate::{
    domain::bank::TlsVersion,
    ports::bank_http::{BankHttpError, BankRequest},
};

pub(super) const VERSIONS: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

pub(super) async fn rejects_a_certificate_that_is_not_the_banks(bench: &dyn Bench) {
    let client = bench.client();
    let wrong = [ServerCertificate::OfOtherAuthority, ServerCertificate::Expired, ServerCertificate::ForOtherHost];
    for (certificate, version) in wrong.into_iter().flat_map(|wrong| VERSIONS.map(|version| (wrong, version))) {
        let bank = bench.start(Manners { version, certificate, ..Manners::default() }).await;
        assert_named!(bank.read(&*client).await, BankHttpError::TlsRejected(_), (certificate, version));
        assert_eq!(bank.journal.entries(), [], "{certificate:?}: the request has left");
    }
}

pub(super) async fn rejects_a_version_below_the_minimum(bench: &dyn Bench) {
    let mut bank = bench.start(Manners { version: TlsVersion::V1_2, ..Manners::default() }).await;
    bank.bank.tls.minimum = TlsVersion::V1_3;
    assert_named!(bank.read(&*bench.client()).await, BankHttpError::TlsRejected(_), "TLS 1.2");
    assert_eq!(bank.journal.entries(), []);
}

/// Under TLS 1.2 the handshake fails, under TLS 1.3 the first read; over HTTP/2 the protocol stands between.
pub(super) async fn names_a_refused_certificate(bench: &dyn Bench) {
    let client = bench.client();
    for standing in [Standing::Stranger, Standing::NotPresentable] {
        for version in VERSIONS {
            for answer in [Answer::ok(), Answer::Http2(Vec::new())] {
                let bank = bench.start(Manners { version, standing, answer, ..Manners::default() }).await;
                assert_named!(bank.read(&*client).await, BankHttpError::CertificateRefused(_), (standing, version));
                assert_eq!(bank.journal.entries(), [], "{standing:?}: the bank has read the request");
            }
        }
    }
}

/// One that is over, and one whose time has not come.
pub(super) async fn shows_no_certificate_that_is_not_valid(bench: &dyn Bench) {
    let client = bench.client();
    for standing in [Standing::Expired, Standing::NotYetValid] {
        // Nobody is there: a call would find out.
        let bank = bench.start(Manners { standing, presence: Presence::Absent, ..Manners::default() }).await;
        assert_named!(bank.read(&*client).await, BankHttpError::QwacExpired(_), standing);
    }
}

pub(super) async fn calls_no_address_but_the_banks_own(bench: &dyn Bench) {
    let client = bench.client();
    let (bank, other) = (bench.start(Manners::default()).await, bench.start(Manners::default()).await);
    for address in foreign_addresses(&bank, &other) {
        let request = BankRequest { url: address.clone(), ..bank.accounts() };
        assert_named!(client.call(&bank.bank, request).await, BankHttpError::NotSent(_), address);
    }
    assert_eq!((bank.journal.entries(), other.journal.entries()), (vec![], vec![]));
}

/// Addresses that are not the bank's, or not as the bank's document has them.
pub(super) fn foreign_addresses(bank: &TestBank, other: &TestBank) -> Vec<Url> {
    let own = &bank.bank.addresses.api;
    let (mut plain, mut named, mut trick) = (own.clone(), own.clone(), own.clone());
    plain.set_scheme("http").unwrap();
    named.set_host(Some("localhost")).unwrap();
    trick.set_username("user").unwrap();
    vec![other.url("/v1/accounts"), plain, named, trick, "https://169.254.169.254/".parse().unwrap()]
}

pub(super) async fn follows_no_redirect(bench: &dyn Bench) {
    let client = bench.client();
    let other = bench.start(Manners::default()).await;
    for status in [301, 302, 303, 307, 308] {
        for target in [other.url("/elsewhere").to_string(), "/v1/elsewhere".to_owned()] {
            let text = format!("HTTP/1.1 {status} Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            let bank = bench.start(Manners::answering(Answer::closing(text))).await;
            let response = bank.read(&*client).await.unwrap();
            assert_eq!(response.status, StatusCode::from_u16(status).unwrap());
            assert_eq!((bank.journal.entries().len(), other.journal.entries().len()), (1, 0), "{target}");
        }
    }
}
