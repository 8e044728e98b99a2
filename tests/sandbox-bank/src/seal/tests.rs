//! Signatures made with the sandbox's own certificates, and the published vectors where they are at
//! hand (`SPECS_DIR` names the directory).

use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::date;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;

use super::demand::Demand;
use super::*;
use crate::pki::Pki;

const OWNER: &str = "PSDDE-FAKENCA-HUB001";
const BODY: &[u8] = b"{\"a\":1}";
const CAVAGE: Demand = Demand { need: Need::Required, scheme: Scheme::Cavage };
const RFC9421: Demand = Demand { need: Need::Required, scheme: Scheme::Rfc9421 };

/// Noon of the day for which the certificates are made.
fn noon() -> UnixTime {
    let noon: jiff::Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    UnixTime::since_unix_epoch(Duration::from_secs(noon.as_second().unsigned_abs()))
}

fn pki() -> Pki {
    Pki::mint(date(2026, 11, 20)).unwrap()
}

fn key(pem: &str) -> RsaKeyPair {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
}

fn sign(pem: &str, text: &str) -> String {
    let key = key(pem);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    assert!(!key.public_key().as_ref().is_empty());
    STANDARD.encode(signature)
}

fn certificate(pem: &str) -> (String, String) {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let serial = parsed.tbs_certificate.serial.to_str_radix(16);
    let issuer = "CN=Sandbox%20QTSP%20Root%20CA,O=Sandbox%20Trust%20Services,C=DE";
    (STANDARD.encode(&der), format!("SN={serial},CA={issuer}"))
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

/// The headers of a signed request; `shown` is the certificate that goes along.
fn cavage(pem: &str, shown: &str) -> HeaderMap {
    let (certificate, key_id) = certificate(shown);
    let body = format!("SHA-256={}", STANDARD.encode(digest(&SHA256, BODY)));
    let text = format!("digest: {body}\nx-request-id: 1\ntpp-redirect-uri: https://tpp.example/");
    let names = "digest x-request-id tpp-redirect-uri";
    let signature = sign(pem, &text);
    let value = format!("keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signature}\"");
    headers(&[
        ("digest", &body),
        ("x-request-id", "1"),
        ("tpp-redirect-uri", "https://tpp.example/"),
        ("tpp-signature-certificate", &certificate),
        ("signature", &value),
    ])
}

fn rfc9421(pem: &str) -> HeaderMap {
    let (certificate, key_id) = certificate(pem);
    let body = format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, BODY)));
    let parameters = format!(
        "(\"@method\" \"@target-uri\" \"content-digest\" \"x-request-id\");created=1;keyid=\"{key_id}\";alg=\"rsa-v1_5-sha256\""
    );
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": https://bank.example/v1/consents?a=1\n\"content-digest\": {body}\n\
         \"x-request-id\": 1\n\"@signature-params\": {parameters}"
    );
    headers(&[
        ("host", "bank.example"),
        ("content-digest", &body),
        ("x-request-id", "1"),
        ("tpp-signature-certificate", &certificate),
        ("signature-input", &format!("sig1={parameters}")),
        ("signature", &format!("sig1=:{}:", sign(pem, &base))),
    ])
}

fn judge(pki: &Pki, demand: Demand, headers: &HeaderMap, body: &[u8]) -> String {
    let uri: Uri = "/v1/consents?a=1".parse().unwrap();
    let letter = Letter { method: &Method::POST, uri: &uri, headers, body };
    Notary::new(&pki.ca).unwrap().judge(demand, &letter, OWNER, noon()).told()
}

fn with(mut headers: HeaderMap, name: &'static str, change: impl FnOnce(&str) -> String) -> HeaderMap {
    let changed = change(headers[name].to_str().unwrap());
    headers.insert(name, changed.parse().unwrap());
    headers
}

#[test]
fn takes_right_signatures_of_both_schemes() {
    let pki = pki();
    assert_eq!(judge(&pki, CAVAGE, &cavage(&pki.qseal, &pki.qseal), BODY), "verified");
    assert_eq!(judge(&pki, RFC9421, &rfc9421(&pki.qseal), BODY), "verified");
    let ignored = Demand { need: Need::Ignored, ..CAVAGE };
    assert_eq!(judge(&pki, ignored, &cavage(&pki.qseal, &pki.qseal), b"else"), "ignored");
    assert_eq!(judge(&pki, CAVAGE, &HeaderMap::new(), BODY), "missing");
}

#[test]
fn takes_a_signature_in_the_authorization_header() {
    let pki = pki();
    let mut headers = cavage(&pki.qseal, &pki.qseal);
    let signature = headers.remove("signature").unwrap();
    let value = format!("Signature {}", signature.to_str().unwrap());
    headers.insert("authorization", value.parse().unwrap());
    assert_eq!(judge(&pki, CAVAGE, &headers, BODY), "verified");
}

#[test]
fn refuses_signatures_of_other_requests() {
    let pki = pki();
    let right = || cavage(&pki.qseal, &pki.qseal);
    let signature = |from: &str, to: &str| with(right(), "signature", |text| text.replace(from, to));
    assert_eq!(judge(&pki, CAVAGE, &right(), b"{\"a\":2}"), "refused:digest");
    for (headers, reason) in [
        (with(right(), "x-request-id", |_| "2".to_owned()), "refused:signature"),
        (with(right(), "digest", |_| "SHA-256=AAAA".to_owned()), "refused:digest"),
        (with(right(), "digest", |_| "MD5=AAAA".to_owned()), "refused:digest"),
        (signature("rsa-sha256", "rsa-sha512"), "refused:signature"),
        (signature("rsa-sha256", "none"), "refused:algorithm"),
        (signature(" tpp-redirect-uri\"", "\""), "refused:headers"),
        (signature("digest x-request-id", "x-request-id"), "refused:headers"),
        (signature("x-request-id tpp", "x-request-id accept tpp"), "refused:headers"),
        (signature("SN=", "SN=1"), "refused:keyId"),
        (signature("%20Root", "%20Other"), "refused:keyId"),
        (signature("signature=", "sign="), "refused:malformed"),
        (rfc9421(&pki.qseal), "refused:another scheme"),
    ] {
        assert_eq!(judge(&pki, CAVAGE, &headers, BODY), reason, "{headers:?}");
    }
}

#[test]
fn refuses_certificates_that_may_not_sign() {
    let pki = pki();
    for (shown, reason) in [
        (&pki.qwac, "refused:certificate not for seals"),
        (&pki.qseal_other, "refused:certificate of another organisation"),
        (&pki.qseal_expired, "refused:certificate expired"),
        (&pki.stranger, "refused:certificate not of a known authority"),
    ] {
        assert_eq!(judge(&pki, CAVAGE, &cavage(&pki.qseal, shown), BODY), reason);
    }
    let mut headers = cavage(&pki.qseal, &pki.qseal);
    headers.insert("tpp-signature-certificate", HeaderValue::from_static("AAAA"));
    assert_eq!(judge(&pki, CAVAGE, &headers, BODY), "refused:certificate malformed");
    headers.remove("tpp-signature-certificate");
    assert_eq!(judge(&pki, CAVAGE, &headers, BODY), "refused:certificate missing");
}

#[test]
fn refuses_message_signatures_that_cover_too_little_or_something_else() {
    let pki = pki();
    let right = || rfc9421(&pki.qseal);
    let input = |from: &str, to: &str| with(right(), "signature-input", |text| text.replace(from, to));
    assert_eq!(judge(&pki, RFC9421, &right(), b""), "refused:digest");
    for (headers, reason) in [
        (input("\"@method\" ", ""), "refused:components"),
        (input("\"@target-uri\" ", ""), "refused:components"),
        (input(" \"content-digest\"", ""), "refused:components"),
        (input("created=1;", ""), "refused:created"),
        (input("created=1", "created=2"), "refused:signature"),
        (input("SN=", "SN=1"), "refused:keyId"),
        (input("rsa-v1_5-sha256", "hmac-sha256"), "refused:algorithm"),
        (with(right(), "host", |_| "other.example".to_owned()), "refused:signature"),
        (cavage(&pki.qseal, &pki.qseal), "refused:another scheme"),
    ] {
        assert_eq!(judge(&pki, RFC9421, &headers, BODY), reason, "{headers:?}");
    }
}

/// A vector's certificates come from another authority and name another organisation.
#[test]
fn agrees_with_the_published_vectors() {
    let Some(directory) = std::env::var_os("SPECS_DIR") else {
        println!("skipped: SPECS_DIR does not say where the vectors are");
        return;
    };
    let path = PathBuf::from(directory).join("test-vectors/signature-and-certificate-vectors.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |pointer: &str| vectors.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let ca =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", text("/certificates/ca_der_base64"));
    let der = STANDARD.decode(text("/certificates/qseal_der_base64")).unwrap();
    let owner = crate::tls::caller::Certificate::read(&CertificateDer::from(der.as_slice())).organisation.unwrap();
    let later: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let later = UnixTime::since_unix_epoch(Duration::from_secs(later.as_second().unsigned_abs()));
    let notary = Notary::new(&ca).unwrap();
    let uri: Uri = text("/berlin_group/path").parse().unwrap();
    let body = text("/berlin_group/body");
    let signing_string = text("/berlin_group/signing_string");
    let key_id = text("/berlin_group/key_id");
    let certificate = text("/certificates/qseal_der_base64");
    let signed: Vec<(&str, &str)> = signing_string.lines().map(|line| line.split_once(": ").unwrap()).collect();
    let told = |names: &str, pointer: &str, body: &str, address: bool| {
        let value =
            format!("keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{}\"", text(pointer));
        let sent = signed.iter().filter(|(name, _)| address || *name != "tpp-redirect-uri").copied();
        let all: Vec<_> =
            sent.chain([("tpp-signature-certificate", certificate.as_str()), ("signature", &value)]).collect();
        let headers = headers(&all);
        let letter = Letter { method: &Method::POST, uri: &uri, headers: &headers, body: body.as_bytes() };
        notary.judge(CAVAGE, &letter, &owner, later).told()
    };
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let plain = "/berlin_group/signature_base64";
    assert_eq!(told(&names.join(" "), plain, &body, true), "verified");
    assert_eq!(told(&names.join(" "), plain, "{}", true), "refused:digest");
    let variant = text("/cavage_request_target_variant/headers");
    let signature = "/cavage_request_target_variant/signature_base64";
    assert_eq!(told(&variant, signature, &body, false), "verified");
    assert_eq!(told(&variant, plain, &body, false), "refused:signature");
}
