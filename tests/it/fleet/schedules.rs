//! One set of calls for one scheduled run, however often and wherever it is delivered (V18, Q8).

use std::{collections::BTreeMap, time::Duration};

use http::{Method, StatusCode};
use it::{
    bench::crm::{Answer, Crm},
    fleet::{Function, Size},
};
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::Value;
use tokio::time::sleep;

use crate::world::{PAST_A_LEASE, World, seed};

const PROCESSES: usize = 4;

const SESSIONS: usize = 4;

/// The pause between two refreshes of a session's balances: the default is two a day.
const INTERVAL: i64 = 12 * 3600;

struct Scheduled {
    world: World,
    sessions: Vec<String>,
}

impl Scheduled {
    async fn start() -> Self {
        let size = Size::of_each(1).with(Function::TokenRefresh, PROCESSES);
        let world = World::of(Rotation::Grace, "", size).await;
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let session = world.bench.crm().connect("oauth").await;
            assert_eq!(world.read(&session).await.status, StatusCode::OK);
            sessions.push(session);
        }
        // By now every session has its time.
        let scheduled = Self { world, sessions };
        scheduled.world.bench.advance(INTERVAL);
        let time = scheduled.world.bench.now().to_string();
        scheduled.run_to_the_end(&time).await;
        scheduled
    }

    /// One delivery of that run to that process, which may be killed over it.
    async fn deliver(&self, process: usize, schedule_time: &str) -> Option<Answer> {
        let scheduler = Crm::of(&self.world.bench, "scheduler").with_scopes("jobs:run");
        let headers =
            [("x-cloudscheduler-jobname", "refresh-balances"), ("x-cloudscheduler-scheduletime", schedule_time)];
        let url = self.world.url(process);
        let path = "/v1/jobs/refresh-balances";
        scheduler.try_at(&url, Method::POST, path, Some(Value::Null), &headers).await.ok()
    }

    /// The same delivery to every process at once.
    async fn deliver_everywhere(&self, schedule_time: &str) -> Vec<Answer> {
        let processes = self.world.hub.fleet.of(Function::TokenRefresh);
        let deliveries = processes.iter().map(|process| self.deliver(*process, schedule_time));
        futures::future::join_all(deliveries).await.into_iter().flatten().collect()
    }

    /// Delivers a run until nothing is left of it.
    async fn run_to_the_end(&self, schedule_time: &str) {
        for _ in 0..10 {
            let process = self.world.hub.fleet.of(Function::TokenRefresh)[0];
            let answer = self.deliver(process, schedule_time).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "seed {}: {:?}", seed(), answer.body);
            if answer.body["more"] != true {
                return;
            }
        }
        panic!("seed {}: the run never ends", seed());
    }

    /// Reads of balances without the PSU, by consent and account.
    fn reads(&self) -> BTreeMap<(Option<String>, Option<String>), usize> {
        let mut reads = BTreeMap::new();
        let is_background = |entry: &JournalEntry| !entry.psu_present;
        for entry in self.world.bench.reached("balances").into_iter().filter(is_background) {
            *reads.entry((entry.consent_id, entry.account_id)).or_default() += 1;
        }
        reads
    }
}

/// Every process gets the same run at the same time, and once more: each account is read once.
#[tokio::test]
async fn a_run_that_comes_everywhere_at_once_is_made_once() {
    let scheduled = Scheduled::start().await;
    let world = &scheduled.world;
    let before = scheduled.reads();
    assert!(before.len() >= SESSIONS, "seed {}: {before:?}", seed());
    for run in 1..=3 {
        world.bench.advance(INTERVAL);
        let time = world.bench.now().to_string();
        for answer in scheduled.deliver_everywhere(&time).await {
            assert_eq!(answer.status, StatusCode::OK, "seed {}: {:?}", seed(), answer.body);
        }
        scheduled.deliver_everywhere(&time).await;
        scheduled.run_to_the_end(&time).await;
        for (account, times) in scheduled.reads() {
            assert_eq!(times - before[&account], run, "seed {}, run {run}: {account:?}", seed());
        }
    }
    assert_eq!(scheduled.sessions.len(), SESSIONS);
}

/// Every process is killed over a run, which is delivered again. No account is read twice for it, and those that nobody
/// had begun with are read.
#[tokio::test]
async fn a_run_that_is_killed_and_comes_again_reads_nothing_twice() {
    let scheduled = Scheduled::start().await;
    let world = &scheduled.world;
    let mut before = scheduled.reads();
    let (mut read, mut lost) = (0, 0);
    for round in 0..6 {
        world.bench.advance(INTERVAL);
        let time = world.bench.now().to_string();
        world.bench.fault("balances", serde_json::json!({"kind": "delay", "millis": 150}), 6).await;
        let kill = async {
            sleep(Duration::from_millis(100 + world.dice(900))).await;
            for process in world.hub.fleet.of(Function::TokenRefresh) {
                world.hub.fleet.kill(process);
            }
            for process in world.hub.fleet.of(Function::TokenRefresh) {
                world.hub.fleet.begin(process);
            }
            world.hub.fleet.until_serving().await;
        };
        tokio::join!(scheduled.deliver_everywhere(&time), kill);
        // The leases of the dead end by themselves.
        world.bench.advance(PAST_A_LEASE);
        scheduled.deliver_everywhere(&time).await;
        scheduled.run_to_the_end(&time).await;
        let now = scheduled.reads();
        for (account, times) in &now {
            let new = times - before[account];
            assert!(new <= 1, "seed {}, round {round}: {account:?} was read {new} times", seed());
            if new == 1 { read += 1 } else { lost += 1 }
        }
        before = now;
    }
    assert!(read > lost, "seed {}: {read} reads, {lost} left out", seed());
    println!("6 killed runs: {read} accounts read once, {lost} left for the next run");
}
