//! Moving data keys under a new key while processes are killed (V15, K8).

use std::time::Duration;

use http::StatusCode;
use it::{bench::crm::Crm, fleet::Function};
use sandbox_bank::Rotation;
use serde_json::Value;
use shared::domain::purpose::Purpose;

use crate::world::World;

const SESSIONS: usize = 12;

#[tokio::test]
async fn every_value_opens_at_every_instant_of_a_rewrap_that_is_killed_again_and_again() {
    let world = World::start(Rotation::Family).await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(world.bench.crm().connect("oauth").await);
    }
    let scheduler = Crm::of(&world.bench, "scheduler").with_scopes("jobs:run");
    let mut kills = 0;
    for _ in 0..3 {
        let old = world.bench.rotate_key(Purpose::Tokens).await;
        loop {
            let run = scheduler.post("/v1/jobs/rewrap", Value::Null);
            let kill = async {
                tokio::time::sleep(Duration::from_millis(world.dice(120))).await;
                for process in world.hub.fleet.of(Function::TokenRefresh) {
                    world.hub.fleet.kill(process);
                    world.hub.fleet.replace(process).await;
                }
            };
            let (answer, ()) = tokio::join!(run, kill);
            kills += 1;
            // Opens every grant with the keys as they are.
            assert_eq!(world.bench.secrets_at_the_bank().await.len(), 3 * SESSIONS);
            if answer.status == StatusCode::OK && answer.body["rewrapped"] == 0 {
                break;
            }
        }
        world.bench.destroy_key(Purpose::Tokens, &old);
        assert_eq!(world.bench.secrets_at_the_bank().await.len(), 3 * SESSIONS, "nothing was left behind");
    }
    for session in &sessions {
        assert_eq!(world.read(session).await.status, StatusCode::OK);
    }
    println!("3 rotations, {kills} runs with a kill");
}
