//! What survives a restart.

use std::path::Path;

use reqwest::Method;
use sandbox_bank::{Settings, StartError, start};
use serde_json::{Value, json};

use crate::tpp::{World, offer, settings};

fn in_directory(path: &Path) -> Settings {
    Settings { data_dir: Some(path.to_owned()), ..settings() }
}

#[tokio::test]
async fn remembers_everything_in_its_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::with(in_directory(directory.path())).await;
    let access = world.access("oauth").await;
    let accounts = world.accounts(&access).await;
    for _ in 0..4 {
        assert_eq!(world.background(&access, "/accounts").await.status, 200);
    }
    world.control(Method::POST, "/tokens", json!({ "access_seconds": 86_400 })).await;
    world.advance(60).await;
    let fault = json!({ "operation": "balances", "fault": { "kind": "status", "status": 503 }, "times": null });
    world.control(Method::POST, "/faults", fault).await;
    world.decide(json!({ "decision": "refuse" })).await;
    let (qwac, journal) = (world.bank.pki().qwac.clone(), world.bank.journal());
    world.bank.stop().await;

    let world = World::with(in_directory(directory.path())).await;
    assert_eq!(world.bank.pki().qwac, qwac);
    assert_eq!(world.bank.journal(), journal);
    assert_eq!(world.control(Method::GET, "/clock", Value::Null).await.body["now"], "2026-11-20T12:01:00Z");
    assert_eq!(world.control(Method::GET, "/tokens", Value::Null).await.body["access_seconds"], 86_400);
    assert_eq!(world.accounts(&access).await, accounts);
    assert_eq!(world.background(&access, "/accounts").await.status, 429);
    assert_eq!(world.attended(&access, &format!("/accounts/{}/balances", accounts[0])).await.status, 503);
    assert_eq!(world.refresh(access.refresh.as_ref().unwrap()).await.status, 200);
    let created = world.consent("redirect", offer()).await;
    world.visit(&world.sca_address(&created).await).await;
    let status = world.get(created.body["_links"]["status"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body["consentStatus"], "rejected");
}

#[tokio::test]
async fn writes_neither_tokens_nor_codes_to_disk() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::with(in_directory(directory.path())).await;
    let access = world.access("oauth").await;
    let secrets = [access.token.unwrap(), access.refresh.unwrap()];
    world.bank.stop().await;
    for file in ["state.json", "journal.jsonl"] {
        let text = std::fs::read_to_string(directory.path().join(file)).unwrap();
        assert!(!text.is_empty());
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{file}");
    }
}

#[tokio::test]
async fn lets_no_second_bank_into_the_same_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(in_directory(directory.path())).await.unwrap();
    let second = start(in_directory(directory.path())).await;
    assert!(matches!(second, Err(StartError::DataDir(_))));
    first.stop().await;
    start(in_directory(directory.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn keeps_to_the_ports_it_was_given() {
    let first = start(settings()).await.unwrap();
    let port = first.api_url().rsplit(':').next().unwrap().parse().unwrap();
    let taken = start(Settings { api_port: port, ..settings() }).await;
    assert!(matches!(taken, Err(StartError::Port { port: refused, .. }) if refused == port));
    first.stop().await;
    let again = start(Settings { api_port: port, ..settings() }).await.unwrap();
    assert_eq!(again.api_url(), format!("https://127.0.0.1:{port}"));
}
