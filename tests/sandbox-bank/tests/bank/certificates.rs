//! Who gets in: TLS with the right kind of certificate, and nobody else.

use std::error::Error;
use std::time::Duration;

use reqwest::tls::Version;
use reqwest::{Certificate, Client, Identity};
use sandbox_bank::JournalEntry;
use serde_json::json;

use crate::tpp::{World, client, offer, read, request_id};

/// The texts of an error and all its causes.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| Error::source(*cause));
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// How a call of this client fails.
pub async fn refusal(world: &World, client: &Client) -> String {
    chain(&client.get(format!("{}/redirect/v1/accounts", world.bank.api_url())).send().await.unwrap_err())
}

/// The journal's next entry; a failed handshake is written down just after the client has heard of it.
pub async fn next_entry(world: &World, known: usize) -> JournalEntry {
    let appeared = async {
        loop {
            if let Some(entry) = world.bank.journal().get(known) {
                return entry.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), appeared).await.unwrap()
}

#[tokio::test]
async fn refuses_wrong_certificates_with_an_alert_and_writes_it_down() {
    let world = World::new().await;
    let pki = world.bank.pki();
    for (identity, alert, organisation) in [
        (None, "CertificateRequired", None),
        (Some(&pki.stranger), "UnknownCA", Some("PSDDE-FAKENCA-HUB001")),
        (Some(&pki.qseal), "UnsupportedCertificate", Some("PSDDE-FAKENCA-HUB001")),
        (Some(&pki.expired_qwac), "CertificateExpired", Some("PSDDE-FAKENCA-HUB001")),
        (Some(&pki.qwac_without_roles), "AccessDenied", Some("PSDDE-FAKENCA-HUB001")),
        (Some(&pki.qwac_bare_statement), "UnsupportedCertificate", Some("PSDDE-FAKENCA-HUB001")),
    ] {
        let known = world.bank.journal().len();
        let text = refusal(&world, &client(&world.bank, identity.map(String::as_str))).await;
        assert!(text.contains(alert), "{alert}: {text}");
        let entry = next_entry(&world, known).await;
        assert_eq!((entry.path, entry.status), (None, None));
        assert!(entry.reason.is_some());
        assert_eq!(entry.organisation.as_deref(), organisation);
        assert_eq!(entry.certificate_sha256.is_some(), identity.is_some());
    }
}

#[tokio::test]
async fn knows_the_organisation_by_its_renewed_certificate() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let renewed = client(&world.bank, Some(&world.bank.pki().qwac_renewed));
    let url = format!("{}/redirect/v1/consents/{}/status", world.bank.api_url(), access.consent);
    let status = read(renewed.get(url).header("X-Request-ID", request_id()).send().await.unwrap()).await;
    assert_eq!(status.body, json!({ "consentStatus": "valid" }));
}

#[tokio::test]
async fn hides_consents_from_other_certificates() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let other = client(&world.bank, Some(&world.bank.pki().other_qwac));
    let url = format!("{}/redirect/v1/consents/{}", world.bank.api_url(), access.consent);
    for request in [other.get(&url), other.get(format!("{url}/status")), other.delete(&url)] {
        let answer = read(request.header("X-Request-ID", request_id()).send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (403, "CONSENT_UNKNOWN"));
    }
    let accounts = other.get(format!("{}/redirect/v1/accounts", world.bank.api_url()));
    let request = accounts.header("X-Request-ID", request_id()).header("Consent-ID", &access.consent);
    let answer = read(request.send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "CONSENT_UNKNOWN"));
    assert_eq!(world.accounts(&access).await.len(), 2);
}

#[tokio::test]
async fn refuses_tokens_shown_with_another_certificate() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let other = client(&world.bank, Some(&world.bank.pki().other_qwac));
    let request = other
        .get(format!("{}/oauth/v1/accounts", world.bank.api_url()))
        .header("X-Request-ID", request_id())
        .header("Consent-ID", &access.consent)
        .bearer_auth(access.token.unwrap());
    let answer = read(request.send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "TOKEN_INVALID"));
}

#[tokio::test]
async fn speaks_both_versions_of_tls_and_of_http() {
    let world = World::new().await;
    let pki = world.bank.pki();
    let builder = || {
        let identity = Identity::from_pem(pki.qwac.as_bytes()).unwrap();
        let ca = Certificate::from_pem(pki.ca.as_bytes()).unwrap();
        Client::builder().no_proxy().identity(identity).tls_certs_only([ca])
    };
    for (client, version) in [
        (builder().tls_version_max(Version::TLS_1_2), reqwest::Version::HTTP_2),
        (builder().tls_version_min(Version::TLS_1_3), reqwest::Version::HTTP_2),
        (builder().http1_only(), reqwest::Version::HTTP_11),
    ] {
        let request = client.build().unwrap().get(format!("{}/redirect/v1/accounts", world.bank.api_url()));
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (400, version));
    }
}

#[tokio::test]
async fn lets_either_third_party_have_consents_of_its_own() {
    let world = World::new().await;
    let other = client(&world.bank, Some(&world.bank.pki().other_qwac));
    let request = other
        .post(format!("{}/redirect/v1/consents", world.bank.api_url()))
        .header("X-Request-ID", request_id())
        .header("PSU-IP-Address", "192.0.2.8")
        .header("TPP-Redirect-URI", "https://other.example/")
        .json(&crate::tpp::order(offer()));
    assert_eq!(read(request.send().await.unwrap()).await.status, 201);
    let consents = world.control(reqwest::Method::GET, "/consents", json!(null)).await;
    assert_eq!(consents.body["consents"][0]["organisation"], "PSDDE-FAKENCA-OTHER2");
}
