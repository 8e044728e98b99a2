//! Without store or keys nothing leaves (V14, P12), and what is missing is told.

use http::StatusCode;
use sandbox_bank::Rotation;
use serde_json::json;

use crate::world::{PAST_A_TOKEN, World, until_async};

#[tokio::test]
async fn without_the_store_nothing_reaches_the_bank() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    assert_eq!(world.read(&session).await.status, StatusCode::OK);
    for age in [0, PAST_A_TOKEN] {
        world.bench.advance(age);
        world.hub.emulator.refuse(true);
        let before = world.bench.bank.journal().len();
        for answer in world.read_many(&session, 12).await {
            assert_eq!(answer.problem(), (503, "store_unavailable"));
            assert_eq!(answer.text("next_action"), "wait");
        }
        assert_eq!(world.bench.bank.journal().len(), before, "the journal is silent");
        let missing = json!({"store": "unavailable", "keys": "ready"});
        let ready = world.bench.comes_to("/ready", |answer| answer.body == missing).await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        world.hub.emulator.refuse(false);
        until_async("the store is found again", async || world.read(&session).await.status == StatusCode::OK).await;
    }
}

#[tokio::test]
async fn without_keys_nothing_reaches_the_bank() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    world.bench.cut_keys_off(true).await;
    let before = world.bench.bank.journal().len();
    for answer in world.read_many(&session, 12).await {
        assert_eq!(answer.problem(), (503, "keys_unavailable"));
    }
    assert_eq!(world.bench.bank.journal().len(), before, "the journal is silent");
    let missing = json!({"store": "ready", "keys": "unavailable"});
    let ready = world.bench.comes_to("/ready", |answer| answer.body == missing).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    world.bench.cut_keys_off(false).await;
    assert_eq!(world.read(&session).await.status, StatusCode::OK);
}

/// F12: a store that has forgotten everything is an empty store.
#[tokio::test]
async fn what_the_store_has_forgotten_is_unknown() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    world.hub.wipe_the_store().await;
    assert_eq!(world.read(&session).await.problem(), (404, "not_found"));
    let again = world.bench.crm().connect("oauth").await;
    assert_eq!(world.read(&again).await.status, StatusCode::OK);
}
