//! Certificates and seals of the hub as the sandbox bank judges them, over real connections.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::{HeaderMap, Method};
use it::bench::{Bench, RETURN_URL, issuer::Issuers, write_bank_documents};
use sandbox_bank::{JournalEntry, Rotation, SandboxBank};
use serde_json::{Value, json};
use shared::{
    adapters::{
        audit_log::AuditLog,
        bank_client::{BankClient, PoolSettings},
        identity_files::{self, IdentityFiles, KeyPlace},
        seals::OpenSeals,
        system::{SystemClock, SystemEntropy},
    },
    config::{
        bank_document::read_banks,
        environment::Environment,
        settings::{KeysSetting, Settings, StoreSetting},
    },
    domain::{
        bank::Bank,
        certificate::{Demand, Usage},
        ids::RequestId,
        operation::Operation,
        reach::Reach,
    },
    flows::{
        bank_call::BankCalls,
        trail::{Subject, Trail},
        trouble::Trouble,
    },
    ports::{bank_http::BankRequest, seals::SealError},
    testing::absent_store::traffic,
    wiring::{Hub, StartError},
};
use tempfile::TempDir;

/// What the hub calls banks with, files looked at before every call, and the sandbox bank.
pub struct Pair {
    bank: SandboxBank,
    calls: BankCalls,
    folder: TempDir,
    documents: Vec<Bank>,
}

impl Pair {
    async fn start() -> Self {
        Self::start_with(async |_, _| {}).await
    }

    /// With files that are changed after they were written and before they are read.
    pub async fn start_with(change: impl AsyncFnOnce(&SandboxBank, &Path)) -> Self {
        let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_bank_documents(folder.path(), &bank, Rotation::Grace, "");
        change(&bank, folder.path()).await;
        let documents = read_banks(&folder.path().join("banks"), Environment::default()).unwrap();
        let clock = Arc::new(SystemClock);
        let files = Arc::new(IdentityFiles::new(clock.clone(), Duration::ZERO));
        let seals = OpenSeals::new(Arc::clone(&files), None, clock.clone());
        let client = BankClient::new(PoolSettings::default(), files, clock.clone());
        let (audit, entropy) = (Arc::new(AuditLog), Arc::new(SystemEntropy));
        let traffic = traffic(clock.clone());
        let calls = BankCalls::new(Arc::new(client), Arc::new(seals), audit, clock, entropy, traffic);
        Self { bank, calls, folder, documents }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("banks").join(name)
    }

    /// Makes one call below the mood's root, and answers how the bank saw it.
    pub async fn call(&self, mood: &str, operation: Operation, body: Option<&'static str>) -> Result<Value, Trouble> {
        let document = self.documents.iter().find(|bank| bank.id.as_str() == mood).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "99391c7e-ad88-49ec-a2ad-99ddcb1f7721".parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        let path = if body.is_some() { "consents" } else { "accounts" };
        let url = format!("{}/v1/{path}", document.addresses.api).parse().unwrap();
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let request = BankRequest { operation, method, url, headers, body: body.map(Into::into) };
        let trail = Trail::new(RequestId::from_random([7; 16]));
        self.calls.send(document, &trail, Subject::default(), request).await?;
        Ok(self.bank.journal().last().map(|entry: &JournalEntry| serde_json::to_value(entry).unwrap()).unwrap())
    }
}

const CONSENT: &str = r#"{"access":{"allPsd2":"allAccounts"},"recurringIndicator":true}"#;

#[tokio::test]
async fn the_bank_verifies_what_the_hub_signs_in_either_standard() {
    let pair = Pair::start().await;
    for mood in ["explicit", "token"] {
        let seen = pair.call(mood, Operation::Accounts, None).await.unwrap();
        assert_eq!(seen["signature"], "verified", "{mood}: {seen}");
        let seen = pair.call(mood, Operation::CreateConsent, Some(CONSENT)).await.unwrap();
        assert_eq!(seen["signature"], "verified", "{mood}: {seen}");
    }
}

#[tokio::test]
async fn the_bank_refuses_a_seal_of_somebody_else_and_the_hub_one_that_is_over() {
    let pair = Pair::start().await;
    fs::write(pair.file("qseal.pem"), &pair.bank.pki().qseal_other).unwrap();
    let seen = pair.call("explicit", Operation::Accounts, None).await.unwrap();
    assert!(seen["signature"].as_str().unwrap().starts_with("refused:certificate"), "{seen}");
    let before = pair.bank.journal().len();
    let other = Pair::start().await;
    fs::write(other.file("qseal.pem"), &other.bank.pki().qseal_expired).unwrap();
    let outcome = other.call("explicit", Operation::Accounts, None).await;
    assert!(matches!(outcome, Err(Trouble::Seal(SealError::NotValid(_)))), "{outcome:?}");
    assert_eq!((before, other.bank.journal().len()), (1, 0));
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_damaged_one_is_not() {
    let pair = Pair::start().await;
    let shown = async || pair.call("oauth", Operation::Accounts, None).await.unwrap()["certificate_sha256"].clone();
    let first = shown().await;
    // One newline too many between every two lines (adorsys/xs2a-adapter issue 577).
    fs::write(pair.file("qwac.pem"), pair.bank.pki().qwac_renewed.replace('\n', "\r\n\r\n")).unwrap();
    let second = shown().await;
    assert!(first.is_string() && second.is_string() && first != second, "{first} {second}");
    for wrong in [&pair.bank.pki().qseal, &pair.bank.pki().expired_qwac, &pair.bank.pki().qwac_without_roles] {
        fs::write(pair.file("qwac.pem"), wrong).unwrap();
        assert_eq!(shown().await, second);
    }
}

#[tokio::test]
async fn every_certificate_of_the_sandbox_is_what_it_is_named() {
    let (pair, transport) = (Pair::start().await, Demand::qualified(Usage::Transport));
    let pki = pair.bank.pki();
    let told = |text: &str, demand| match identity_files::parse(text.as_bytes(), demand, KeyPlace::Beside) {
        Ok(identity) => identity.facts.organisation_identifier.unwrap(),
        Err(fault) => fault.to_string(),
    };
    assert_eq!(told(&pki.qwac, transport), "PSDDE-FAKENCA-HUB001");
    assert_eq!(told(&pki.qwac_renewed, transport), "PSDDE-FAKENCA-HUB001");
    assert_eq!(told(&pki.qseal, Demand::qualified(Usage::Seal)), "PSDDE-FAKENCA-HUB001");
    assert_eq!(told(&pki.qseal, transport), "the certificate is a QSEAL, but a QWAC is needed");
    assert_eq!(told(&pki.qwac_without_roles, transport), "the certificate lacks the role PSP_AI");
    let bare = "the certificate has no type in its QcStatements, but a QWAC is needed";
    assert_eq!(told(&pki.qwac_bare_statement, transport), bare);
    let lenient = Demand { accepts_unqualified: true, ..transport };
    assert_eq!(told(&pki.qwac_bare_statement, lenient), "PSDDE-FAKENCA-HUB001");
}

/// L8 of the list of faults, as the CRM sees it.
#[tokio::test]
async fn a_bank_is_not_called_with_a_certificate_that_is_over() {
    let bench = Bench::start().await;
    bench.crm().start("redirect").await;
    let before = bench.bank.journal().len();
    // The sandbox's certificates hold for five years.
    bench.advance(6 * 366 * 86_400);
    let order = json!({"bank": "redirect", "psu": "customer-4711", "return_url": RETURN_URL});
    assert_eq!(bench.crm().post("/v1/sessions", order).await.problem(), (503, "qwac_expired"));
    assert_eq!(bench.bank.journal().len(), before);
}

/// Starts a hub as a function does, on the documents of this pair.
async fn start_a_hub(pair: &Pair) -> Result<Hub, StartError> {
    Hub::start(&settings(pair).await).await
}

async fn settings(pair: &Pair) -> Settings {
    let folder = pair.folder.path();
    let tenants = folder.join("tenants");
    if !tenants.exists() {
        Issuers::start().await.write_documents(&tenants);
    }
    Settings {
        port: 0,
        listen: Ipv4Addr::LOCALHOST.into(),
        public_url: "https://hub.example/".parse().unwrap(),
        audience: "https://hub.example".to_owned(),
        store: StoreSetting::Embedded(folder.join("store.redb")),
        keys: KeysSetting::File(folder.join("keys")),
        banks: folder.join("banks"),
        tenants,
        egress_address: "192.0.2.1".parse().unwrap(),
        client_certificate_header: None,
        reach: Reach::default(),
        project: None,
        otlp_endpoint: None,
        environment: Environment::default(),
    }
}

/// Nobody shall believe that a CRM's certificate is checked where nobody tells it.
#[tokio::test]
async fn a_tenant_with_certificates_wants_somebody_who_tells_them() {
    let pair = Pair::start().await;
    let settings = settings(&pair).await;
    let pin = format!("client_certificates = [\"sha256:{}\"]\n", "1f".repeat(32));
    Issuers::add_lines(&settings.tenants, "acme", &pin);
    let told = Hub::start(&settings).await.unwrap_err().to_string();
    let expected =
        "tenant acme: client_certificates: nobody tells them, since HUB_CLIENT_CERTIFICATE_HEADER is not set";
    assert!(told.contains(expected), "{told}");
    let header = Some("x-client-cert-fingerprint".parse().unwrap());
    Hub::start(&Settings { client_certificate_header: header, ..settings }).await.unwrap();
}

#[tokio::test]
async fn a_start_tells_all_that_is_wrong_with_certificates_together() {
    let pair = Pair::start().await;
    let key = pair.bank.pki().qseal.split("-----BEGIN CERTIFICATE").next().unwrap().to_owned();
    fs::write(pair.file("qseal.pem"), key).unwrap();
    let told = start_a_hub(&pair).await.unwrap_err().to_string();
    for bank in ["explicit", "token"] {
        let expected = format!("bank {bank}: the seal's file is not usable: the file holds no certificate");
        assert!(told.contains(&expected), "{told}");
    }
    assert!(!told.contains("bank oauth"), "{told}");

    fs::write(pair.file("qwac.pem"), &pair.bank.pki().qseal).unwrap();
    let told = start_a_hub(&pair).await.unwrap_err().to_string();
    let why = "the identity is not usable: the certificate is a QSEAL, but a QWAC is needed";
    assert_eq!(told.matches(why).count(), pair.documents.len(), "{told}");
}

#[tokio::test]
async fn certificates_that_are_over_keep_no_hub_from_starting() {
    let pair = Pair::start().await;
    fs::write(pair.file("qwac.pem"), &pair.bank.pki().expired_qwac).unwrap();
    fs::write(pair.file("qseal.pem"), &pair.bank.pki().qseal_expired).unwrap();
    start_a_hub(&pair).await.unwrap();
}
