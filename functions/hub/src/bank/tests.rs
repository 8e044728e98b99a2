use std::{env, fs, path::Path};

use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, date_time_ymd};
use shared::config::{
    bank_document::{read_bank, read_banks},
    environment::Environment,
};
use tempfile::TempDir;

use super::{check::check, probe::probe};
use crate::local::{data_folder::DataFolder, documents};

/// When all of this happens.
const NOW: &str = "2026-11-21T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// What a certificate is for, as the last byte of its type's number tells (ETSI EN 319 412-5 §4.2.3).
#[derive(Clone, Copy)]
enum Kind {
    Qseal = 2,
    Qwac = 3,
}

/// The extension `qcStatements` of a certificate of that kind, with the role `PSP_AI` (ETSI TS 119 495).
fn qc_statements(kind: Kind) -> Vec<u8> {
    let element = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    };
    let oid = |bytes: &[u8]| element(6, &[bytes]);
    let kind = element(0x30, &[&oid(&[4, 0, 0x8e, 0x46, 1, 6, kind as u8])]);
    let statement = element(0x30, &[&oid(&[4, 0, 0x8e, 0x46, 1, 6]), &kind]);
    let role = element(0x30, &[&oid(&[4, 0, 0x81, 0x98, 0x27, 1, 3]), &element(0x0c, &[b"PSP_AI"])]);
    let roles = element(0x30, &[&element(0x30, &[&role]), &element(0x0c, &[b"BaFin"]), &element(0x0c, &[b"DE-BAFIN"])]);
    let psd2 = element(0x30, &[&oid(&[4, 0, 0x81, 0x98, 0x27, 2]), &roles]);
    element(0x30, &[&statement, &psd2])
}

/// Key and certificate in one text.
fn mint(kind: Kind, last_year: i32) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Example TPP");
    params.distinguished_name.push(DnType::from_oid(&[2, 5, 4, 97]), "PSDDE-BAFIN-123456");
    params.distinguished_name.push(DnType::CommonName, "tpp.example");
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(last_year, 1, 1));
    params.serial_number = Some(vec![0x0a, 0xbc, kind as u8].into());
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 3], qc_statements(kind))];
    let key = KeyPair::generate().unwrap();
    format!("{}{}", key.serialize_pem(), params.self_signed(&key).unwrap().pem())
}

/// A folder with our files in it, as documents name them.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("tpp-qwac.pem", &mint(Kind::Qwac, 2027));
    write("tpp-qseal.pem", &mint(Kind::Qseal, 2027));
    write("bank-roots.pem", &mint(Kind::Qwac, 2027));
    write("sandbox-api-key.txt", "api-key-canary\n");
    folder
}

/// The text without what is new every time: the folder, and a certificate's own bytes.
fn settled(text: &str, folder: &Path) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some((name @ "tpp-signature-certificate", _)) => format!("{name}: (certificate)\n"),
        _ => format!("{line}\n"),
    };
    text.replace(&format!("{}/", folder.display()), "").lines().map(line).collect()
}

/// Compares a text with the approved one, or approves it with `UPDATE_DOCS=1` in the environment.
fn approve(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/approved").join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{name}: approve it with UPDATE_DOCS=1");
}

const PLAIN: &str = r#"
id = "plain"
name = "Plain Bank"
country = "DE"
dialect = "berlin-group"

[addresses]
api = "https://api.bank.example/psd2"
web = ["https://www.bank.example"]

[tls]
identity = "tpp-qwac.pem"
trust_anchors = "bank-roots.pem"
"#;

const ODD: &str = r#"
id = "odd"
name = "Odd Bank"
country = "DE"
dialect = "berlin-group"

[addresses]
api = "https://api.bank.example"
web = ["https://www.bank.example"]

[tls]
identity = "tpp-qwac.pem"
trust_anchors = "bank-roots.pem"

[seal]
identity = "tpp-qseal.pem"
operations = ["create_consent", "transactions"]

[oauth]
issuer = "https://api.bank.example"
stage = "pre_step_and_sca"
pre_step_scope = "AIS"
scope = "AIS: {consent_id}"
token_header = "PSD2-Authorization"
rotation = "family"
verifier_octets = 33

[oauth.endpoints]
authorization = "https://www.bank.example/authorize?brand=odd"
token = "https://api.bank.example/token"

[oauth.authorize]
rename = { response_type = "responseType" }
extra = { bic = "ODDBDEFF" }

[oauth.token.query]
role = "DEDICATED_AISP"

[oauth.application_token]
scope = "AISP-app"
operations = ["delete_consent"]

[consent]
kinds = ["dedicated"]
authorisation = "explicit"
validity_days = 90
validity_margin_days = 1

[psu]
id = "required"
id_types = ["ODD_ID"]
forbidden = ["geo_location"]

[operations.every.headers]
X-Api-Key = { file = "sandbox-api-key.txt" }

[operations.transactions]
path = "/v1/odd/{account_id}/entries"
accept = "application/json;charset=utf-8"
query = { size = "100" }
"#;

async fn checked(text: &str, folder: &TempDir) -> (String, Vec<String>) {
    let file = folder.path().join("bank.toml");
    fs::write(&file, text).unwrap();
    let report = check(&file, Environment::Live, false, now()).await;
    let wrong = report.wrong.iter().map(|line| settled(line, folder.path()).trim_end().to_owned());
    (settled(&report.text, folder.path()), wrong.collect())
}

#[tokio::test]
async fn shows_what_would_be_sent_to_a_plain_bank() {
    let (text, wrong) = checked(PLAIN, &folder()).await;
    assert_eq!(wrong, Vec::<String>::new());
    approve("check-plain.txt", &text);
}

#[tokio::test]
async fn shows_what_would_be_sent_to_an_odd_bank_and_no_secret() {
    let (text, wrong) = checked(ODD, &folder()).await;
    assert_eq!(wrong, Vec::<String>::new());
    assert!(!text.contains("api-key-canary"), "{text}");
    assert!(text.contains("x-api-key: (secret)"), "{text}");
    approve("check-odd.txt", &text);
}

#[tokio::test]
async fn names_every_mistake_by_its_line() {
    let (text, wrong) = checked(&PLAIN.replace("\"DE\"", "\"Germany\"").replace("web =", "webb ="), &folder()).await;
    assert_eq!(text, "bank.toml: cannot be used\n");
    assert_eq!(
        wrong,
        [
            "bank.toml:4: country: must be two capital letters",
            "bank.toml:7: addresses.web: is missing",
            "bank.toml:9: addresses.webb: is not known here; web is",
        ]
    );
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("tpp-qwac.pem", &mint(Kind::Qseal, 2027));
    let (_, wrong) = checked(PLAIN, &folder).await;
    assert_eq!(wrong, ["tpp-qwac.pem: the certificate is a QSEAL, but a QWAC is needed"]);
    write("tpp-qwac.pem", &mint(Kind::Qwac, 2025));
    let (_, wrong) = checked(PLAIN, &folder).await;
    assert_eq!(wrong, ["tpp-qwac.pem: the certificate expired at 2025-01-01T00:00:00Z"]);
    write("tpp-qwac.pem", &mint(Kind::Qwac, 2027));
    write("bank-roots.pem", "nothing");
    let (_, wrong) = checked(PLAIN, &folder).await;
    assert_eq!(wrong, ["bank.toml: tls: there is no trust anchor"]);
}

/// The folder of examples with our files laid into it.
fn examples() -> TempDir {
    let folder = folder();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/banks");
    fs::create_dir(folder.path().join("cores")).unwrap();
    for part in ["", "cores"] {
        for entry in fs::read_dir(from.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "toml") {
                fs::copy(&path, folder.path().join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    folder
}

#[tokio::test]
async fn every_example_passes_in_every_environment() {
    let folder = examples();
    for environment in Environment::ALL {
        let banks = read_banks(folder.path(), environment).unwrap();
        assert!(banks.len() >= 15, "{}", banks.len());
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "toml") {
                continue;
            }
            let report = check(&path, environment, false, now()).await;
            assert_eq!(report.wrong, Vec::<String>::new(), "{}", path.display());
            assert!(report.text.contains("| unverified\n"), "{}", report.text);
            assert!(!report.text.contains("api-key-canary"), "{}", report.text);
        }
    }
}

#[tokio::test]
async fn a_probe_meets_the_sandbox_bank_and_reads_its_metadata() {
    let place = tempfile::tempdir().unwrap();
    let data = DataFolder::at(place.path().to_owned());
    let sandbox = sandbox_bank::start(sandbox_bank::Settings::default()).await.unwrap();
    documents::write(&data, "http://127.0.0.1:8080", &sandbox).unwrap();
    let file = data.banks().join("sandbox-oauth.toml");
    let bank = read_bank(&file, Environment::Live).unwrap();

    let found = probe(&bank).await;
    assert_eq!(found.wrong, Vec::<String>::new());
    for part in ["TLS          1.3, TLS_", "ends         20", "issuer       https://", "authorize    ", "token        "]
    {
        assert!(found.text.contains(part), "{part} in {}", found.text);
    }

    fs::write(&bank.tls.identity_file, &sandbox.pki().stranger).unwrap();
    let refused = probe(&bank).await.wrong.join("\n");
    assert!(refused.contains("the handshake failed"), "{refused}");

    let mut distrustful = bank.clone();
    distrustful.tls.trust_anchors = mint(Kind::Qwac, 2027);
    fs::write(&bank.tls.identity_file, &sandbox.pki().qwac).unwrap();
    let refused = probe(&distrustful).await.wrong.join("\n");
    assert!(refused.contains("the handshake failed"), "{refused}");

    sandbox.stop().await;
    let gone = probe(&bank).await.wrong.join("\n");
    assert!(gone.contains("the host cannot be reached"), "{gone}");
}
