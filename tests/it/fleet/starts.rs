//! A process that cannot reach what it needs waits, says so, and does not serve.

use std::future::Future;

use http::StatusCode;
use it::fleet::Function;
use sandbox_bank::Rotation;

use crate::world::{World, until};

#[tokio::test]
async fn waits_for_the_store_and_says_so() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    let process = world.any(Function::AccountProxy);
    world.hub.fleet.kill(process);
    world.hub.emulator.refuse(true);
    waits(&world, process, "store", async { world.hub.emulator.refuse(false) }).await;
    assert_eq!(world.read_at(process, &session).await.status, StatusCode::OK);
}

#[tokio::test]
async fn waits_for_the_keys_and_says_so() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    let process = world.any(Function::AccountProxy);
    world.hub.fleet.kill(process);
    world.bench.cut_keys_off(true).await;
    waits(&world, process, "keys", world.bench.cut_keys_off(false)).await;
    assert_eq!(world.read_at(process, &session).await.status, StatusCode::OK);
}

/// A process that is asked to end while it waits ends in order.
#[tokio::test]
async fn ends_while_it_waits() {
    let world = World::start(Rotation::Family).await;
    let process = world.any(Function::Callback);
    world.hub.fleet.kill(process);
    world.hub.emulator.refuse(true);
    world.hub.fleet.begin(process);
    until("it says what it waits for", || world.hub.fleet.log(process).contains("not serving yet")).await;
    world.hub.fleet.terminate(process);
    until("it has ended", || world.hub.fleet.ended(process).is_some()).await;
    assert_eq!(world.hub.fleet.ended(process), Some(true));
}

async fn waits(world: &World, process: usize, what: &str, give_back: impl Future<Output = ()>) {
    world.hub.fleet.begin(process);
    let waiting = format!("\"dependency\":\"{what}\"");
    until("it says what it waits for", || world.hub.fleet.log(process).contains(&waiting)).await;
    assert!(!world.hub.fleet.serves(process), "it does not serve");
    give_back.await;
    world.hub.fleet.until_serving().await;
}
