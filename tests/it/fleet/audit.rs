//! Whatever is killed and whoever hangs up, every call to a bank and every change has its one record (V6, P11).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{Method, StatusCode};
use it::fleet::Function;
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::Value;
use shared::{
    domain::audit::{AuditEvent, AuditRecord},
    ports::documents::{Collection, Query},
};
use tokio::time::{Instant, sleep};

use crate::world::{PAST_A_LEASE, PAST_A_TOKEN, World, seed, until};

const ROUNDS: usize = 5;

/// Calls at once to the process that is killed.
const DOOMED: usize = 3;

/// The bank whose calls are made by processes that are killed, and by no others.
const KILLED_AT: &str = "application";

/// Kills in the middle of reads and refreshes, callers that hang up, jobs and ends that come twice: what the journal has is
/// what the audit has, each once. Only what a process had under way when it was killed may be without a record.
#[tokio::test]
async fn every_bank_call_and_change_has_one_record() {
    let world = World::start(Rotation::Grace).await;
    let crm = world.bench.crm();
    let (doomed, safe) = (crm.connect(KILLED_AT).await, crm.connect("oauth").await);
    for _ in 0..ROUNDS {
        world.bench.advance(PAST_A_TOKEN);
        world.slow_tokens(world.dice(100), 2).await;
        let [victim, other, third] = world.hub.fleet.of(Function::AccountProxy)[..] else { panic!("three") };
        let kill = async {
            sleep(Duration::from_millis(world.dice(300))).await;
            world.hub.fleet.kill(victim);
            world.hub.fleet.replace(victim).await;
        };
        let killed = futures::future::join_all((0..DOOMED).map(|_| world.try_read_at(victim, &doomed)));
        let read = futures::future::join_all([other, third, other].map(|process| world.read_at(process, &safe)));
        let jobs = async { tokio::join!(world.bench.run_upkeep(), world.bench.run_upkeep()) };
        let (.., read, _) = tokio::join!(kill, killed, read, jobs);
        for answer in read {
            assert_eq!(answer.status, StatusCode::OK, "seed {}: {:?}", seed(), answer.body);
        }
        world.bench.advance(PAST_A_LEASE);
        hang_up(&world, other, &safe).await;
        ends_twice(&world).await;
    }
    settle(&world).await;
    assert_calls_are_recorded_once(&world);
    assert_changes_are_recorded_once(&world, &[&doomed, &safe]).await;
}

/// Waits until every call has its record that a living process made, or says which have none.
async fn settle(world: &World) {
    let patience_ends = Instant::now() + Duration::from_secs(5);
    loop {
        let missing = missing(world);
        if missing.is_empty() {
            break;
        }
        let told = |entry: &JournalEntry| format!("{} {:?} {:?}", entry.seq, entry.operation, entry.mood);
        let told: Vec<_> = missing.iter().map(told).collect();
        assert!(Instant::now() < patience_ends, "seed {}: without a record: {told:?}", seed());
        sleep(Duration::from_millis(20)).await;
    }
}

/// A caller hangs up while the bank is at work.
async fn hang_up(world: &World, process: usize, session: &str) {
    world.bench.fault("accounts", serde_json::json!({"kind": "delay", "millis": 300}), 1).await;
    let before = world.bench.reached("accounts").len();
    tokio::select! {
        _ = world.read_at(process, session) => panic!("the bank answers late"),
        () = until("the call reaches the bank", || world.bench.reached("accounts").len() > before) => {}
    }
}

/// A session is ended twice at once.
async fn ends_twice(world: &World) {
    let crm = world.bench.crm();
    let session = crm.connect("oauth").await;
    let path = format!("/v1/sessions/{session}");
    let end = || crm.call(Method::DELETE, &path, None, &[]);
    let (one, other) = tokio::join!(end(), end());
    assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
}

/// The lines of the audit stream in every process's log.
fn lines(world: &World) -> Vec<(String, AuditEvent)> {
    let logs = world.hub.fleet.logs();
    let entries = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = entries.filter_map(|entry| {
        let event = serde_json::from_str(entry["auditEvent"].as_str()?).unwrap();
        Some((entry["auditId"].as_str()?.to_owned(), event))
    });
    lines.collect()
}

/// How often each id that banks were given is in the audit, and the hub's word for how the call ended.
fn recorded_calls(world: &World) -> BTreeMap<String, (usize, String)> {
    let mut calls = BTreeMap::new();
    for (_, event) in lines(world) {
        // A bare handshake has no id.
        if let AuditEvent::BankCalled { bank_request_id, outcome, .. } = event
            && !bank_request_id.is_empty()
        {
            calls.entry(bank_request_id).or_insert((0, outcome)).0 += 1;
        }
    }
    calls
}

fn arrived(world: &World) -> impl Iterator<Item = (String, JournalEntry)> {
    world.bench.bank.journal().into_iter().filter_map(|entry| Some((entry.request_id.clone()?, entry)))
}

fn is_of_a_killed(entry: &JournalEntry) -> bool {
    serde_json::to_value(entry.mood).unwrap() == KILLED_AT
}

/// Calls that reached a bank, are not recorded, and were not made by a process that was killed.
fn missing(world: &World) -> Vec<JournalEntry> {
    let recorded = recorded_calls(world);
    let unknown = arrived(world).filter(|(id, entry)| !recorded.contains_key(id) && !is_of_a_killed(entry));
    unknown.map(|(_, entry)| entry).collect()
}

fn assert_calls_are_recorded_once(world: &World) {
    let ids: Vec<_> = lines(world).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "seed {}: a record is there twice", seed());
    let recorded = recorded_calls(world);
    let doubled: Vec<_> = recorded.iter().filter(|(_, (times, _))| *times != 1).collect();
    assert!(doubled.is_empty(), "seed {}: recorded more than once: {doubled:?}", seed());
    let arrived: BTreeMap<_, _> = arrived(world).collect();
    let invented: Vec<_> = recorded
        .iter()
        .filter(|(id, (_, outcome))| outcome.parse::<u16>().is_ok() && !arrived.contains_key(*id))
        .collect();
    assert!(invented.is_empty(), "seed {}: answered and never asked: {invented:?}", seed());
    let lost = arrived.keys().filter(|id| !recorded.contains_key(*id)).count();
    assert!(lost <= ROUNDS * (DOOMED + 1), "seed {}: {lost} calls without a record", seed());
    println!("{} calls reached the bank, {lost} of killed processes are not recorded", arrived.len());
}

/// Every change of a session is one commit with its record: what changes once is recorded once, and tokens as often as
/// the generation grew.
async fn assert_changes_are_recorded_once(world: &World, sessions: &[&str]) {
    let query = Query { collection: Collection::Audit, equal: vec![], until: None, after: None, limit: 10_000 };
    let found = world.bench.documents().find(&query).await.unwrap();
    let records: Vec<AuditRecord> = found.iter().map(|found| found.stored.document.parse().unwrap()).collect();
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for record in &records {
        let kind = serde_json::to_value(&record.event).unwrap()["kind"].as_str().unwrap().to_owned();
        let session = record.session.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        *counts.entry((session, kind)).or_default() += 1;
    }
    let count = |session: &str, kind: &str| counts.get(&(session.to_owned(), kind.to_owned())).copied().unwrap_or(0);
    for ((session, kind), times) in &counts {
        let is_once = ["session_started", "callback_consumed", "session_activated", "session_ended"];
        assert!(*times == 1 || !is_once.contains(&kind.as_str()), "seed {}: {session} {kind} {times}", seed());
    }
    for session in sessions {
        let grown = count(session, "grant_stored") + count(session, "tokens_refreshed");
        assert_eq!(world.stored(session).await.generation, grown, "seed {}", seed());
    }
    let ended = counts.keys().filter(|(_, kind)| kind == "session_ended").count();
    assert_eq!(ended, ROUNDS, "seed {}: an end that comes twice is one", seed());
}
