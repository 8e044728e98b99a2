//! Every mood of the sandbox bank from the demo page, and an incident at one of them.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use shared::{adapters::system::SystemClock, ports::clock::Clock};

use super::{browser::Browser, program::Hub};

/// How often the page may ask about an approval that the bank has given: more than the hub's own pauses need.
const MOST_QUESTIONS: u32 = 20;

const CUSTOMER: &str = "jonas-weber";

/// How often the customer decides at each bank on the way: before the consent and about it, or once.
const BANKS: [(&str, u32); 7] = [
    ("sandbox-oauth", 1),
    ("sandbox-redirect", 1),
    ("sandbox-prestep", 2),
    ("sandbox-explicit", 1),
    ("sandbox-token", 1),
    ("sandbox-application", 1),
    ("sandbox-decoupled", 1),
];

/// The page of a customer, and what the bank is told to do.
struct Table {
    hub: Hub,
    browser: Browser,
}

impl Table {
    async fn approve(&self, bank: &str, times: u32) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mood = bank.strip_prefix("sandbox-").unwrap();
        let decision = json!({"decision": "approve", "customer": CUSTOMER, "mood": mood, "times": times});
        let answer = http.post(format!("{}/sca", self.hub.at("bank_control"))).json(&decision).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Connects as the page's script does: the name where the bank wants it, then a journey or a wait.
    async fn connect(&mut self, bank: &Value) -> String {
        let id = bank["id"].as_str().unwrap();
        let name = (bank["psu_id"] == "required").then_some(CUSTOMER);
        let wanted = json!({"bank": id, "name_at_bank": name});
        let started = self.browser.call(Method::POST, "/demo/api/connections", Some(wanted)).await;
        if let Some(session) = started["approval"].as_str() {
            self.wait_for_approval(session).await;
        } else {
            let page = self.browser.visit(started["authorize_url"].as_str().unwrap()).await;
            assert_eq!(page.url().as_str(), self.hub.at("page"), "{id}");
        }
        let overview = self.overview().await;
        assert_eq!(overview["notice"]["tone"], "success", "{id}: {overview}");
        overview["notice"]["session"].as_str().unwrap().to_owned()
    }

    /// Asks when the hub said, as the page does, until there is nothing to ask any more.
    async fn wait_for_approval(&mut self, session: &str) {
        let overview = self.overview().await;
        let shown = overview["connections"].as_array().unwrap().iter().find(|one| one["session"] == session).unwrap();
        assert!(!shown["approval"]["psu_message"].as_str().unwrap().is_empty(), "{shown}");
        let app = self.browser.visit(shown["approval"]["url"].as_str().unwrap()).await;
        assert_eq!(app.status(), 200, "the customer can approve there");
        let mut ask_again_at = shown["pending"]["ask_again_at"].clone();
        for _ in 0..MOST_QUESTIONS {
            tokio::time::sleep(until(&ask_again_at)).await;
            let path = format!("/demo/api/connections/{session}/approval");
            let told = self.browser.call(Method::POST, &path, None).await;
            if told["status"] == "over" {
                return;
            }
            ask_again_at = told["ask_again_at"].clone();
        }
        panic!("the approval is never seen");
    }

    async fn overview(&mut self) -> Value {
        self.browser.call(Method::GET, "/demo/api/overview", None).await
    }

    /// Reads accounts, balances and transactions of a connection.
    async fn look_at(&mut self, session: &str) {
        let path = format!("/demo/api/connections/{session}/accounts");
        let accounts = self.browser.call(Method::GET, &path, None).await;
        let account = accounts["accounts"][0]["account_id"].as_str().unwrap();
        let balances = self.browser.call(Method::GET, &format!("{path}/{account}/balances"), None).await;
        assert!(!balances["balances"].as_array().unwrap().is_empty(), "{balances}");
        let booked = format!("{path}/{account}/transactions?status=booked");
        let transactions = self.browser.call(Method::GET, &booked, None).await;
        assert!(!transactions["transactions"].as_array().unwrap().is_empty(), "{transactions}");
    }
}

/// How long until that moment, which the hub told.
fn until(at: &Value) -> Duration {
    let at: Timestamp = at.as_str().unwrap().parse().unwrap();
    Duration::try_from(at.duration_since(SystemClock.now())).unwrap_or_default()
}

#[tokio::test]
async fn a_customer_connects_a_bank_of_every_mood_sees_accounts_and_disconnects() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let browser = Browser::open(hub.at("page")).await;
    let mut table = Table { hub, browser };
    let banks = table.overview().await["banks"].as_array().unwrap().clone();
    let listed: BTreeSet<_> = banks.iter().map(|bank| bank["id"].as_str().unwrap()).collect();
    assert_eq!(listed, BANKS.map(|(id, _)| id).into_iter().collect());
    for (id, decisions) in BANKS {
        table.approve(id, decisions).await;
        let bank = banks.iter().find(|bank| bank["id"] == id).unwrap();
        let session = table.connect(bank).await;
        table.look_at(&session).await;
        let ended = table.browser.call(Method::DELETE, &format!("/demo/api/connections/{session}"), None).await;
        assert_eq!(ended["status"], "ended", "{id}: {ended}");
    }
    table.hub.stop();
}

#[tokio::test]
async fn an_incident_is_played_told_in_the_hubs_words_and_ended() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let browser = Browser::open(hub.at("page")).await;
    let mut table = Table { hub, browser };
    table.approve("sandbox-redirect", 1).await;
    let session = table.connect(&json!({"id": "sandbox-redirect"})).await;

    let listed = table.browser.call(Method::GET, "/demo/api/incidents", None).await;
    let incidents = listed["incidents"].as_array().unwrap();
    assert!(incidents.iter().all(|one| !one["what"].as_str().unwrap().is_empty() && one["source"].is_string()));
    let is_on = |listed: &Value| {
        let all = listed["incidents"].as_array().unwrap();
        all.iter().filter(|one| one["on"] == true).map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    assert!(is_on(&listed).is_empty());

    let wanted = json!({"name": "html_200_maintenance", "bank": "sandbox-redirect"});
    table.browser.call(Method::POST, "/demo/api/incidents", Some(wanted)).await;
    let listed = table.browser.call(Method::GET, "/demo/api/incidents", None).await;
    assert_eq!(is_on(&listed), ["html_200_maintenance"]);
    let path = format!("/demo/api/connections/{session}/accounts");
    let (status, problem) = table.browser.refused(Method::GET, &path).await;
    assert_eq!((status, &problem["code"]), (502, &json!("bank_response_invalid")), "{problem}");
    assert_eq!(problem["next_action"], "contact_bank");

    table.browser.call(Method::DELETE, "/demo/api/incidents", None).await;
    let listed = table.browser.call(Method::GET, "/demo/api/incidents", None).await;
    assert!(is_on(&listed).is_empty());
    table.look_at(&session).await;
    table.hub.stop();
}
