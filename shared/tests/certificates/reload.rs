//! A new identity takes the place of the old one without a restart, if it is good; otherwise the old one stays.

use std::{path::Path, sync::Arc, time::Duration};

use shared::{
    adapters::identity_files::KeyPlace,
    domain::{
        bank::TlsProfile,
        certificate::{CertificateFacts, Demand, Usage},
    },
    ports::identities::{Identities, Identity, IdentityFault},
    telemetry::Format,
    testing::{logs::Captured, samples},
};

use crate::pki::{Authority, Place, QSEAL, QWAC, Wish};

const TRANSPORT: Demand = Demand::qualified(Usage::Transport);

impl Place {
    async fn now(&self, path: &Path) -> Arc<Identity> {
        self.files.current(path, TRANSPORT, KeyPlace::Beside).await.unwrap()
    }

    async fn facts(&self, path: &Path) -> CertificateFacts {
        self.now(path).await.facts.clone()
    }
}

#[tokio::test]
async fn a_good_new_one_is_taken_and_an_unchanged_file_is_not() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let first = place.now(&path).await;
    assert!(Arc::ptr_eq(&first, &place.now(&path).await));
    place.write("qwac.pem", authority.mint(QWAC));
    let second = place.now(&path).await;
    assert_ne!(first.facts.sha256, second.facts.sha256);
    assert!(Arc::ptr_eq(&second, &place.now(&path).await));
}

#[tokio::test]
async fn two_banks_may_share_a_file() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let profile = || TlsProfile { identity_file: path.clone(), ..samples::tls() };
    let (one, other) = (place.files.transport(&profile()).await, place.files.transport(&profile()).await);
    assert!(Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
}

#[tokio::test]
async fn what_is_known_is_told_without_looking() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let profile = TlsProfile { identity_file: path, ..samples::tls() };
    assert_eq!(place.files.facts(&profile), None);
    let identity = place.files.transport(&profile).await.unwrap();
    place.write("qwac.pem", "nonsense");
    assert_eq!(place.files.facts(&profile).as_ref(), Some(&identity.facts));
}

#[tokio::test]
async fn the_last_good_one_stays_and_the_operator_is_told_once() {
    let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let good = place.now(&path).await;
    let key = authority.mint(QWAC).lines().nth(1).unwrap().to_owned();
    for wrong in [String::new(), "nonsense".to_owned(), authority.mint(QSEAL), key] {
        place.write("qwac.pem", wrong);
        for _ in 0..3 {
            assert!(Arc::ptr_eq(&good, &place.now(&path).await));
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(Arc::ptr_eq(&good, &place.now(&path).await));
    let alarms = captured.text().matches("certificate_refused").count();
    assert_eq!(alarms, 5, "{}", captured.text());
    assert!(captured.text().contains("the certificate is a QSEAL, but a QWAC is needed"));
}

#[tokio::test]
async fn a_file_that_never_was_good_is_an_error_until_it_is() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", "");
    let first = place.files.current(&path, TRANSPORT, KeyPlace::Beside).await;
    assert_eq!(first.unwrap_err(), IdentityFault::Empty);
    place.write("qwac.pem", authority.mint(QWAC));
    assert!(place.files.current(&path, TRANSPORT, KeyPlace::Beside).await.is_ok());
}

#[tokio::test]
async fn one_that_is_not_in_its_time_waits_for_it() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let good = place.facts(&path).await;
    place.write("qwac.pem", authority.mint(Wish { years: (2024, 2026), ..QWAC }));
    assert_eq!(place.facts(&path).await, good, "expired");
    place.write("qwac.pem", authority.mint(Wish { years: (2027, 2029), ..QWAC }));
    assert_eq!(place.facts(&path).await, good, "not yet valid");
    place.set_clock("2027-01-01T00:00:00Z");
    assert_ne!(place.facts(&path).await, good, "its time has come");
}

#[tokio::test]
async fn the_hub_becomes_nobody_else_while_it_runs() {
    let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let good = place.facts(&path).await;
    place.write("qwac.pem", authority.mint(Wish { organisation: "PSDFR-ACPR-16948", ..QWAC }));
    assert_eq!(place.facts(&path).await, good);
    assert!(captured.text().contains("of another organisation"), "{}", captured.text());
}

#[tokio::test]
async fn the_only_one_there_is_is_given_though_it_has_expired() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(Wish { years: (2024, 2025), ..QWAC }));
    let expired = place.facts(&path).await;
    assert!(TRANSPORT.check_at(&expired, "2026-06-15T12:00:00Z".parse().unwrap()).is_err());
    place.write("qwac.pem", authority.mint(QWAC));
    assert_ne!(place.facts(&path).await, expired);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_looked_at_now_and_then_only() {
    let (authority, place) = (Authority::named("Root"), Place::looking_every(Duration::from_secs(10)));
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let first = place.facts(&path).await;
    place.write("qwac.pem", authority.mint(QWAC));
    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert_eq!(place.facts(&path).await, first);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_ne!(place.facts(&path).await, first);
}

#[tokio::test]
async fn the_end_is_told_in_good_time_and_once_each_time() {
    let (captured, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let (authority, place) = (Authority::named("Root"), Place::new());
    let path = place.write("qwac.pem", authority.mint(QWAC));
    let mut told = Vec::new();
    for day in ["2027-12-01", "2027-12-03", "2027-12-10", "2027-12-20", "2027-12-26", "2027-12-31", "2028-01-02"] {
        place.set_clock(&format!("{day}T12:00:00Z"));
        for _ in 0..2 {
            place.now(&path).await;
        }
        told.push(captured.text().matches("certificate_ends").count());
    }
    assert_eq!(told, [0, 1, 1, 2, 3, 4, 4], "{}", captured.text());
    assert_eq!(captured.text().matches("certificate_not_valid").count(), 1);
}
