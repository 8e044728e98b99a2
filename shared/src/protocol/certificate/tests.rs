//! Certificates that other programs made, and those that are wrong.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName as Name, DnType, KeyPair, date_time_ymd};

use super::*;
use crate::domain::certificate::{CompetentAuthority, PspRole, QualifiedType};

/// The extension of a QWAC, made with OpenSSL 3.0.19 after ETSI TS 119 495.
const OF_OPENSSL: &str = "3081853008060604008e4601013013060604008e4601063009060704008e460106033064060604008198270230\
    5a302630110607040081982701030c065053505f414930110607040081982701020c065053505f50490c24536\
    16e64626f78204e6174696f6e616c20436f6d706574656e7420417574686f726974790c0a44452d46414b454e4341";

/// What is said in it between the roles and the authority's id.
const PSD2_STATEMENT: usize = 34;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn of_openssl() -> Vec<u8> {
    bytes(OF_OPENSSL)
}

fn sandbox() -> CompetentAuthority {
    CompetentAuthority { name: "Sandbox National Competent Authority".to_owned(), id: "DE-FAKENCA".to_owned() }
}

/// One element of DER with a short length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A certificate with this extension, if any.
fn certificate(statements: &[Vec<u8>]) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = Name::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::from_oid(&[2, 5, 4, 97]), "PSDDE-BAFIN-123456");
    params.distinguished_name.push(DnType::CommonName, "tpp.example");
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    params.serial_number = Some(vec![0x0a, 0xbc].into());
    let extension = |value: &Vec<u8>| CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 3], value.clone());
    params.custom_extensions = statements.iter().map(extension).collect();
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn reads_the_statements_of_a_qwac() {
    let found = QcStatements::parse(&of_openssl()).unwrap();
    assert_eq!(found.types, BTreeSet::from([QualifiedType::Web]));
    assert!(found.qualified);
    assert_eq!(found.roles, BTreeSet::from([PspRole::AccountInformation, PspRole::PaymentInitiation]));
    assert_eq!(found.authority, Some(sandbox()));
}

#[test]
fn reads_every_type_and_role() {
    for (last, expected) in [(1, QualifiedType::Sign), (2, QualifiedType::Seal), (3, QualifiedType::Web)] {
        let mut value = of_openssl();
        value[33] = last;
        assert_eq!(QcStatements::parse(&value).unwrap().types, BTreeSet::from([expected]));
    }
    for (last, expected) in (1..).zip([
        PspRole::AccountServicing,
        PspRole::PaymentInitiation,
        PspRole::AccountInformation,
        PspRole::CardIssuing,
    ]) {
        let mut value = of_openssl();
        value[58] = last;
        assert!(QcStatements::parse(&value).unwrap().roles.contains(&expected), "{expected:?}");
    }
}

#[test]
fn reads_one_bare_statement_as_adorsys_writes_it() {
    let bare = &of_openssl()[PSD2_STATEMENT..];
    let found = QcStatements::parse(bare).unwrap();
    assert_eq!(found.roles, BTreeSet::from([PspRole::AccountInformation, PspRole::PaymentInitiation]));
    assert_eq!((found.types, found.qualified, found.authority), (BTreeSet::new(), false, Some(sandbox())));
}

#[test]
fn what_nobody_knows_is_passed_over() {
    let mut value = of_openssl();
    (value[33], value[58]) = (9, 9);
    let found = QcStatements::parse(&value).unwrap();
    assert_eq!((found.types, found.roles), (BTreeSet::new(), BTreeSet::from([PspRole::PaymentInitiation])));
    let unheard_of = element(0x30, &element(0x30, &[element(0x06, &[0x2a, 3]), element(0x02, &[1])].concat()));
    assert_eq!(QcStatements::parse(&unheard_of), Some(QcStatements::default()));
}

#[test]
fn refuses_what_are_no_statements() {
    let whole = of_openssl();
    for end in 0..whole.len() {
        assert_eq!(QcStatements::parse(&whole[..end]), None, "cut at {end}");
    }
    assert_eq!(QcStatements::parse(&[&whole[..], &[0]].concat()), None, "something after it");
    let statement = |parts: &[Vec<u8>]| element(0x30, &element(0x30, &parts.concat()));
    let id = |last: u8| element(0x06, &[0x04, 0x00, 0x8e, 0x46, 0x01, last]);
    for wrong in [
        element(0x30, &[]),
        element(0x04, b"statements"),
        statement(&[id(1), element(0x05, &[])]),
        statement(&[id(6)]),
        statement(&[id(6), element(0x0c, b"web")]),
        element(0x30, &element(0x30, &element(0x0c, b"no identifier"))),
    ] {
        assert_eq!(QcStatements::parse(&wrong), None, "{wrong:?}");
    }
    let web = element(0x30, &[id(6), element(0x30, &element(0x06, &[0x04, 0x00, 0x8e, 0x46, 0x01, 6, 3]))].concat());
    assert!(QcStatements::parse(&element(0x30, &web)).is_some());
    assert_eq!(QcStatements::parse(&element(0x30, &[web.clone(), web].concat())), None, "said twice");
}

#[test]
fn an_authority_s_name_is_one_line() {
    let mut value = of_openssl();
    let at = value.windows(7).position(|part| part == b"Sandbox").unwrap();
    value[at] = b'\n';
    assert_eq!(QcStatements::parse(&value), None);
}

#[test]
fn reads_all_that_a_certificate_says() {
    let der = certificate(&[of_openssl()]);
    let facts = facts(&der).unwrap();
    assert_eq!(facts.types, BTreeSet::from([QualifiedType::Web]));
    assert_eq!(facts.authority, Some(sandbox()));
    assert_eq!(facts.organisation_identifier.as_deref(), Some("PSDDE-BAFIN-123456"));
    assert_eq!(facts.subject, "CN=tpp.example,organizationIdentifier=PSDDE-BAFIN-123456,C=DE");
    assert_eq!((&facts.issuer, facts.serial.as_str()), (&facts.subject, "abc"));
    assert_eq!(facts.not_before.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(facts.not_after.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(facts.sha256, sha256(&der));
    assert!(is_issuer_of(&der, &der));
}

#[test]
fn one_without_statements_says_nothing() {
    let facts = facts(&certificate(&[])).unwrap();
    assert_eq!((facts.types, facts.roles, facts.authority), (BTreeSet::new(), BTreeSet::new(), None));
    assert!(!facts.qualified);
}

#[test]
fn names_what_is_wrong() {
    let good = certificate(&[of_openssl()]);
    assert_eq!(facts(b"nonsense"), Err(UnreadableCertificate::NotX509));
    assert_eq!(facts(&[&good[..], &[0]].concat()), Err(UnreadableCertificate::NotX509));
    assert_eq!(facts(&vec![0x30; LONGEST + 1]), Err(UnreadableCertificate::NotX509));
    assert_eq!(facts(&certificate(&[b"nonsense".to_vec()])), Err(UnreadableCertificate::Statements));
    let twice = facts(&certificate(&[of_openssl(), of_openssl()]));
    // The library may refuse an extension that is there twice before we do.
    assert!(matches!(twice, Err(UnreadableCertificate::Statements | UnreadableCertificate::NotX509)), "{twice:?}");
    let mut nameless = CertificateParams::default();
    nameless.distinguished_name = Name::new();
    let nameless = nameless.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(facts(nameless.der()), Err(UnreadableCertificate::NoIssuer));
    assert!(!is_issuer_of(b"nonsense", &good) && !is_issuer_of(&good, b"nonsense"));
}

proptest! {
    #[test]
    fn survives_damage(at: prop::sample::Index, damage: [u8; 2]) {
        let mut value = of_openssl();
        let place = at.index(value.len());
        value.splice(place..=place, damage);
        if let Some(found) = QcStatements::parse(&value) {
            prop_assert!(found.authority.is_none_or(|it| it.name.chars().count() <= 256));
        }
    }

    #[test]
    fn survives_any_bytes(bytes: Vec<u8>) {
        let _ = QcStatements::parse(&bytes);
        prop_assert_eq!(facts(&bytes), Err(UnreadableCertificate::NotX509));
    }
}
