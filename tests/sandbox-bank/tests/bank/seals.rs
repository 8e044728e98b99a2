//! Which moods want requests signed, and what happens to unsigned ones. How signatures are judged is
//! tested beside the code.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::tpp::{CALLBACK, CLIENT, World, offer, order, read, request_id};

async fn policy(world: &World, signatures: Value) {
    let changed = world.control(Method::POST, "/policy", json!({ "signatures": signatures })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
}

async fn asked(world: &World, mood: &str, headers: &[(&str, &str)]) -> (u16, String, Option<String>) {
    let request = world.asking(mood, &order(offer()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = read(request.send().await.unwrap()).await;
    (answer.status.as_u16(), answer.code().to_owned(), world.last_entry().signature)
}

const WRONG: [(&str, &str); 2] = [("Signature", "keyId=\"1\""), ("TPP-Signature-Certificate", "AAAA")];

#[tokio::test]
async fn wants_signatures_in_two_moods_from_the_beginning() {
    let world = World::new().await;
    for mood in ["explicit", "token"] {
        let missing = (401, "SIGNATURE_MISSING".to_owned(), Some("missing".to_owned()));
        assert_eq!(asked(&world, mood, &[]).await, missing);
    }
    for mood in ["oauth", "redirect"] {
        assert_eq!(asked(&world, mood, &WRONG).await, (201, String::new(), Some("ignored".to_owned())));
    }
}

#[tokio::test]
async fn looks_at_signatures_as_the_policy_says() {
    let world = World::new().await;
    policy(&world, json!({ "redirect": "checked", "oauth": "required", "explicit": "ignored" })).await;
    let wrong = (401, "CERTIFICATE_INVALID".to_owned(), Some("refused:certificate malformed".to_owned()));
    assert_eq!(asked(&world, "redirect", &WRONG).await, wrong);
    assert_eq!(asked(&world, "oauth", &WRONG).await, wrong);
    assert_eq!(asked(&world, "redirect", &[]).await, (201, String::new(), Some("missing".to_owned())));
    assert_eq!(asked(&world, "oauth", &[]).await.1, "SIGNATURE_MISSING");
    assert_eq!(asked(&world, "explicit", &WRONG).await.0, 201);
}

#[tokio::test]
async fn leaves_token_endpoints_to_the_certificate() {
    let world = World::new().await;
    policy(&world, json!({ "oauth": "required" })).await;
    assert_eq!(world.token(&[]).await.body["error"], "invalid_request");
    assert_eq!(world.last_entry().signature.as_deref(), Some("missing"));
    world.get("/oauth/.well-known/oauth-authorization-server").await;
    assert_eq!((world.last_entry().status, world.last_entry().signature.as_deref()), (Some(200), Some("ignored")));
}

#[tokio::test]
async fn does_nothing_for_an_unsigned_request() {
    let world = World::new().await;
    asked(&world, "explicit", &[]).await;
    assert_eq!(world.control(Method::GET, "/consents", Value::Null).await.body["consents"], json!([]));
}

/// The hub's seal.
struct Seal {
    key: RsaKeyPair,
    certificate: String,
    key_id: String,
}

impl Seal {
    fn of(world: &World) -> Self {
        let pem = world.bank.pki().qseal.as_bytes();
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap();
        let der = CertificateDer::from_pem_slice(pem).unwrap();
        let (_, read) = x509_parser::parse_x509_certificate(&der).unwrap();
        let serial = read.tbs_certificate.serial.to_str_radix(16);
        let issuer = "CN=Sandbox%20QTSP%20Root%20CA,O=Sandbox%20Trust%20Services,C=DE";
        Self {
            key: RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap(),
            certificate: STANDARD.encode(&der),
            key_id: format!("SN={serial},CA={issuer}"),
        }
    }

    fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        STANDARD.encode(signature)
    }
}

fn sha256(body: &str) -> String {
    STANDARD.encode(digest(&SHA256, body.as_bytes()))
}

#[tokio::test]
async fn takes_a_consent_signed_as_berlin_group_says() {
    let world = World::new().await;
    let seal = Seal::of(&world);
    let (body, id) = (order(offer()).to_string(), request_id());
    let digest = format!("SHA-256={}", sha256(&body));
    let lines = format!("digest: {digest}\nx-request-id: {id}\ntpp-redirect-uri: {CALLBACK}");
    let (key_id, signature) = (&seal.key_id, seal.sign(&lines));
    let names = "digest x-request-id tpp-redirect-uri";
    let signature =
        format!("keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signature}\"");
    let send = async |body: String| {
        let request = world
            .tpp
            .post(format!("{}/explicit/v1/consents", world.bank.api_url()))
            .header("X-Request-ID", &id)
            .header("PSU-IP-Address", "192.0.2.7")
            .header("TPP-Redirect-URI", CALLBACK)
            .header("Content-Type", "application/json")
            .header("Digest", &digest)
            .header("TPP-Signature-Certificate", &seal.certificate)
            .header("Signature", &signature);
        let answer = read(request.body(body).send().await.unwrap()).await;
        (answer.status.as_u16(), answer.code().to_owned(), world.last_entry().signature.unwrap())
    };
    assert_eq!(send(body.clone()).await, (201, String::new(), "verified".to_owned()));
    let changed = send(body + " ").await;
    assert_eq!(changed, (401, "SIGNATURE_INVALID".to_owned(), "refused:digest".to_owned()));
}

#[tokio::test]
async fn takes_a_message_signed_as_rfc_9421_says() {
    let world = World::new().await;
    let seal = Seal::of(&world);
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT)];
    let token = world.token_at("token/token", &form).await.body["access_token"].as_str().unwrap().to_owned();
    let scope = "payment-accounts%3Abalances%3Aview+payment-accounts%3Atransactions%3Aview";
    let query = format!("redirect_uri=https%3A%2F%2Ftpp.example%2F&scope={scope}");
    let url = format!("{}/token/oauth/authorization-server-url?{query}", world.bank.api_url());
    let (id, digest) = (request_id(), format!("sha-256=:{}:", sha256("")));
    let parameters = format!(
        "(\"@method\" \"@target-uri\" \"content-digest\" \"x-request-id\");created=1;keyid=\"{}\";alg=\"rsa-v1_5-sha256\"",
        seal.key_id
    );
    let base = format!(
        "\"@method\": GET\n\"@target-uri\": {url}\n\"content-digest\": {digest}\n\"x-request-id\": {id}\n\
         \"@signature-params\": {parameters}"
    );
    let signature = format!("sig1=:{}:", seal.sign(&base));
    let send = async |url: &str| {
        let request = world
            .tpp
            .get(url)
            .bearer_auth(&token)
            .header("X-Request-ID", &id)
            .header("Content-Digest", &digest)
            .header("TPP-Signature-Certificate", &seal.certificate)
            .header("Signature-Input", format!("sig1={parameters}"))
            .header("Signature", &signature);
        read(request.send().await.unwrap()).await
    };
    let answer = send(&url).await;
    assert_eq!(answer.body, json!({ "location": format!("{}/token/authorize", world.bank.web_url()) }));
    assert_eq!(world.last_entry().signature.as_deref(), Some("verified"));
    assert_eq!(send(&format!("{url}&more=1")).await.code(), "SIGNATURE_INVALID");
}
