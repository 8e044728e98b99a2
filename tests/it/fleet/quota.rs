//! Four a day is exact, over processes, crashes and a slow store (V1, P4; Q1–Q3).

use std::time::Duration;

use http::StatusCode;
use it::{
    bench::crm::Answer,
    fleet::{Function, Size},
};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use sandbox_bank::{JournalEntry, Rotation};
use tokio::time::sleep;

use crate::world::{PAST_A_LEASE, World, seed, until};

const PROCESSES: usize = 8;

/// What the law allows and the bank grants.
pub const LIMIT: usize = 4;

pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A little: longer than a test takes, so that it does not matter how fast the store's own clock runs meanwhile.
pub const A_LITTLE: i64 = 600;

/// An account under watch: the path of its balances.
pub struct Watched {
    pub balances: String,
}

impl Watched {
    pub async fn connect(world: &World) -> Self {
        let session = world.bench.crm().connect("oauth").await;
        let listed = world.read(&session).await;
        let account = listed.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
        let balances = format!("/v1/sessions/{session}/accounts/{account}/balances");
        Self { balances }
    }
}

/// When the balances were read without the PSU, by the bank's own book. A call whose token the bank refuses reads
/// nothing, and no bank counts it.
pub fn reads(world: &World) -> Vec<Timestamp> {
    let is_background = |entry: &JournalEntry| !entry.psu_present && entry.status != Some(401);
    let mut reads: Vec<_> =
        world.bench.reached("balances").into_iter().filter(is_background).map(|entry| entry.at).collect();
    reads.sort_unstable();
    reads
}

/// No 24 hours have more reads than allowed (V1). A read that is a day old to the instant is out.
pub fn assert_no_day_has_too_many(world: &World) {
    let reads = reads(world);
    for beyond in reads.windows(LIMIT + 1) {
        let (first, last) = (beyond[0], beyond[LIMIT]);
        assert!(last.duration_since(first) >= DAY, "seed {}: {} reads from {first} to {last}", seed(), LIMIT + 1);
    }
}

/// Every process is asked so many times at once.
async fn burst(world: &World, path: &str, times: usize) -> Vec<Answer> {
    let processes = world.hub.fleet.of(Function::AccountProxy);
    let calls = processes.iter().flat_map(|process| (0..times).map(move |_| world.background_at(*process, path)));
    futures::future::join_all(calls).await.into_iter().flatten().collect()
}

/// How many were served. Those that were not were told that the hub counts, and until when.
fn served(answers: &[Answer]) -> usize {
    for refused in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        assert_eq!(refused.problem(), (429, "quota_exhausted"), "seed {}: {:?}", seed(), refused.body);
        assert_eq!(refused.body["limited_by"], "hub", "seed {}: {:?}", seed(), refused.body);
        assert!(refused.body["retry_at"].is_string() && refused.headers.contains_key("retry-after"));
    }
    answers.iter().filter(|answer| answer.status == StatusCode::OK).count()
}

async fn start(processes: usize) -> World {
    World::of(Rotation::Grace, "", Size::of_each(1).with(Function::AccountProxy, processes)).await
}

/// Moves the clocks to two minutes before midnight (UTC).
fn until_midnight(world: &World) {
    let today = world.bench.now().to_zoned(TimeZone::UTC);
    let midnight = today.start_of_day().unwrap().checked_add(1.day()).unwrap().timestamp();
    world.bench.advance(midnight.as_second() - world.bench.now().as_second() - 120);
}

/// Q1, Q2: eight processes at once, before midnight and after it, with a store that takes its time.
#[tokio::test]
async fn a_burst_at_every_process_gets_four_reads_a_day() {
    let world = start(PROCESSES).await;
    let watched = Watched::connect(&world).await;
    until_midnight(&world);
    let first = futures::future::join_all(
        (0..2).map(|_| world.background_at(world.any(Function::AccountProxy), &watched.balances)),
    )
    .await;
    assert!(first.iter().flatten().all(|answer| answer.status == StatusCode::OK));
    world.bench.advance(240);
    world.hub.emulator.delay(Duration::from_millis(10));
    assert_eq!(served(&burst(&world, &watched.balances, 4).await), LIMIT - 2, "seed {}", seed());
    assert_eq!(reads(&world).len(), LIMIT, "seed {}: another day does not begin at midnight", seed());
    world.bench.advance(DAY.as_secs() - 240 - A_LITTLE);
    assert_eq!(served(&burst(&world, &watched.balances, 1).await), 0, "seed {}", seed());
    for day in 2..4 {
        world.bench.advance(240 + 2 * A_LITTLE);
        assert_eq!(served(&burst(&world, &watched.balances, 3).await), LIMIT, "seed {}: all have come free", seed());
        assert_eq!(reads(&world).len(), LIMIT * day, "seed {}", seed());
        world.bench.advance(DAY.as_secs() - 240 - A_LITTLE);
        assert_eq!(served(&burst(&world, &watched.balances, 1).await), 0, "seed {}", seed());
    }
    assert_no_day_has_too_many(&world);
}

/// Q3: a process is killed somewhere between the reservation and the answer. Its slot may be lost, and is never used
/// twice.
#[tokio::test]
async fn a_kill_after_the_reservation_costs_a_slot_at_most() {
    let world = start(4).await;
    let watched = Watched::connect(&world).await;
    let mut lost = 0;
    for round in 0..8 {
        let (before, delay) = (reads(&world).len(), world.dice(200));
        world.bench.fault("balances", serde_json::json!({"kind": "delay", "millis": delay}), 2).await;
        let victim = world.any(Function::AccountProxy);
        let doomed = futures::future::join_all((0..2).map(|_| world.background_at(victim, &watched.balances)));
        let kill = async {
            sleep(Duration::from_millis(world.dice(250))).await;
            world.hub.fleet.kill(victim);
            world.hub.fleet.replace(victim).await;
        };
        tokio::join!(doomed, kill);
        world.bench.control("DELETE", "/faults", serde_json::Value::Null).await;
        world.bench.advance(PAST_A_LEASE);
        burst(&world, &watched.balances, 3).await;
        let reached = reads(&world).len() - before;
        assert!((LIMIT - 2..=LIMIT).contains(&reached), "seed {}, round {round}: {reached} reads", seed());
        lost += LIMIT - reached;
        world.bench.advance(DAY.as_secs() + A_LITTLE);
    }
    assert_no_day_has_too_many(&world);
    println!("8 kills, {lost} of 32 reads lost");
}

/// Commits land although their answers are lost: a slot that is taken may go unused, none is taken twice.
#[tokio::test]
async fn lost_answers_of_the_store_give_nobody_a_fifth_read() {
    let world = start(4).await;
    let watched = Watched::connect(&world).await;
    for round in 0..6 {
        let before = reads(&world).len();
        world.hub.emulator.cut_answers(1 + usize::try_from(world.dice(4)).unwrap());
        burst(&world, &watched.balances, 3).await;
        world.hub.emulator.cut_answers(0);
        burst(&world, &watched.balances, 2).await;
        let reached = reads(&world).len() - before;
        assert!((1..=LIMIT).contains(&reached), "seed {}, round {round}: {reached} reads", seed());
        world.bench.advance(DAY.as_secs() + A_LITTLE);
    }
    assert!(world.hub.emulator.cuts() >= 6, "every round has cut a commit's answer");
    assert_no_day_has_too_many(&world);
}

/// A slot comes back only if the bank never saw the call: a bank that is not there costs nothing.
#[tokio::test]
async fn calls_that_surely_did_not_leave_cost_no_slot() {
    let world = start(3).await;
    let watched = Watched::connect(&world).await;
    world.bench.control("POST", "/incidents", serde_json::json!({"name": "dns_gone"})).await;
    for _ in 0..2 {
        let process = world.any(Function::AccountProxy);
        let answer = world.background_at(process, &watched.balances).await.unwrap();
        assert_eq!(answer.problem().1, "bank_unreachable", "seed {}: {:?}", seed(), answer.body);
    }
    world.bench.control("DELETE", "/incidents", serde_json::Value::Null).await;
    assert_eq!(served(&burst(&world, &watched.balances, 3).await), LIMIT, "seed {}", seed());
    until("the bank has seen them", || reads(&world).len() == LIMIT).await;
}
