//! Calls to banks that want them signed: what leaves is signed as it leaves, and what cannot be signed does not leave.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use shared::{
    domain::{
        audit::{AuditEvent, AuditRecord},
        bank::{Bank, SealKey},
        ids::RequestId,
        operation::Operation,
        signature_profile::{Carrier, MessageSignature, Scheme},
    },
    flows::{
        bank_call::BankCalls,
        trail::{Subject, Trail},
        trouble::Trouble,
    },
    ports::{
        audit::{AuditStream, AuditUnavailable},
        bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse},
        seals::SealError,
    },
    testing::absent_store::traffic,
};

use crate::{
    pki::{Authority, Place, QSEAL, QWAC, rsa_key},
    seals::sealed_bank,
};

/// A bank that takes everything, and a stream that keeps everything.
#[derive(Default)]
struct Kept {
    requests: Mutex<Vec<BankRequest>>,
    outcomes: Mutex<Vec<String>>,
}

#[async_trait]
impl BankHttp for Kept {
    async fn call(&self, _: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        self.requests.lock().unwrap().push(request);
        Ok(BankResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::new() })
    }

    async fn shake_hands(&self, _: &Bank, _: &url::Url) -> Result<(), BankHttpError> {
        Ok(())
    }
}

impl AuditStream for Kept {
    fn write(&self, record: &AuditRecord) -> Result<(), AuditUnavailable> {
        let AuditEvent::BankCalled { outcome, .. } = &record.event else { panic!("{record:?}") };
        self.outcomes.lock().unwrap().push(outcome.clone());
        Ok(())
    }
}

/// Makes one call.
async fn call(place: &Place, bank: &Bank, request: BankRequest) -> (Result<(), Trouble>, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let traffic = traffic(place.clock.clone());
    let calls = BankCalls::new(
        kept.clone(),
        Arc::new(place.seals()),
        kept.clone(),
        place.clock.clone(),
        Arc::new(shared::adapters::system::SystemEntropy),
        traffic,
    );
    let trail = Trail::new(RequestId::from_random([7; 16]));
    let outcome = calls.send(bank, &trail, Subject::default(), request).await;
    (outcome.map(drop), kept)
}

/// The vectors of `vectors/http-signatures.json`.
fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/http-signatures.json")).unwrap()
}

/// A request that asks for a consent.
fn request() -> BankRequest {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", HeaderValue::from_static("99391c7e-ad88-49ec-a2ad-99ddcb1f7721"));
    headers.insert("tpp-redirect-uri", HeaderValue::from_static("https://hub.example/cb/bank-1"));
    BankRequest {
        operation: Operation::CreateConsent,
        method: Method::POST,
        url: "https://api.bank.example/psd2/v1/consents".parse().unwrap(),
        headers,
        body: Some(Bytes::from(vectors()["berlin_group"]["body"].as_str().unwrap().to_owned())),
    }
}

fn pem(label: &str, base64: &Value) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64.as_str().unwrap())
}

#[tokio::test]
async fn a_call_leaves_with_the_signature_of_the_standard_s_vector_byte_for_byte() {
    let (place, vectors) = (Place::new(), vectors());
    place.set_clock("2026-11-21T09:30:00Z");
    let file = pem("PRIVATE KEY", &vectors["key_pkcs8"]) + &pem("CERTIFICATE", &vectors["certificate"]);
    let bank = sealed_bank(SealKey::File(place.write("seal.pem", file)));
    let (outcome, kept) = call(&place, &bank, request()).await;
    outcome.unwrap();
    let sent = kept.requests.lock().unwrap().pop().unwrap();
    let vector = &vectors["berlin_group"];
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    let signature = format!(
        r#"keyId="{}",algorithm="{}",headers="digest x-request-id date tpp-redirect-uri",signature="{}""#,
        text("key_id"),
        text("algorithm"),
        text("signature_base64"),
    );
    assert_eq!(sent.headers["signature"], signature);
    assert_eq!(sent.headers["digest"], text("digest"));
    assert_eq!(sent.headers["tpp-signature-certificate"], vectors["certificate"].as_str().unwrap());
    assert_eq!(sent.body, request().body);
}

#[tokio::test]
async fn only_the_calls_that_the_document_names_are_signed() {
    let (place, authority) = (Place::new(), Authority::named("Root"));
    let key = rsa_key();
    let file = key.serialize_pem() + &authority.certify(QSEAL, &key).pem();
    let mut bank = sealed_bank(SealKey::File(place.write("seal.pem", file)));
    let seal = bank.seal.as_mut().unwrap();
    seal.operations = Some(BTreeSet::from([Operation::CreateConsent, Operation::RedeemCode]));
    for (operation, signed) in
        [(Operation::CreateConsent, true), (Operation::RedeemCode, true), (Operation::Accounts, false)]
    {
        let (outcome, kept) = call(&place, &bank, BankRequest { operation, ..request() }).await;
        outcome.unwrap();
        let headers = &kept.requests.lock().unwrap()[0].headers;
        assert_eq!(["signature", "digest"].map(|name| headers.contains_key(name)), [signed; 2], "{operation:?}");
    }
}

#[tokio::test]
async fn the_other_standard_goes_the_same_way() {
    let (place, authority, key) = (Place::new(), Authority::named("Root"), rsa_key());
    let file = key.serialize_pem() + &authority.certify(QSEAL, &key).pem();
    let mut bank = sealed_bank(SealKey::File(place.write("seal.pem", file)));
    let profile = &mut bank.seal.as_mut().unwrap().signature;
    let how = MessageSignature { label: "sig1".to_owned(), lifetime: None, tag: None };
    profile.scheme = Scheme::Rfc9421(how);
    profile.covered.retain(|covered| format!("{covered:?}").contains("x-request-id"));
    let (outcome, kept) = call(&place, &bank, request()).await;
    outcome.unwrap();
    let headers = &kept.requests.lock().unwrap()[0].headers;
    assert!(headers["signature-input"].to_str().unwrap().starts_with("sig1=(\"x-request-id\");created=1781524800;"));
    assert!(headers["signature"].to_str().unwrap().starts_with("sig1=:"));
    assert!(headers.contains_key("content-digest"));
}

#[tokio::test]
async fn what_cannot_be_signed_does_not_leave_and_is_on_record() {
    let (place, authority) = (Place::new(), Authority::named("Root"));
    let bank = sealed_bank(SealKey::File(place.write("seal.pem", authority.mint(QWAC))));
    let (outcome, kept) = call(&place, &bank, request()).await;
    assert!(matches!(outcome, Err(Trouble::Seal(SealError::File(_)))), "{outcome:?}");
    assert_eq!(
        (kept.requests.lock().unwrap().len(), kept.outcomes.lock().unwrap().clone()),
        (0, vec!["not_signed".into()])
    );

    place.write("seal.pem", authority.mint(QSEAL));
    let (outcome, kept) = call(&place, &bank, request()).await;
    assert!(matches!(outcome, Err(Trouble::Seal(SealError::OtherAlgorithm))), "a key of P-256: {outcome:?}");
    assert!(kept.requests.lock().unwrap().is_empty());

    let mut bank = bank;
    bank.seal.as_mut().unwrap().signature.scheme = Scheme::Cavage(Carrier::Authorization);
    let mut with_token = request();
    with_token.headers.insert("authorization", HeaderValue::from_static("Bearer token"));
    let (outcome, kept) = call(&place, &bank, with_token).await;
    assert!(matches!(outcome, Err(Trouble::Unsignable(_))), "{outcome:?}");
    assert!(kept.requests.lock().unwrap().is_empty());
}
