//! Ending a session over processes (V10, P13).

use http::{Method, StatusCode};
use it::fleet::Function;
use sandbox_bank::{JournalEntry, Rotation};

use crate::world::{PAST_A_TOKEN, World, until};

/// Calls that read data or use tokens for a consent.
fn uses(world: &World) -> usize {
    let is_use = |entry: &JournalEntry| {
        let operation = entry.operation.as_str();
        operation == "accounts" || entry.grant_type.as_deref() == Some("refresh_token")
    };
    world.bench.bank.journal().into_iter().filter(is_use).count()
}

/// Whatever was under way when the end was acknowledged, nobody begins anything after it, at any process.
#[tokio::test]
async fn after_the_end_was_acknowledged_no_process_calls_the_bank() {
    for rotation in [Rotation::Grace, Rotation::Family] {
        let world = World::start(rotation).await;
        for round in 0..8 {
            let session = world.bench.crm().connect("oauth").await;
            world.read_many(&session, 6).await; // every process has seen it work
            if round % 2 == 1 {
                world.bench.advance(PAST_A_TOKEN);
                world.slow_tokens(world.dice(200), 1).await;
            }
            let path = format!("/v1/sessions/{session}");
            let (_, ended) = tokio::join!(world.read_many(&session, 6), async {
                tokio::time::sleep(std::time::Duration::from_millis(world.dice(150))).await;
                world.bench.crm().delete(&path).await
            });
            assert_eq!(ended.status, StatusCode::OK, "{:?}", ended.body);
            let before = uses(&world);
            for process in world.hub.fleet.of(Function::AccountProxy) {
                assert_eq!(world.read_at(process, &session).await.problem(), (409, "session_ended"));
            }
            assert_eq!(uses(&world), before, "{rotation:?}, round {round}");
            world.bench.advance(60);
            world.bench.run_upkeep().await;
            assert_eq!(world.bench.crm().get(&path).await.text("status"), "ended", "{rotation:?}, round {round}");
        }
        world.assert_no_token_was_used_too_often(rotation);
    }
}

/// T20: ending twice at once is ending once, and tokens that a refresh brings after the end are revoked too.
#[tokio::test]
async fn ending_twice_while_a_refresh_runs_ends_everything() {
    let world = World::start(Rotation::Family).await;
    for round in 1..=5 {
        let session = world.bench.crm().connect("oauth").await;
        world.bench.advance(PAST_A_TOKEN);
        world.slow_tokens(300, 1).await;
        let path = format!("/v1/sessions/{session}");
        let end = async {
            until("the refresh reaches the bank", || world.refreshes().len() == round).await;
            let crm = world.bench.crm();
            tokio::join!(crm.call(Method::DELETE, &path, None, &[]), crm.call(Method::DELETE, &path, None, &[]))
        };
        let (read, (one, other)) = tokio::join!(world.read(&session), end);
        assert_eq!(read.problem(), (409, "session_ended"));
        assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
        world.bench.advance(60);
        world.bench.run_upkeep().await;
        assert_eq!(world.bench.crm().get(&path).await.text("status"), "ended");
        let stored = world.stored(&session).await;
        assert!(stored.access.is_none() && stored.retiring.iter().all(|old| old.grant.is_none()));
    }
}
