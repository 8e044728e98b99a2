//! Looking at keys: rights, standing, and what is named as missing.

use std::time::Duration;

use kms_stand_in::{Permission, VersionState};
use shared::{
    domain::{purpose::Purpose, readiness::Component},
    ports::{
        key_inspection::{HubKey, KeyInspection, Rights},
        keys::{KeyWrap, Signer},
    },
};

use crate::bench::Bench;

#[tokio::test]
async fn rights_are_told_without_using_a_key() {
    let bench = Bench::start().await;
    let both = Rights { encrypt: true, decrypt: true };
    assert_eq!(bench.keys.rights(Purpose::Tokens).await.unwrap(), both);
    bench.service.deny("tokens", Permission::Decrypt);
    assert_eq!(bench.keys.rights(Purpose::Tokens).await.unwrap(), Rights { decrypt: false, ..both });
    assert_eq!(bench.keys.rights(Purpose::Flow).await.unwrap(), both);
    let calls = bench.service.calls();
    assert_eq!((calls.encrypt, calls.decrypt, calls.test_permissions), (0, 0, 3));
}

#[tokio::test]
async fn a_key_tells_how_it_stands() {
    let bench = Bench::start().await;
    let standing = bench.keys.standing(HubKey::Wrapping(Purpose::Flow)).await.unwrap();
    assert!(standing.is_usable && standing.is_in_hardware && standing.doomed == 0);
    assert_eq!(standing.rotation, Some(Duration::from_hours(90 * 24)));
    bench.service.set_state("flow", 1, VersionState::Disabled).unwrap();
    assert!(!bench.keys.standing(HubKey::Wrapping(Purpose::Flow)).await.unwrap().is_usable);
    assert!(bench.keys.standing(HubKey::Signing).await.unwrap().is_usable);
    bench.service.deny("signing", Permission::GetKey);
    assert!(bench.keys.standing(HubKey::Signing).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_right_that_is_missing_is_told_from_a_service_that_is_away() {
    let bench = Bench::start().await;
    bench.service.deny("tokens", Permission::Encrypt);
    assert!(bench.wrap().await.unwrap_err().is_denied());
    bench.service.stop().await;
    assert!(!bench.wrap().await.unwrap_err().is_denied());
}

#[tokio::test]
async fn what_is_missing_is_named_until_it_is_found() {
    let bench = Bench::start().await;
    let wrapped = bench.wrap().await.unwrap();
    assert!(bench.keys.missing().is_empty());

    bench.service.deny("tokens", Permission::Decrypt);
    bench.unwrap(&wrapped).await.unwrap_err();
    bench.service.set_state("signing", 1, VersionState::Disabled).unwrap();
    bench.keys.public_keys().await.unwrap_err();
    assert_eq!(bench.keys.missing(), [Component::Key("signing"), Component::Key("tokens")]);

    bench.service.set_state("signing", 1, VersionState::Enabled).unwrap();
    bench.keys.public_keys().await.unwrap();
    assert_eq!(bench.keys.missing(), [Component::Key("tokens")], "other uses do not give the right back");

    bench.service.stop().await;
    bench.wrap().await.unwrap_err();
    assert_eq!(bench.keys.missing(), [Component::Key("tokens")], "a service that is away names nothing");
}

#[tokio::test]
async fn a_key_that_is_gone_is_named_when_readiness_is_asked_for() {
    let bench = Bench::start().await;
    bench.keys.ready().await.unwrap();
    bench.service.remove_key("tokens").unwrap();
    bench.keys.ready().await.unwrap_err();
    assert_eq!(bench.keys.missing(), [Component::Key("tokens")]);
}
