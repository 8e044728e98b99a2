//! The refresh protocol over processes (V2, V3, V4; T1–T4).

use std::time::Duration;

use http::StatusCode;
use it::fleet::Function;
use sandbox_bank::Rotation;
use tokio::time::sleep;

use crate::world::{PAST_A_LEASE, PAST_A_TOKEN, PAST_PATIENCE, World, until};

const ALL: [Rotation; 3] = [Rotation::None, Rotation::Grace, Rotation::Family];

/// T1: whoever asks, wherever, one refresh serves all.
#[tokio::test]
async fn many_callers_at_many_processes_cause_one_refresh() {
    for rotation in ALL {
        let world = World::start(rotation).await;
        let session = world.bench.crm().connect("oauth").await;
        for round in 1..=5 {
            world.bench.advance(PAST_A_TOKEN);
            let answers = world.read_many(&session, 12).await;
            let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            assert!(statuses.iter().all(|status| *status == StatusCode::OK), "{rotation:?}: {statuses:?}");
            assert_eq!(world.refreshes().len(), round, "{rotation:?}");
        }
        assert_eq!(world.stored(&session).await.generation, 1 + 5, "{rotation:?}: one for each refresh (V4)");
    }
}

/// T2, T3: a process is killed at a random instant around a refresh. Whoever comes next, after the lease, finds out how
/// it stands: where the bank forgives, nothing is lost; where it does not, the session says so, once and for all.
#[tokio::test]
async fn a_kill_at_any_instant_of_a_refresh_costs_at_most_what_the_bank_takes() {
    let mut lost = 0;
    for rotation in ALL {
        let world = World::start(rotation).await;
        let mut session = world.bench.crm().connect("oauth").await;
        for round in 0..12 {
            world.bench.advance(PAST_A_TOKEN);
            world.slow_tokens(world.dice(150), 1).await;
            let victim = world.any(Function::AccountProxy);
            let kill = async {
                sleep(Duration::from_millis(world.dice(300))).await;
                world.hub.fleet.kill(victim);
                world.hub.fleet.replace(victim).await;
                world.bench.advance(PAST_PATIENCE);
            };
            tokio::join!(world.read_many(&session, 6), kill);
            world.bench.advance(PAST_A_LEASE);
            let answer = world.read(&session).await;
            match (answer.problem(), rotation) {
                ((200, _), _) => {}
                ((409, "consent_lost"), Rotation::Family) => {
                    lost += 1;
                    assert_eq!(world.read(&session).await.problem(), (409, "consent_lost"));
                    session = world.bench.crm().connect("oauth").await;
                }
                (problem, _) => panic!("{rotation:?}, round {round}: {problem:?}"),
            }
        }
        world.assert_no_token_was_used_too_often(rotation);
    }
    println!("36 kills, {lost} consents lost where the bank forgives nothing");
}

/// T4: the holder of the lease stands still for longer than the lease and then goes on. Its write is refused, and it
/// does not call again.
#[tokio::test]
async fn a_frozen_holder_comes_too_late() {
    for rotation in ALL {
        let world = World::start(rotation).await;
        for _ in 0..3 {
            let session = world.bench.crm().connect("oauth").await;
            let before = world.refreshes().len();
            world.bench.advance(PAST_A_TOKEN);
            world.slow_tokens(300, 1).await;
            let [holder, other] = world.hub.fleet.of(Function::AccountProxy)[..2] else { panic!("too few") };
            let late = world.read_at(holder, &session);
            let meanwhile = async {
                until("the refresh reaches the bank", || world.refreshes().len() > before).await;
                world.hub.fleet.freeze(holder);
                world.bench.advance(PAST_A_LEASE);
                let answer = world.read_at(other, &session).await;
                let stored = world.stored(&session).await;
                world.hub.fleet.thaw(holder);
                (answer, stored)
            };
            let (late, (answer, stored)) = tokio::join!(late, meanwhile);
            let expected = if rotation == Rotation::Family { (409, "consent_lost") } else { (200, "") };
            assert_eq!(answer.problem(), expected, "{rotation:?}");
            assert!([200, 409, 503].contains(&late.status.as_u16()), "{rotation:?}: {:?}", late.body);
            assert_eq!(world.refreshes().len(), before + 2, "{rotation:?}: the late one does not call again");
            let generation = |session: &shared::domain::session::Session| {
                session.access.as_ref().map(|access| access.grant.generation)
            };
            assert_eq!(
                generation(&world.stored(&session).await),
                generation(&stored),
                "{rotation:?}: it does not write either"
            );
            assert_eq!(world.read(&session).await.problem(), expected, "{rotation:?}");
        }
    }
}

/// V4: commits land although their answers are lost. Each is recognised as our own; nothing is done twice and nothing is
/// lost.
#[tokio::test]
async fn lost_answers_of_the_store_lose_nothing() {
    for rotation in ALL {
        let world = World::start(rotation).await;
        let session = world.bench.crm().connect("oauth").await;
        for round in 1..=10 {
            let (stored, before) = (world.stored_refresh_token().await, world.refreshes().len());
            world.bench.advance(PAST_A_TOKEN);
            world.hub.emulator.cut_answers(1 + usize::try_from(world.dice(2)).unwrap());
            let answers = world.read_many(&session, 4).await;
            for answer in &answers {
                assert!([200, 503].contains(&answer.status.as_u16()), "{rotation:?}: {:?}", answer.body);
            }
            world.hub.emulator.cut_answers(0);
            // A refresh whose outcome could not be written down rests until its lease ends.
            world.bench.advance(PAST_A_LEASE);
            assert_eq!(world.read(&session).await.status, StatusCode::OK, "{rotation:?}, round {round}");
            let used = world.refreshes()[before].token_sha256.clone();
            assert_eq!(used, Some(stored), "{rotation:?}, round {round}: what is stored is what the bank gave last");
        }
        assert!(world.hub.emulator.cuts() >= 10, "every round has cut a commit's answer");
        world.assert_no_token_was_used_too_often(rotation);
    }
}

/// V3: whatever is killed, every consent is usable or says that it is not, one lease after the last kill.
#[tokio::test]
async fn no_consent_is_stuck_after_a_storm_of_kills() {
    for rotation in [Rotation::Grace, Rotation::Family] {
        let world = World::start(rotation).await;
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(world.bench.crm().connect("oauth").await);
        }
        for _ in 0..10 {
            world.bench.advance(PAST_A_TOKEN);
            world.slow_tokens(world.dice(100), 4).await;
            let victim = world.any(Function::AccountProxy);
            let storm = async {
                sleep(Duration::from_millis(world.dice(250))).await;
                world.hub.fleet.kill(victim);
                world.hub.fleet.replace(victim).await;
                world.bench.advance(PAST_PATIENCE);
            };
            let calls = sessions.iter().map(|session| world.read_many(session, 2));
            tokio::join!(futures::future::join_all(calls), storm);
        }
        world.bench.advance(PAST_A_LEASE);
        for session in &sessions {
            let problem = world.read(session).await;
            let problem = problem.problem();
            assert!(problem.0 == 200 || problem == (409, "consent_lost"), "{rotation:?}: {problem:?}");
            assert!(problem.0 == 200 || rotation == Rotation::Family, "{rotation:?}: lost though the bank forgives");
        }
        world.assert_no_token_was_used_too_often(rotation);
    }
}

/// K2, F7: store or keys are away just when the new tokens come. They are kept in memory and stored when that works
/// again, in good time; meanwhile nothing is stored in clear, and nobody asks the bank twice.
#[tokio::test]
async fn tokens_that_cannot_be_stored_at_once_are_stored_a_little_later() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    for (round, of_the_store) in (1..).zip([false, true, false, true]) {
        world.bench.advance(PAST_A_TOKEN);
        world.slow_tokens(300, 1).await;
        let outage = async {
            until("the refresh reaches the bank", || world.refreshes().len() == round).await;
            if of_the_store {
                world.hub.emulator.refuse(true);
            } else {
                world.bench.cut_keys_off(true).await;
            }
            // Longer than the bank takes, shorter than the hub's patience.
            sleep(Duration::from_millis(800)).await;
            if of_the_store {
                world.hub.emulator.refuse(false);
            } else {
                world.bench.cut_keys_off(false).await;
            }
        };
        let (answer, ()) = tokio::join!(world.read(&session), outage);
        assert_eq!(answer.status, StatusCode::OK, "round {round}: {:?}", answer.body);
        assert_eq!(world.refreshes().len(), round);
        assert_eq!(world.read(&session).await.status, StatusCode::OK);
    }
}

/// K2: the keys stay away for longer than the hub can wait. An alarm is raised, nothing is stored, and after the lease
/// the token is used once more (T2).
#[tokio::test]
async fn tokens_that_cannot_be_stored_at_all_raise_an_alarm() {
    let world = World::start(Rotation::Grace).await;
    let session = world.bench.crm().connect("oauth").await;
    world.bench.advance(PAST_A_TOKEN);
    world.slow_tokens(300, 1).await;
    let outage = async {
        until("the refresh reaches the bank", || world.refreshes().len() == 1).await;
        world.bench.cut_keys_off(true).await;
    };
    let (answer, ()) = tokio::join!(world.read(&session), outage);
    assert_eq!(answer.problem(), (503, "keys_unavailable"));
    assert!(world.hub.fleet.logs().contains("token_at_risk"));
    world.bench.cut_keys_off(false).await;
    world.bench.advance(PAST_A_LEASE);
    assert_eq!(world.read(&session).await.status, StatusCode::OK);
    assert_eq!(world.refreshes().len(), 2);
}

/// SIGTERM: a refresh under way is brought to its end, though the caller has hung up.
#[tokio::test]
async fn a_process_that_is_asked_to_end_ends_its_refresh_first() {
    let world = World::start(Rotation::Family).await;
    let session = world.bench.crm().connect("oauth").await;
    for round in 1..=3 {
        world.bench.advance(PAST_A_TOKEN);
        world.slow_tokens(500, 1).await;
        let holder = world.any(Function::AccountProxy);
        {
            let call = world.read_at(holder, &session);
            let arrived = until("the refresh reaches the bank", || world.refreshes().len() == round);
            tokio::select! {
                _ = call => panic!("the bank answers late"),
                () = arrived => {}
            }
        } // the caller is gone
        world.hub.fleet.terminate(holder);
        until("the process has ended", || world.hub.fleet.ended(holder).is_some()).await;
        assert_eq!(world.hub.fleet.ended(holder), Some(true));
        assert_eq!(world.read(&session).await.status, StatusCode::OK);
        assert_eq!(world.refreshes().len(), round, "the tokens that came were stored");
        world.hub.fleet.replace(holder).await;
    }
}
