//! Canaries: a whole life of a session is lived, then logs, answers and the store are searched for everything secret in
//! it, in every encoding it could hide in.

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use shared::{telemetry::Format, testing::logs::Captured};

use it::bench::{Bench, browser::Browser, crm::parameter};

/// What must be found nowhere, by name.
type Canaries = Vec<(&'static str, String)>;

/// Every form in which a text could stand somewhere.
fn encodings(secret: &str) -> Vec<String> {
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let debug_bytes = format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned();
    vec![
        secret.to_owned(),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
        percent,
        debug_bytes,
        secret.chars().rev().collect(),
    ]
}

fn search(canaries: &Canaries, place: &str, text: &str) {
    for (name, secret) in canaries {
        assert!(secret.len() >= 8, "{name} is too short to search for");
        for encoding in encodings(secret) {
            assert!(!text.contains(&encoding), "{name} stands in {place} as {encoding}");
        }
    }
}

#[tokio::test]
async fn nothing_secret_reaches_logs_answers_or_the_store() {
    let (logs, _guard) = Captured::on_this_thread(Format::Stackdriver, "trace");
    let bench = Bench::start().await;
    let crm = bench.crm();
    bench.decide("approve").await;
    let browser = Browser::new();
    let started = crm.start("oauth").await;
    let session = started.text("session");
    let link = started.text("authorize_url");
    let to_bank = browser.open(&link).await;
    let binding = to_bank.headers["set-cookie"].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    let at_bank = to_bank.location();
    let callback = browser.open(at_bank.as_str()).await.location();
    let back = browser.open(callback.as_str()).await.location();
    let code = parameter(&back, "activation_code");
    let wrong = crm.activate(&session, &code.replace('A', "B")).await;
    crm.activate(&session, &code).await;
    let token = crm.token();
    let presence = crm.presence(&session);
    let accounts = crm.get_with(&format!("/v1/sessions/{session}/accounts"), &[("psu-presence", &presence)]).await;
    let account = accounts.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let identification = accounts.body["accounts"][0]["identification"][0]["value"].as_str().unwrap().to_owned();
    let owner = accounts.body["accounts"][0]["owner_name"].as_str().map(str::to_owned);
    let page = crm.get(&format!("/v1/sessions/{session}/accounts/{account}/transactions?from=2000-01-01")).await;
    let cursor = page.text("next_cursor");
    crm.get(&format!("/v1/sessions/{session}/accounts/{account}/transactions?cursor={cursor}")).await;
    for kept in ["", "?with=balances&raw=true", &format!("/{account}"), &format!("/{account}/balances")] {
        let read = crm.get(&format!("/v1/sessions/{session}/accounts{kept}")).await;
        assert_eq!(read.status, http::StatusCode::OK, "{kept}: {:?}", read.body);
    }
    bench.advance(301);
    crm.get_with(&format!("/v1/sessions/{session}/accounts"), &[("psu-presence", &crm.presence(&session))]).await;
    let banks_secrets = bench.secrets_at_the_bank().await;

    let mut refusals = vec![wrong.body.to_string()];
    for fault in [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "html_200"}),
        json!({"kind": "close"}),
        json!({"kind": "body", "status": 400, "content_type": "application/json", "body": format!("{{\"tppMessages\":[{{\"category\":\"ERROR\",\"code\":\"FORMAT_ERROR\",\"text\":\"bank-text-canary {identification}\"}}]}}")}),
    ] {
        bench.fault("balances", fault, 1).await;
        refusals.push(crm.get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await.body.to_string());
    }
    refusals.push(browser.open(callback.as_str()).await.body);
    refusals.push(
        crm.bare(http::Method::GET, "/v1/banks", &[("authorization", &format!("Bearer {token}x"))])
            .await
            .body
            .to_string(),
    );
    let store_while_alive = bench.store_as_text().await;
    for kind in ["accounts", "account", "balances", "transactions"] {
        assert!(store_while_alive.contains(&format!("{session}.{kind}")), "the last good {kind} are in the store");
    }
    crm.delete(&format!("/v1/sessions/{session}")).await;

    let ticket = link.rsplit('/').next().unwrap().to_owned();
    let mut canaries: Canaries = vec![
        ("the ticket", ticket),
        ("the state", parameter(&callback, "state")),
        ("the authorisation code", parameter(&callback, "code")),
        ("the binding cookie", binding),
        ("the activation code", code),
        ("the CRM's token", token),
        ("the presence token", presence),
        ("the PSU's reference", "customer-4711".to_owned()),
        ("the PSU's address", "198.51.100.7".to_owned()),
        ("the account number", identification),
        ("the bank's words", "bank-text-canary".to_owned()),
        ("the cursor", cursor),
    ];
    canaries.extend(owner.map(|owner| ("the owner's name", owner)));
    let for_store = canaries.iter().chain(&banks_secrets).filter(|(name, _)| *name != "the cursor").cloned().collect();
    canaries.extend(banks_secrets);
    search(&canaries, "the logs", &logs.text());
    search(&canaries, "the processes' logs", &bench.process_logs());
    search(&for_store, "the store", &store_while_alive);
    search(&for_store, "the store", &bench.store_as_text().await);
    search(&for_store, "the store's file", &bench.store_bytes_as_text());
    for refusal in refusals {
        search(&canaries, "a refusal", &refusal);
    }
    assert!((logs.text() + &bench.process_logs()).contains("\"audit\""), "the logs were captured");
}

#[tokio::test]
async fn every_bank_call_leaves_one_audit_record_with_the_banks_request_id() {
    let (logs, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.crm().first_account(&session).await;
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    let text = logs.text() + &bench.process_logs();
    let records: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let called = records.iter().filter(|record| record.to_string().contains("bank_called")).count();
    assert_eq!(called, bench.bank.journal().iter().filter(|entry| entry.path.is_some()).count());
    for id in bench.bank.journal().into_iter().filter_map(|entry| entry.request_id) {
        assert_eq!(text.matches(&id).count(), 1, "one record of call {id}");
    }
}
