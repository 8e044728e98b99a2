//! Signatures that others made: the strings to sign are theirs byte for byte, so that their signatures verify.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::fixtures::{certificate, covering, decoded, finished, message, message_signature, request, text, vectors};
use crate::{
    domain::{
        code_hash::sha256,
        signature_profile::{
            DigestAlgorithm, KeyIdForm, MessageSignature, Scheme, SignatureAlgorithm, SignatureProfile,
        },
    },
    protocol::{
        exchange::{BankRequest, Operation},
        http_signature::{key_id::hex, prepare},
    },
};

/// The public key of draft-cavage-http-signatures, appendix C.
const OF_THE_DRAFT: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QFNUd1\
    3wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIe\
    kaxsyQIDAQAB";

/// The signature of appendix C.3 there.
const ALL_HEADERS: &str = "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEU\
    HFv120V01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE=";

/// The key `test-key-rsa-pss` of RFC 9421, appendix B.1.2.
const OF_THE_RFC: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6d\
    pG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOt\
    CEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw\
    9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB";

/// The signature of appendix B.2.3 there.
const FULL_COVERAGE: &str = "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRR\
    U5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd\
    7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJ\
    yoEZAFL2FUo5fTIztsDZKEgM4cUA==";

fn verify(algorithm: &'static RsaParameters, key: &[u8], message: &[u8], signature: &str) {
    UnparsedPublicKey::new(algorithm, key).verify(message, &decoded(signature)).unwrap();
}

/// The `SubjectPublicKeyInfo` of the vectors' certificate.
fn key_of_the_certificate() -> Vec<u8> {
    let certificate = certificate();
    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    parsed.public_key().raw.to_vec()
}

#[test]
fn signs_as_berlin_group_wants_it() {
    let vector = vectors().berlin_group;
    let profile = SignatureProfile::berlin_group();
    let message = message(&request(), &profile);
    assert_eq!(message, vector.signing_string);
    assert_eq!(hex(&sha256(message.as_bytes())), vector.signing_string_sha256);
    verify(&RSA_PKCS1_2048_8192_SHA256, &key_of_the_certificate(), message.as_bytes(), &vector.signature_base64);

    let headers = finished(&request(), &profile, &decoded(&vector.signature_base64));
    let expected = format!(
        r#"keyId="{}",algorithm="{}",headers="{}",signature="{}""#,
        vector.key_id,
        vector.algorithm,
        vector.headers_signed.join(" "),
        vector.signature_base64,
    );
    assert_eq!(text(&headers, "signature"), expected);
    assert_eq!(text(&headers, "digest"), vector.digest);
    assert_eq!(text(&headers, "date"), "Sat, 21 Nov 2026 09:30:00 GMT");
    assert_eq!(text(&headers, "tpp-signature-certificate"), vectors().certificate);
    assert_eq!(headers.len(), 4);
}

#[test]
fn a_request_without_a_body_has_the_digest_of_nothing() {
    let expected = vectors().berlin_group.empty_body_digest;
    for body in [None, Some(Bytes::new())] {
        let headers = finished(&BankRequest { body, ..request() }, &SignatureProfile::berlin_group(), b"s");
        assert_eq!(text(&headers, "digest"), expected);
    }
}

#[test]
fn signs_the_request_s_target_where_a_bank_wants_it() {
    let vector = vectors().request_target;
    let profile = covering(&vector.headers.split(' ').collect::<Vec<_>>());
    let message = message(&request(), &profile);
    assert_eq!(message, vector.signing_string);
    verify(&RSA_PKCS1_2048_8192_SHA256, &key_of_the_certificate(), message.as_bytes(), &vector.signature_base64);
}

/// A request of appendices C and B.2, which differ in the spelling of the query and the date.
fn request_of_the_standards(query: &str, date: &'static str) -> BankRequest {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("date", HeaderValue::from_static(date));
    BankRequest {
        operation: Operation::Accounts,
        method: Method::POST,
        url: format!("https://example.com/foo?{query}").parse().unwrap(),
        headers,
        body: Some(Bytes::from_static(br#"{"hello": "world"}"#)),
    }
}

#[test]
fn signs_as_the_draft_s_own_example() {
    let profile = SignatureProfile {
        key_id: KeyIdForm::Fixed("Test".to_owned()),
        certificate: None,
        ..covering(&["(request-target)", "host", "date", "content-type", "digest", "content-length"])
    };
    let request = request_of_the_standards("param=value&pet=dog", "Sun, 05 Jan 2014 21:31:40 GMT");
    let message = message(&request, &profile);
    insta::assert_snapshot!(message, @"
    (request-target): post /foo?param=value&pet=dog
    host: example.com
    date: Sun, 05 Jan 2014 21:31:40 GMT
    content-type: application/json
    digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=
    content-length: 18
    ");
    verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &decoded(OF_THE_DRAFT), message.as_bytes(), ALL_HEADERS);
    let headers = finished(&request, &profile, &decoded(ALL_HEADERS));
    let parameters = r#"keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date content-type digest content-length""#;
    assert_eq!(text(&headers, "signature"), format!(r#"{parameters},signature="{ALL_HEADERS}""#));
}

#[test]
fn signs_as_rfc_9421_s_own_example() {
    let names =
        ["date", "@method", "@path", "@query", "@authority", "content-type", "content-digest", "content-length"];
    let profile = SignatureProfile {
        scheme: Scheme::Rfc9421(MessageSignature { label: "sig-b23".to_owned(), lifetime: None, tag: None }),
        // The example names no algorithm; nor do we name this one.
        algorithm: SignatureAlgorithm::RsaPssSha256,
        digest: DigestAlgorithm::Sha512,
        key_id: KeyIdForm::Fixed("test-key-rsa-pss".to_owned()),
        certificate: None,
        ..covering(&names)
    };
    let request = request_of_the_standards("param=Value&Pet=dog", "Tue, 20 Apr 2021 02:07:55 GMT");
    let created = jiff::Timestamp::from_second(1_618_884_473).unwrap();
    let prepared = prepare(&request, &profile, &certificate(), created).unwrap();
    verify(&RSA_PSS_2048_8192_SHA512, &decoded(OF_THE_RFC), prepared.message(), FULL_COVERAGE);
    insta::assert_snapshot!(String::from_utf8(prepared.message().to_vec()).unwrap(), @r#"
    "date": Tue, 20 Apr 2021 02:07:55 GMT
    "@method": POST
    "@path": /foo
    "@query": ?param=Value&Pet=dog
    "@authority": example.com
    "content-type": application/json
    "content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
    "content-length": 18
    "@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"
    "#);
    let headers = super::fixtures::map(prepared.finish(&decoded(FULL_COVERAGE)).unwrap());
    assert_eq!(text(&headers, "signature"), format!("sig-b23=:{FULL_COVERAGE}:"));
    let covered =
        r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")"#;
    let expected = format!(r#"sig-b23={covered};created=1618884473;keyid="test-key-rsa-pss""#);
    assert_eq!(text(&headers, "signature-input"), expected);
}

#[test]
fn every_digest_is_that_of_the_body() {
    let digest = |scheme: Scheme, digest, name| {
        let covered = super::fixtures::required(&[name]);
        let profile = SignatureProfile { scheme, digest, covered, ..SignatureProfile::berlin_group() };
        text(&finished(&BankRequest { body: None, ..request() }, &profile, b"s"), name)
    };
    let cavage = || SignatureProfile::berlin_group().scheme;
    insta::assert_debug_snapshot!([
        digest(cavage(), DigestAlgorithm::Sha256, "digest"),
        digest(cavage(), DigestAlgorithm::Sha512, "digest"),
        digest(message_signature(), DigestAlgorithm::Sha256, "content-digest"),
        digest(message_signature(), DigestAlgorithm::Sha512, "content-digest"),
    ], @r#"
    [
        "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "SHA-512=z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        "sha-512=:z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==:",
    ]
    "#);
}
