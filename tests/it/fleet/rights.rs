//! Every service with the rights that infra/services.tf gives it and no other: the whole tour goes well, no right is left
//! unused, and what an account has no right to is refused to it.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use it::{
    bench::{
        Bench, RETURN_URL,
        browser::Browser,
        crm::{Answer, Crm, parameter},
        hub_side::production::Production,
    },
    fleet::rights::services,
};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use kms_stand_in::{Permission, Rights};
use serde_json::{Value, json};
use shared::domain::purpose::Purpose;
use tokio::net::TcpListener;

use crate::world::PAST_A_TOKEN;

/// A little more than the pause between two refreshes of a session's balances.
const HALF_A_DAY: i64 = 13 * 3600;

/// For whom the CRM's events are.
const AUDIENCE: &str = "https://crm.example/events";

/// The six services as they are deployed, with a bank and a CRM that takes events.
struct Deployment {
    bench: Bench,
    hub: Arc<Production>,
    events: Arc<Mutex<Vec<String>>>,
    /// The browsers' half of authorize-redirect.
    page: String,
    rewrap: String,
}

impl Deployment {
    async fn start() -> Self {
        let events = Arc::<Mutex<Vec<String>>>::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let webhook =
            format!("\n[webhook]\nurl = \"http://{}/\"\naudience = \"{AUDIENCE}\"\n", listener.local_addr().unwrap());
        let take = async |State(events): State<Arc<Mutex<Vec<String>>>>, event: String| {
            events.lock().unwrap().push(event);
            StatusCode::ACCEPTED
        };
        let router = Router::new().route("/", post(take)).with_state(Arc::clone(&events));
        tokio::spawn(async move { axum::serve(listener, router).await });

        let services = services();
        let (bench, hub) = Bench::on_a_fleet_with_rights(&services, &[("acme", webhook)]).await;
        bench.allow_several_consents().await;
        let page = hub.add_service("authorize-page", &services["authorize-page"]).await;
        let rewrap = hub.add_service("rewrap", &services["rewrap"]).await;
        let url = |process| format!("http://{}", hub.fleet.address(process));
        Self { page: url(page), rewrap: url(rewrap), bench, hub, events }
    }

    /// A link to the bank, at the service that serves it to browsers.
    fn at_the_page(&self, started: &Answer) -> String {
        started.text("authorize_url").replacen(&self.bench.url, &self.page, 1)
    }

    /// Connects a customer at that bank, which the browser may have to visit twice.
    async fn connect(&self, bank: &str) -> String {
        let is_twice = bank == "prestep";
        for _ in 0..=usize::from(is_twice) {
            self.bench.decide("approve").await;
        }
        let (started, browser) = (self.bench.crm().start(bank).await, Browser::new());
        let link = self.at_the_page(&started);
        let returned = if is_twice { browser.travel_twice(&link).await } else { browser.travel(&link).await };
        let session = started.text("session");
        let activated = self.bench.crm().activate(&session, &parameter(&returned, "activation_code")).await;
        assert_eq!(activated.status, StatusCode::OK, "{bank}: {:?}", activated.body);
        session
    }

    async fn renew(&self, session: &str) {
        self.bench.decide("approve").await;
        let path = format!("/v1/sessions/{session}/renewal");
        let started = self.bench.crm().post(&path, json!({"return_url": RETURN_URL})).await;
        assert_eq!(started.status, StatusCode::CREATED, "{:?}", started.body);
        let back = Browser::new().travel(&self.at_the_page(&started)).await;
        let activated = self.bench.crm().activate(session, &parameter(&back, "activation_code")).await;
        assert_eq!(activated.status, StatusCode::OK, "{:?}", activated.body);
    }

    /// Accounts and balances, the PSU not being there, as the bank has them or as it last had them.
    async fn read(&self, session: &str, headers: &[(&str, &str)]) -> Answer {
        let answer =
            self.bench.crm().get_with(&format!("/v1/sessions/{session}/accounts?with=balances"), headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer
    }

    /// The same while the PSU is there, so that nothing is counted.
    async fn read_attended(&self, session: &str) {
        let presence = self.bench.crm().presence(session);
        self.read(session, &[("psu-presence", &presence)]).await;
    }

    /// A job as the scheduler runs it, at that service.
    async fn job(&self, url: &str, job: &str) -> Value {
        let scheduler = Crm::of(&self.bench, "scheduler").with_scopes("jobs:run");
        let answer = scheduler.call_at(url, Method::POST, &format!("/v1/jobs/{job}"), Some(Value::Null), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{job}: {:?}", answer.body);
        answer.body
    }

    /// Everything that came to the CRM is signed with a key that the browsers' service publishes.
    async fn events_are_signed(&self, at_least: usize) {
        let keys = self.bench.crm().call_at(&self.page, Method::GET, "/.well-known/jwks.json", None, &[]).await.body;
        let keys: JwkSet = serde_json::from_value(keys).unwrap();
        let events = self.events.lock().unwrap().clone();
        assert!(events.len() >= at_least, "{} events came", events.len());
        for event in events {
            let header = decode_header(&event).unwrap();
            let mut wanted = Validation::new(header.alg);
            wanted.set_audience(&[AUDIENCE]);
            wanted.set_required_spec_claims(&["iss", "aud"]);
            wanted.validate_exp = false;
            let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
            decode::<Value>(&event, &key, &wanted).unwrap();
        }
    }
}

#[tokio::test]
async fn every_service_does_its_work_with_its_rights_and_needs_each_of_them() {
    let hub = Deployment::start().await;
    let bench = &hub.bench;
    let url = bench.url.as_str();

    // A connection, one where the customer is wanted twice, one that the customer refuses.
    let session = hub.connect("oauth").await;
    let twice = hub.connect("prestep").await;
    bench.decide("refuse").await;
    let refused = bench.crm().start("oauth").await;
    let back = Browser::new().travel(&hub.at_the_page(&refused)).await;
    assert_eq!(parameter(&back, "error"), "sca_denied");

    // Reads, a token that ends meanwhile, and an answer that is told again when the bank is down.
    for session in [&session, &twice] {
        hub.read(session, &[]).await;
    }
    bench.advance(PAST_A_TOKEN);
    hub.read_attended(&session).await;
    bench.advance(60);
    bench.fault("accounts", json!({"kind": "status", "status": 503}), 1).await;
    let stale = hub.read(&session, &[("prefer", "stale-ok")]).await;
    assert_eq!(stale.body["stale"]["code"], "bank_unavailable");

    // The scheduler's jobs.
    let before = bench.reached("balances").len();
    bench.advance(HALF_A_DAY);
    let mut refreshed = 0;
    for _ in 0..10 {
        let summary = hub.job(url, "refresh-balances").await;
        assert_eq!(summary["failed"], json!({}), "{summary}");
        refreshed += summary["refreshed"].as_u64().unwrap();
        if summary["more"] != true {
            break;
        }
    }
    assert!(refreshed >= 1 && bench.reached("balances").len() > before, "{refreshed} sessions");
    hub.job(url, "refresh-tokens").await;
    hub.job(url, "deliver-events").await;
    hub.events_are_signed(2).await;

    // New versions of keys; nothing is left under the old ones, which can go.
    let old = [bench.rotate_key(Purpose::Tokens).await, bench.rotate_key(Purpose::Payloads).await];
    let moved = hub.job(&hub.rewrap, "rewrap").await;
    assert!(moved["rewrapped"].as_u64().unwrap() >= 4 && moved["failed"] == 0, "{moved}");
    for (purpose, old) in [Purpose::Tokens, Purpose::Payloads].into_iter().zip(&old) {
        bench.destroy_key(purpose, old);
    }
    hub.read_attended(&session).await;

    // A renewal, and ends.
    hub.renew(&session).await;
    hub.read_attended(&session).await;
    for session in [&session, &twice] {
        assert_eq!(bench.crm().delete(&format!("/v1/sessions/{session}")).await.status, StatusCode::OK);
    }
    bench.advance(120);
    let upkeep = hub.job(url, "expiry-watch").await;
    assert_eq!(upkeep["failed"], 0, "{upkeep}");
    for session in [&session, &twice] {
        assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.text("status"), "ended");
    }
    assert!(bench.reached("revoke").len() >= 2, "tokens were revoked at the bank");

    for (name, service) in services() {
        let door = &hub.hub.doors[&name];
        assert_eq!(door.refused(), Rights::new(), "{name} is refused what it needs");
        assert_eq!(door.used(), service.rights, "{name} has rights that it never uses");
    }
}

/// P2: whatever happens to callback, with its account nobody reads a token.
#[tokio::test]
async fn who_has_callbacks_account_cannot_read_tokens() {
    let hub = Deployment::start().await;
    let ring = hub.hub.kms.key_ring();
    let ask = async |service: &str, verb: &str, body: Value| {
        let url = format!("{}/v1/{ring}/cryptoKeys/tokens:{verb}", hub.hub.doors[service].url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(url).json(&body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, sealed) = ask("callback", "encrypt", json!({"plaintext": STANDARD.encode("a data key")})).await;
    assert_eq!(status, StatusCode::OK);
    let sealed = json!({"ciphertext": sealed["ciphertext"]});
    for (service, expected) in [
        ("authorize-redirect", StatusCode::FORBIDDEN),
        ("authorize-page", StatusCode::FORBIDDEN),
        ("callback", StatusCode::FORBIDDEN),
        ("account-proxy", StatusCode::OK),
        ("token-refresh", StatusCode::OK),
        ("rewrap", StatusCode::OK),
    ] {
        assert_eq!(ask(service, "decrypt", sealed.clone()).await.0, expected, "{service}");
    }
}

/// P12: a right that is missing is as good as no keys. Nothing leaves, and the caller is told to wait.
#[tokio::test]
async fn without_the_right_to_decrypt_nothing_reaches_the_bank() {
    let mut services = services();
    let proxy = services.get_mut("account-proxy").unwrap();
    assert!(proxy.rights.remove(&("tokens".to_owned(), Permission::Decrypt)));
    let (bench, hub) = Bench::on_a_fleet_with_rights(&services, &[]).await;
    let session = bench.crm().connect("oauth").await;
    let before = bench.bank.journal().len();
    assert_eq!(bench.crm().accounts(&session).await.problem(), (503, "keys_unavailable"));
    assert_eq!(bench.bank.journal().len(), before, "the journal is silent");
    assert!(hub.doors["account-proxy"].refused().contains(&("tokens".to_owned(), Permission::Decrypt)));
}
