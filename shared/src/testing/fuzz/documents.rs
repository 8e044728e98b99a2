//! What operators write: the documents of banks and tenants, and the certificates that they lay beside them.
//!
//! The readers take a folder, not a text, so every run writes one file into a folder of its own. A bank's document names
//! further files; one that names others than those that lie in the folder goes no further than its TOML, since no
//! fuzzer should read what the machine happens to hold.

use std::{fs, path::Path, str};

use http::{HeaderMap, Method};
use tempfile::TempDir;

use super::{NOW, Verdict};
use crate::{
    config::{
        bank_document::{
            read_banks,
            tables::{BankDocument, HeaderText},
        },
        environment::Environment,
        tenant_document::read_tenants,
    },
    domain::signature_profile::{
        IssuerForm, KeyIdForm, NameEscaping, NameOrder, SerialForm, SignatureProfile, UnlistedAttributes,
    },
    flows::restore::Evidence,
    protocol::{
        exchange::{BankRequest, Operation},
        http_signature::{SigningCertificate, prepare},
    },
};

const IDENTITY: &str = "qwac.pem";
const TRUST_ANCHORS: &str = "ca.pem";

/// What lies in the file of the identity.
const SECRET: &str = "the key 8c1f40";

/// The audit stream, as operators bring it back after a restore. No entry is passed over, and none is told more of than it says.
pub fn audit_stream(data: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(data) else { return Verdict::Refused };
    let evidence = Evidence::read(text);
    if let Ok(Evidence::Stream(sessions)) = &evidence {
        assert!(sessions.keys().all(|session| text.contains(session.as_str())), "a session that nobody named");
    }
    Verdict::of(&evidence)
}

/// A bank's document. One that is taken calls over https alone and fits within a lease; mistakes quote no secret.
pub fn bank_document(data: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(data) else { return Verdict::Refused };
    let Ok(document) = toml::from_str::<BankDocument>(text) else { return Verdict::Refused };
    if names_other_files(&document) {
        return Verdict::Refused;
    }
    let folder = folder(&[("bank.toml", text), (IDENTITY, SECRET), (TRUST_ANCHORS, "anchors")]);
    let banks = read_banks(folder.path(), Environment::Live);
    for bank in banks.iter().flatten() {
        assert_eq!(bank.addresses.api.scheme(), "https");
        assert!(bank.limits.connect <= bank.limits.total);
        let oauth = bank.oauth.iter();
        assert!(oauth.flat_map(|oauth| &oauth.endpoints.token).all(|token| bank.addresses.is_api(token)));
    }
    assert!(!format!("{banks:?}").contains(SECRET), "the key is shown");
    Verdict::taken_if(banks.is_ok())
}

/// Whether reading the document would touch a file besides the two.
fn names_other_files(document: &BankDocument) -> bool {
    let headers = document.operations.0.values().flat_map(|operation| operation.headers.values());
    let has_secret = headers.into_iter().any(|text| matches!(text, HeaderText::Secret(_)));
    let is_alone = document.extends.is_none() && document.environments.live.is_empty() && document.seal.is_none();
    let is_usual =
        document.tls.identity == Path::new(IDENTITY) && document.tls.trust_anchors == Path::new(TRUST_ANCHORS);
    has_secret || !is_alone || !is_usual
}

/// A tenant's document. One that is taken has an algorithm, and sends no browser over the open net.
pub fn tenant_document(data: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(data) else { return Verdict::Refused };
    let tenants = read_tenants(folder(&[("tenant.toml", text)]).path());
    for tenant in tenants.iter().flatten() {
        assert!(!tenant.algorithms.is_empty());
        let addresses = tenant.return_urls.iter().chain([&tenant.jwks_url]);
        assert!(addresses.into_iter().all(|url| url.scheme() == "https" || url.has_host()), "an address of nowhere");
    }
    Verdict::taken_if(tenants.is_ok())
}

/// The certificate of a seal, in PEM or in DER. Whatever its issuer is called, a key of one that is taken has a name that
/// can stand in a header.
pub fn signing_certificate(data: &[u8]) -> Verdict {
    let certificate = SigningCertificate::from_pem(data).or_else(|_| SigningCertificate::from_der(data));
    if let Ok(certificate) = &certificate {
        for issuer in issuer_forms() {
            let serial = SerialForm::Decimal;
            let key_id = KeyIdForm::SerialAndIssuer { serial, issuer };
            let profile = SignatureProfile { key_id, ..SignatureProfile::berlin_group() };
            let prepared = prepare(&request(), &profile, certificate, NOW).unwrap();
            assert!(prepared.finish(b"signature").is_ok(), "a certificate that cannot be told");
        }
    }
    Verdict::of(&certificate)
}

fn issuer_forms() -> [IssuerForm; 2] {
    let bare = IssuerForm {
        order: NameOrder::AsEncoded,
        escaping: NameEscaping::Backslash,
        unlisted: UnlistedAttributes::Named,
    };
    [IssuerForm::default(), bare]
}

fn request() -> BankRequest {
    BankRequest {
        operation: Operation::Accounts,
        method: Method::GET,
        url: "https://api.bank.example/v1/accounts".parse().unwrap(),
        headers: HeaderMap::from_iter([("x-request-id".parse().unwrap(), "1".parse().unwrap())]),
        body: None,
    }
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}
