//! *Told apart*, *Bounded* and *Nowhere else*, where nothing but hands is shaken.

use super::{
    Answer, Bench, Manners, Presence, ServerCertificate, Standing, assert_named,
    refusals::{VERSIONS, foreign_addresses},
};
use crate::{domain::bank::TlsVersion, ports::bank_http::BankHttpError};

pub(super) async fn a_bank_that_is_well_is_met_and_asked_nothing(bench: &dyn Bench) {
    let client = bench.client();
    for version in VERSIONS {
        for answer in [Answer::ok(), Answer::Http2(Vec::new())] {
            let bank = bench.start(Manners { version, answer, ..Manners::default() }).await;
            bank.meet(&*client).await.unwrap();
            assert_eq!(bank.journal.entries(), []);
        }
    }
}

pub(super) async fn nobody_there_is_unreachable(bench: &dyn Bench) {
    let client = bench.client();
    let bank = bench.start(Manners { presence: Presence::Absent, ..Manners::default() }).await;
    assert_named!(bank.meet(&*client).await, BankHttpError::Unreachable(_), "refused");
    let mut lost = bench.start(Manners::default()).await;
    lost.bank.addresses.api = "https://bank.invalid/".parse().unwrap();
    assert_named!(lost.meet(&*client).await, BankHttpError::Unreachable(_), "no such name");
}

/// A handshake that never ends is given up, and so is one that always has one more byte.
pub(super) async fn ends_within_the_time_to_connect_whatever_the_bank_does(bench: &dyn Bench) {
    let client = bench.client();
    for presence in [Presence::Mute, Presence::Dripping] {
        let bank = bench.start(Manners { presence, ..Manners::default() }).await.hurried_to_connect();
        assert_named!(bank.meet(&*client).await, BankHttpError::Unreachable(_), presence);
    }
}

pub(super) async fn rejects_a_certificate_or_version_that_is_not_the_banks(bench: &dyn Bench) {
    let client = bench.client();
    let wrong = [ServerCertificate::OfOtherAuthority, ServerCertificate::Expired, ServerCertificate::ForOtherHost];
    for (certificate, version) in wrong.into_iter().flat_map(|wrong| VERSIONS.map(|version| (wrong, version))) {
        let bank = bench.start(Manners { version, certificate, ..Manners::default() }).await;
        assert_named!(bank.meet(&*client).await, BankHttpError::TlsRejected(_), (certificate, version));
    }
    let mut old = bench.start(Manners { version: TlsVersion::V1_2, ..Manners::default() }).await;
    old.bank.tls.minimum = TlsVersion::V1_3;
    assert_named!(old.meet(&*client).await, BankHttpError::TlsRejected(_), "TLS 1.2");
}

/// Under TLS 1.2 the handshake fails. Under TLS 1.3 it is over before the bank has judged (RFC 8446 section 4.4.2.4), so
/// that the bank may count as met; but a failure is named as what it is.
pub(super) async fn names_a_refused_certificate(bench: &dyn Bench) {
    let client = bench.client();
    for standing in [Standing::Stranger, Standing::NotPresentable] {
        for version in VERSIONS {
            let bank = bench.start(Manners { version, standing, ..Manners::default() }).await;
            let outcome = bank.meet(&*client).await;
            if version == TlsVersion::V1_3 && outcome.is_ok() {
                continue;
            }
            assert_named!(outcome, BankHttpError::CertificateRefused(_), (standing, version));
        }
    }
}

pub(super) async fn shows_no_certificate_that_is_not_valid(bench: &dyn Bench) {
    let client = bench.client();
    for standing in [Standing::Expired, Standing::NotYetValid] {
        // Nobody is there: a handshake would find out.
        let bank = bench.start(Manners { standing, presence: Presence::Absent, ..Manners::default() }).await;
        assert_named!(bank.meet(&*client).await, BankHttpError::QwacExpired(_), standing);
    }
}

pub(super) async fn meets_nobody_but_the_bank(bench: &dyn Bench) {
    let client = bench.client();
    let (bank, other) = (bench.start(Manners::default()).await, bench.start(Manners::default()).await);
    for address in foreign_addresses(&bank, &other) {
        assert_named!(client.shake_hands(&bank.bank, &address).await, BankHttpError::NotSent(_), address);
    }
}
