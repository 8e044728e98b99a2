//! What the tests of signatures have in common.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Prepared, SigningCertificate, UnsignableRequest, prepare};
use crate::{
    domain::signature_profile::{Component, Covered, MessageSignature, Scheme, SignatureProfile},
    protocol::exchange::{BankRequest, Operation},
};

/// Signatures made by another program, and the certificate of their key.
#[derive(Deserialize)]
pub struct Vectors {
    pub certificate: String,
    pub berlin_group: BerlinGroup,
    pub request_target: RequestTarget,
}

#[derive(Deserialize)]
pub struct BerlinGroup {
    pub body: String,
    pub digest: String,
    pub empty_body_digest: String,
    pub headers_signed: Vec<String>,
    pub signing_string: String,
    pub signing_string_sha256: String,
    pub key_id: String,
    pub algorithm: String,
    pub signature_base64: String,
}

#[derive(Deserialize)]
pub struct RequestTarget {
    pub signing_string: String,
    pub headers: String,
    pub signature_base64: String,
}

pub fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/http-signatures.json")).unwrap()
}

pub fn decoded(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

pub fn certificate() -> SigningCertificate {
    SigningCertificate::from_der(&decoded(&vectors().certificate)).unwrap()
}

pub fn now() -> Timestamp {
    "2026-11-21T09:30:00Z".parse().unwrap()
}

/// A request that asks for a consent.
pub fn request() -> BankRequest {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", HeaderValue::from_static("99391c7e-ad88-49ec-a2ad-99ddcb1f7721"));
    headers.insert("tpp-redirect-uri", HeaderValue::from_static("https://hub.example/cb/bank-1"));
    BankRequest {
        operation: Operation::CreateConsent,
        method: Method::POST,
        url: "https://api.bank.example/psd2/v1/consents".parse().unwrap(),
        headers,
        body: Some(Bytes::from(vectors().berlin_group.body)),
    }
}

pub fn required(names: &[&str]) -> Vec<Covered> {
    names.iter().map(|name| Covered::Required(Component::parse(name).unwrap())).collect()
}

/// Berlin Group's profile with these components instead of its own.
pub fn covering(names: &[&str]) -> SignatureProfile {
    SignatureProfile { covered: required(names), ..SignatureProfile::berlin_group() }
}

pub fn message_signature() -> Scheme {
    Scheme::Rfc9421(MessageSignature { label: "sig1".to_owned(), lifetime: None, tag: None })
}

pub fn prepared(request: &BankRequest, profile: &SignatureProfile) -> Result<Prepared, UnsignableRequest> {
    prepare(request, profile, &certificate(), now())
}

/// The text to sign.
pub fn message(request: &BankRequest, profile: &SignatureProfile) -> String {
    String::from_utf8(prepared(request, profile).unwrap().message().to_vec()).unwrap()
}

/// The headers after signing, the signature's bytes being these.
pub fn finished(request: &BankRequest, profile: &SignatureProfile, signature: &[u8]) -> HeaderMap {
    map(prepared(request, profile).unwrap().finish(signature).unwrap())
}

/// The headers, none of which is there twice.
pub fn map(headers: Vec<(HeaderName, HeaderValue)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        assert_eq!(map.insert(&name, value), None, "{name} is there twice");
    }
    map
}

pub fn text(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}
