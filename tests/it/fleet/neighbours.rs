//! One bank's fault is not another's (V8, O8, Q14).

use std::time::Duration;

use http::StatusCode;
use it::fleet::{Function, Size};
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{World, seed, until};

const CALLERS: usize = 100;

/// Calls that one process has under way at one bank.
const IN_FLIGHT: usize = 8;

const PROCESSES: usize = 2;

/// Calls to the other bank: before, and while the first one hangs.
const CALLS: usize = 40;

/// How much slower they may become. Two cores serve everybody here, the hundred callers too.
const FACTOR: u32 = 25;

/// The least that counts as the usual time of a call, so that a lucky start does not ask for too much.
const USUAL: Duration = Duration::from_millis(20);

/// A hundred callers wait for a bank that hangs. It gets as many calls as it may have under way; the other callers are
/// told at once. All the while the other bank is called as ever, by the same processes.
#[tokio::test]
async fn a_bank_that_hangs_slows_no_other() {
    let limits = format!("[limits]\nin_flight = {IN_FLIGHT}\ntotal_millis = 30000");
    let size = Size::of_each(1).with(Function::AccountProxy, PROCESSES);
    let world = World::of(Rotation::Grace, &limits, size).await;
    let (hanging, well) = (world.bench.crm().connect("oauth").await, world.bench.crm().connect("redirect").await);
    world.read_many(&hanging, PROCESSES).await;
    let before = times(&world, &well).await;
    // Longer than anything here takes; the test ends before the bank answers.
    let hang = json!({"operation": "accounts", "mood": "oauth", "fault": {"kind": "delay", "millis": 29_000}});
    world.bench.control("POST", "/faults", hang).await;
    let crm = world.bench.crm();
    let presence = crm.presence(&hanging);
    let path = format!("/v1/sessions/{hanging}/accounts");
    let headers = [("psu-presence", presence.as_str())];
    let told = async {
        let mut calls: futures::stream::FuturesUnordered<_> =
            (0..CALLERS).map(|_| crm.get_with(&path, &headers)).collect();
        let mut told = Vec::new();
        while told.len() < CALLERS - PROCESSES * IN_FLIGHT {
            told.push(futures::StreamExt::next(&mut calls).await.unwrap());
        }
        (told, calls)
    };
    let meanwhile = async {
        until("the bank hangs", || waiting(&world) == PROCESSES * IN_FLIGHT).await;
        times(&world, &well).await
    };
    let ((told, still), during) = tokio::join!(told, meanwhile);
    assert_eq!(waiting(&world), PROCESSES * IN_FLIGHT, "seed {}: the bank still hangs", seed());
    for answer in told {
        assert_eq!(answer.problem(), (503, "bank_busy"), "seed {}: {:?}", seed(), answer.body);
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(still.len(), PROCESSES * IN_FLIGHT, "these wait for their answers");
    let usual = slowest(&before).max(USUAL);
    println!("slowest of {CALLS} calls: {usual:?} before, {:?} beside a bank that hangs", slowest(&during));
    assert!(slowest(&during) <= usual * FACTOR, "seed {}: {before:?} {during:?}", seed());
}

/// How long each of some reads takes, one after another, the processes in turn.
async fn times(world: &World, session: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let began = Instant::now();
        let answer = world.read(session).await;
        assert_eq!(answer.status, StatusCode::OK, "seed {}: {:?}", seed(), answer.body);
        times.push(began.elapsed());
    }
    times
}

fn slowest(times: &[Duration]) -> Duration {
    times.iter().copied().max().unwrap_or_default()
}

/// Calls that the bank has not answered.
fn waiting(world: &World) -> usize {
    world.bench.bank.journal().iter().filter(|entry: &&JournalEntry| entry.status.is_none()).count()
}
