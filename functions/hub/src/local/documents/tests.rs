//! The hub reads what is written.

use shared::{
    config::{bank_document::read_banks, environment::Environment, tenant_document::read_tenants},
    domain::tenant::TenantRole,
};

use super::*;

const HUB: &str = "http://127.0.0.1:8080";

async fn written() -> (tempfile::TempDir, DataFolder, SandboxBank) {
    let place = tempfile::tempdir().unwrap();
    let folder = DataFolder::at(place.path().to_owned());
    let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await.unwrap();
    write(&folder, HUB, &bank).unwrap();
    (place, folder, bank)
}

#[tokio::test]
async fn the_hub_reads_the_banks_with_and_without_oauth() {
    let (_place, folder, bank) = written().await;
    let banks = read_banks(&folder.banks(), Environment::Live).unwrap();
    let bank_of = |id: &str| banks.iter().find(|bank| bank.id.as_str() == id).unwrap();
    let [oauth, redirect] = [OAUTH, REDIRECT].map(bank_of);
    assert_eq!(oauth.addresses.api.as_str(), format!("{}/oauth", bank.api_url()));
    assert_eq!(oauth.oauth.as_ref().unwrap().client_id, ORGANISATION);
    assert!(redirect.oauth.is_none());
}

#[tokio::test]
async fn the_hub_reads_the_bank_of_every_mood() {
    let (_place, folder, bank) = written().await;
    let banks = read_banks(&folder.banks(), Environment::Live).unwrap();
    let mut ids: Vec<_> = banks.iter().map(|bank| bank.id.as_str()).collect();
    let mut moods = sandbox_bank::Mood::ALL.map(|mood| format!("sandbox-{mood}"));
    let mut listed = BANKS;
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ids, listed);
    moods.sort_unstable();
    assert_eq!(ids, moods);
    for read in &banks {
        let mood = read.id.as_str().trim_start_matches("sandbox-");
        assert_eq!(read.addresses.api.as_str(), format!("{}/{mood}", bank.api_url()));
        assert!(read.addresses.is_web(&bank.web_url().parse().unwrap()));
    }
}

#[tokio::test]
async fn the_hub_reads_every_issuer_and_only_crms_have_return_urls() {
    let (_place, folder, _bank) = written().await;
    let tenants = read_tenants(&folder.tenants()).unwrap();
    let [demo, other, scheduler] = tenants.as_slice() else { panic!("{}", tenants.len()) };
    assert_eq!(demo.issuer, format!("{HUB}/dev/issuers/demo"));
    assert!(demo.registered_return_url(&format!("{HUB}/demo/return")).is_some());
    assert!(other.registered_return_url(&format!("{HUB}/dev/return")).is_some());
    assert_eq!(scheduler.role, TenantRole::Scheduler);
    assert!(scheduler.return_urls.is_empty());
}

#[tokio::test]
async fn a_second_writing_keeps_documents_of_others() {
    let (_place, folder, bank) = written().await;
    let own = folder.banks().join("my-bank.txt");
    std::fs::write(&own, "mine").unwrap();
    write(&folder, HUB, &bank).unwrap();
    assert_eq!(std::fs::read_to_string(own).unwrap(), "mine");
}
