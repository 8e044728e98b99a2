//! Each trouble has its line, says what to do, and ends with 1.

use std::fs;

use kms_stand_in::{Permission, VersionState};
use shared::testing::firestore_emulator::FirestoreEmulator;

use super::{deployment::Deployment, index_proxy, issuer};

/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:1";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_missing_or_over() {
    let deployment = Deployment::start().await;
    let qwac = deployment.at("banks").join("qwac.pem");
    fs::remove_file(&qwac).unwrap();
    let said = deployment.doctor(&[]).await;
    said.has_failed("settings", "oauth.toml:10: tls.identity: ");
    said.has_failed("settings", "qwac.pem cannot be read: No such file or directory");
    assert_eq!(said.beginning("ok    store.").len(), 2, "the rest is looked at: {said:#?}");
    fs::write(&qwac, "").unwrap();
    let said = deployment.doctor(&[]).await;
    said.has_failed("identity.oauth", "qwac.pem: the file is empty");
    said.has_failed("identity.sealed", "qwac.pem: the file is empty");
    assert_eq!(said.beginning("skip  tls.oauth").len(), 1, "{said:#?}");

    fs::write(&qwac, &deployment.bank.pki().expired_qwac).unwrap();
    fs::write(deployment.at("banks").join("qseal.pem"), &deployment.bank.pki().qseal_expired).unwrap();
    let said = deployment.doctor(&[]).await;
    said.has_failed("identity.oauth", "the certificate expired at ");
    said.has_failed("seal.sealed", "the certificate expired at ");

    fs::write(&qwac, &deployment.bank.pki().qseal).unwrap();
    deployment.doctor(&[]).await.has_failed("identity.oauth", "the certificate is a QSEAL, but a QWAC is needed");
    fs::write(&qwac, &deployment.bank.pki().stranger).unwrap();
    deployment.doctor(&[]).await.has_failed("tls.oauth", "the handshake failed");
    deployment.restore_certificates();

    fs::remove_file(deployment.at("banks").join("qseal.pem")).unwrap();
    let said = deployment.doctor(&[]).await;
    said.has_failed("settings", "sealed.toml:");
    assert_eq!(said.beginning("ok    tls.oauth").len(), 1, "other banks are looked at: {said:#?}");
    deployment.restore_certificates();

    fs::remove_file(deployment.at("pseudonym")).unwrap();
    deployment.doctor(&[]).await.has_failed("pseudonym-key", "cannot be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_rights() {
    let deployment = Deployment::start().await;
    let said = deployment.doctor(&["--as", "callback"]).await;
    said.has_failed("keys.tokens", "may decrypt what it must not");
    said.has_failed("keys.payloads", "may decrypt what it must not");
    said.has_failed("keys.signing", "may sign what it must not");

    let kms = &deployment.kms;
    kms.deny("tokens", Permission::Decrypt);
    kms.deny("payloads", Permission::Encrypt);
    kms.deny("payloads", Permission::Decrypt);
    kms.deny("signing", Permission::ListVersions);
    let said = deployment.doctor(&["--as", "callback"]).await;
    assert_eq!(said.status, 0, "{said:#?}");
    assert_eq!(said.beginning("ok    keys.tokens  — may encrypt and not decrypt, as it should").len(), 1, "{said:#?}");
    assert_eq!(said.beginning("skip  key-state.signing").len(), 1, "{said:#?}");

    let said = deployment.doctor(&["--as", "account-proxy"]).await;
    said.has_failed("keys.tokens", "may not decrypt");
    said.has_failed("keys.payloads", "may not encrypt");
    said.has_failed("keys.flow", "may decrypt what it must not");

    kms.set_state("flow", 1, VersionState::Disabled).unwrap();
    kms.remove_key("tokens").unwrap();
    let said = deployment.doctor(&[]).await;
    said.has_failed("keys.flow", "the key version is not available");
    said.has_failed("key-state.flow", "its version is not enabled");
    said.has_failed("keys.tokens", "the key version is not available");

    kms.stop().await;
    deployment
        .doctor(&[])
        .await
        .has_failed("keys.payloads", "the key service is not available: Cloud KMS cannot be reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_and_its_indexes() {
    let mut deployment = Deployment::start().await;
    let proxy = index_proxy::start(FirestoreEmulator::shared().host(), "balances_due_at").await;
    deployment.set("FIRESTORE_EMULATOR_HOST", Some(proxy));
    let said = deployment.doctor(&[]).await;
    said.has_failed("index.sessions(shard,balances_due_at)", "index.sessions(shard,balances_due_at) is missing");
    assert_eq!(said.beginning("fail").len(), 1, "{said:#?}");
    assert_eq!(said.beginning("ok    store.").len(), 2, "both databases: {said:#?}");

    deployment.set("FIRESTORE_EMULATOR_HOST", Some(NOBODY.to_owned()));
    let said = deployment.doctor(&[]).await;
    assert!(said.beginning("fail  store").len() >= 2 && said.status == 1, "{said:#?}");

    deployment.set("HUB_STORE", Some(format!("redb:{}", deployment.at("none").display())));
    deployment.set("HUB_COUNTERS", None);
    deployment.doctor(&[]).await.has_failed("store", "there is no file");
    assert!(!deployment.at("none").exists(), "the doctor makes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_names_and_others() {
    let mut deployment = Deployment::start().await;
    deployment.write_tenant(&issuer::start_in_1994().await);
    deployment.doctor(&[]).await.has_failed("clock.127.0.0.1", "s ahead");

    deployment.write_tenant(&format!("http://{NOBODY}"));
    let said = deployment.doctor(&[]).await;
    said.has_failed("jwks.acme", "the key set is not available");
    assert_eq!(said.beginning("skip  clock.127.0.0.1").len(), 1, "{said:#?}");
    deployment.write_tenant(&issuer::start().await);

    deployment.write_bank("away", "https://bank.invalid", "");
    let said = deployment.doctor(&[]).await;
    said.has_failed("dns.away", "bank.invalid is not found");
    said.has_failed("tls.away", "the host cannot be reached");
    assert_eq!(said.beginning("ok    tls.oauth").len(), 1, "one bank's fault is not another's: {said:#?}");
    fs::remove_file(deployment.at("banks").join("away.toml")).unwrap();

    deployment.set("HUB_EGRESS_ADDRESS", Some("198.51.100.7".to_owned()));
    deployment.doctor(&[]).await.has_failed("egress", "banks see 192.0.2.1 instead of 198.51.100.7");
    let said = deployment.doctor(&["--other-address", issuer::SEEN]).await;
    assert_eq!(said.status, 0, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_all_told_and_end_with_2() {
    let mut deployment = Deployment::start().await;
    deployment.set("HUB_KMS", Some("nowhere".to_owned()));
    deployment.set("HUB_EGRESS_ADDRESS", None);
    deployment.write_bank("oauth", deployment.bank.api_url(), "surplus = 1\n");
    let before = deployment.setting("HUB_STORE");
    let said = deployment.doctor(&[]).await;
    assert_eq!(said.status, 2, "{said:#?}");
    for part in ["HUB_KMS: neither", "HUB_EGRESS_ADDRESS: not set", "oauth.toml:"] {
        assert!(said.beginning("fail  settings  — ").iter().any(|line| line.contains(part)), "{part}: {said:#?}");
    }
    assert_eq!(said.beginning("fail  settings").len(), said.lines.len(), "nothing else is looked at");
    assert!(said.complaint.contains("nothing else was looked at") && before.is_some());
}
