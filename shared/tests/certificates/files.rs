//! L9 of the list of faults: lenient in what stands around key and chain, strict in what they are.

use rcgen::KeyPair;
use shared::{
    adapters::identity_files::{KeyPlace, read},
    domain::certificate::{Demand, Usage},
    ports::identities::{Identity, IdentityFault},
};

use crate::pki::{Authority, Place, QSEAL, QWAC, Wish};

const TRANSPORT: Demand = Demand::qualified(Usage::Transport);

fn taken_as(demand: Demand, content: impl AsRef<[u8]>) -> Result<Identity, IdentityFault> {
    let place = Place::new();
    read(&place.write("identity.pem", content), demand, KeyPlace::Beside)
}

/// What the operator is told of a file.
fn told(content: impl AsRef<[u8]>) -> String {
    taken_as(TRANSPORT, content).unwrap_err().to_string()
}

#[test]
fn reads_key_and_chain_and_leaves_the_root_out() {
    let root = Authority::named("Root");
    let between = root.subordinate("Between");
    let identity = taken_as(TRANSPORT, between.mint(QWAC) + &between.pem() + &root.pem()).unwrap();
    assert_eq!(identity.chain.len(), 2);
    assert_eq!(identity.facts.organisation_identifier.as_deref(), Some("PSDDE-BAFIN-123456"));
    assert_eq!(identity.facts.issuer, "CN=Between");
    assert!(!format!("{identity:?}").contains("key"), "{identity:?}");
    let alone = taken_as(TRANSPORT, between.mint(QWAC)).unwrap();
    assert_eq!(alone.chain.len(), 1);
}

#[test]
fn takes_what_editors_and_tools_leave_around() {
    let good = Authority::named("Root").mint(QWAC);
    let expected = taken_as(TRANSPORT, &good).unwrap().facts;
    let spaced = good.replace('\n', " \t\n\n  ");
    let attributes = format!("Bag Attributes\r\n    friendlyName: caf\u{e9}\r\nsubject=/CN=tpp.example\r\n{good}");
    let parameters = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{good}");
    let (key, certificate) = good.split_at(good.find("-----BEGIN CERTIFICATE").unwrap());
    for variant in [
        good.replace('\n', "\r\n"),
        good.replace('\n', "\r"),
        format!("\u{feff}{good}"),
        format!("\n\n\n{good}\n\n\n"),
        good.trim_end().to_owned(),
        spaced,
        attributes,
        parameters,
        format!("{certificate}{key}"),
    ] {
        assert_eq!(taken_as(TRANSPORT, &variant).unwrap().facts, expected, "{variant:?}");
    }
    let in_latin = [b"# caf\xe9\n", good.as_bytes()].concat();
    assert_eq!(taken_as(TRANSPORT, in_latin).unwrap().facts, expected);
}

#[test]
fn tells_what_is_wrong_with_a_file_as_such() {
    let place = Place::new();
    let missing = read(&place.path("missing.pem"), TRANSPORT, KeyPlace::Beside).unwrap_err();
    assert_eq!(missing.to_string(), "the file cannot be read: entity not found");
    assert_eq!(told(""), "the file is empty");
    assert_eq!(told("\r\n\n  "), "the file is empty");
    assert_eq!(told(b"\x30\x82\x04\x7c\x30\x82"), "the file is not PEM; DER and PKCS #12 are not read");
    assert_eq!(told("a".repeat(256 * 1024 + 1)), "the file is larger than 256 KiB");
    let good = Authority::named("Root").mint(QWAC);
    assert_eq!(told(&good[..good.len() - 40]), "a section of the PEM is damaged");
    assert_eq!(told(good.replacen("MI", "M!", 2)), "a section of the PEM is damaged");
}

#[test]
fn tells_what_is_wrong_with_a_key() {
    let authority = Authority::named("Root");
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = authority.certify(QWAC, &key).pem();
    assert_eq!(told(&certificate), "the file holds no private key");
    assert_eq!(told(key.serialize_pem()), "the file holds no certificate");
    let two = key.serialize_pem() + &other.serialize_pem() + &certificate;
    assert_eq!(told(two), "the file holds more than one private key");
    assert_eq!(told(other.serialize_pem() + &certificate), "the private key does not belong to the certificate");
    let encrypted = "the private key is encrypted; take the password off and guard the file instead";
    // No key stands in any of these.
    let section = |label: &str, head: &str| format!("-----BEGIN {label}-----\n{head}AAAA\n-----END {label}-----\n");
    assert_eq!(told(section("ENCRYPTED PRIVATE KEY", "") + &certificate), encrypted);
    let older = section("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n");
    assert_eq!(told(older + &certificate), encrypted);
    let broken = section("PRIVATE KEY", "");
    let unusable = "the private key is damaged or of a kind that is not supported";
    assert_eq!(told(broken + &certificate), unusable);
}

#[test]
fn tells_what_is_wrong_with_a_chain() {
    let root = Authority::named("Root");
    let (between, key) = (root.subordinate("Between"), KeyPair::generate().unwrap());
    let (leaf, key) = (between.certify(QWAC, &key).pem(), key.serialize_pem());
    let wrong_order = "the certificates are in the wrong order: certificate";
    let first = format!("{wrong_order} 3 is the key's own and must come first");
    assert_eq!(told(format!("{key}{}{}{leaf}", root.pem(), between.pem())), first);
    let stranger = format!("{wrong_order} 2 is not of the issuer of the one before it");
    assert_eq!(told(format!("{key}{leaf}{}{}", root.pem(), between.pem())), stranger);
    assert_eq!(told(format!("{key}{leaf}{}", Authority::named("Other").pem())), stranger);
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(told(format!("{key}{leaf}{garbage}")), "certificate 2: not an X.509 certificate");
}

#[test]
fn tells_which_certificate_it_is_if_it_is_the_wrong_one() {
    let authority = Authority::named("Root");
    assert_eq!(told(authority.mint(QSEAL)), "the certificate is a QSEAL, but a QWAC is needed");
    let seal = Demand::qualified(Usage::Seal);
    let reverse = taken_as(seal, authority.mint(QWAC)).unwrap_err().to_string();
    assert_eq!(reverse, "the certificate is a QWAC, but a QSEAL is needed");
    assert!(taken_as(seal, authority.mint(QSEAL)).is_ok());
    assert_eq!(told(authority.mint(Wish { role: 2, ..QWAC })), "the certificate lacks the role PSP_AI");
    let silent = authority.mint(Wish { kind: None, ..QWAC });
    assert_eq!(told(&silent), "the certificate has no type in its QcStatements, but a QWAC is needed");
    assert!(taken_as(Demand { accepts_unqualified: true, ..TRANSPORT }, silent).is_ok());
}

#[test]
fn a_key_in_a_key_service_lies_in_no_file() {
    let (authority, place) = (Authority::named("Root"), Place::new());
    let whole = authority.mint(QSEAL);
    let certificate = &whole[whole.find("-----BEGIN CERTIFICATE").unwrap()..];
    let seal = Demand::qualified(Usage::Seal);
    assert!(read(&place.write("seal.pem", certificate), seal, KeyPlace::Elsewhere).is_ok());
    let stray = read(&place.write("seal.pem", &whole), seal, KeyPlace::Elsewhere).unwrap_err();
    assert_eq!(stray, IdentityFault::StrayKey);
}

#[test]
fn nothing_of_a_file_is_told() {
    let good = Authority::named("Root").mint(QWAC);
    let secret = good.lines().nth(1).unwrap();
    for wrong in [good.replace("PRIVATE KEY-----", "CERTIFICATE-----"), good.replace("CERTIFICATE", "PRIVATE KEY")] {
        let fault = taken_as(TRANSPORT, wrong).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains(secret), "{fault:?}");
    }
}
