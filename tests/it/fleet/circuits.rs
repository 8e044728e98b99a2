//! One circuit for the whole fleet (V7, P6; Q10, Q11, Q15), by the bank's journal.

use std::time::Duration;

use http::StatusCode;
use it::{
    bench::crm::Answer,
    fleet::{Function, Size},
};
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{World, seed, until, until_async};

const PROCESSES: usize = 4;

/// Calls that one process has under way at the bank.
const IN_FLIGHT: usize = 4;

/// Callers at one process: most of them wait for their turn.
const CALLERS: usize = 3 * IN_FLIGHT;

/// Failures that open the circuit.
const FAILURES: usize = 5;

/// How long the circuit stays open, by the clock that the tests move.
const COOL_DOWN: i64 = 30;

/// Within this time an open circuit is seen by every process (Q10).
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// Longer than any lease on a probe.
const PAST_A_PROBE: i64 = 90;

struct Circuit {
    world: World,
    session: String,
}

impl Circuit {
    async fn start() -> Self {
        let limits = format!("[limits]\nin_flight = {IN_FLIGHT}\n[circuit]\ncool_down_seconds = {COOL_DOWN}");
        let world = World::of(Rotation::None, &limits, Size::of_each(1).with(Function::AccountProxy, PROCESSES)).await;
        // Longer than any test: a renewed token would ask for the metadata as a probe does.
        world.bench.control("POST", "/tokens", json!({"access_seconds": 1_000_000})).await;
        let session = world.bench.crm().connect("oauth").await;
        let circuit = Self { world, session };
        for process in circuit.processes() {
            assert_eq!(circuit.world.read_at(process, &circuit.session).await.status, StatusCode::OK);
        }
        circuit
    }

    fn processes(&self) -> Vec<usize> {
        self.world.hub.fleet.of(Function::AccountProxy)
    }

    /// Lists of accounts that reached the bank.
    fn calls(&self) -> usize {
        self.world.bench.reached("accounts").len()
    }

    /// Probes that reached the bank: nothing else asks for the metadata, which every process remembers.
    fn probes(&self) -> Vec<JournalEntry> {
        self.world.bench.reached("metadata")
    }

    async fn fault(&self, operation: &str, fault: Value) {
        let order = json!({"operation": operation, "mood": "oauth", "fault": fault});
        self.world.bench.control("POST", "/faults", order).await;
    }

    async fn well_again(&self) {
        self.world.bench.control("DELETE", "/faults", Value::Null).await;
    }

    /// Callers at every process, more than it may have under way, who go on until they are told that the circuit is open.
    async fn load(&self) {
        let caller = async |process: usize| {
            loop {
                match self.world.read_at(process, &self.session).await.problem() {
                    (503, "circuit_open") => break,
                    (502, "bank_unavailable") | (503, "bank_busy") => {}
                    other => panic!("seed {}: {other:?}", seed()),
                }
            }
        };
        let processes = self.processes();
        let callers = processes.iter().flat_map(|process| (0..CALLERS).map(|_| caller(*process)));
        futures::future::join_all(callers).await;
    }

    /// Opens it.
    async fn open(&self) {
        self.fault("accounts", json!({"kind": "status", "status": 500})).await;
        self.load().await;
    }

    /// Every process is asked at once, by as many callers as it may have under way.
    async fn ask_all(&self) -> Vec<Answer> {
        let processes = self.processes();
        let calls = processes
            .iter()
            .flat_map(|process| (0..IN_FLIGHT).map(|_| self.world.try_read_at(*process, &self.session)));
        futures::future::join_all(calls).await.into_iter().flatten().collect()
    }

    /// Comes true: each process serves again.
    async fn closes_everywhere(&self) {
        for process in self.processes() {
            until_async("the circuit is seen closed", async || {
                self.world.read_at(process, &self.session).await.status == StatusCode::OK
            })
            .await;
        }
    }
}

fn are_told_so(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.problem(), (503, "circuit_open"), "seed {}: {:?}", seed(), answer.body);
        assert!(answer.headers.contains_key("retry-after") && answer.body["retry_at"].is_string());
    }
}

/// Q10: failures at any process count for all. Once there are enough, no more calls come than were under way, and soon
/// every process says so without asking the bank.
#[tokio::test]
async fn failures_anywhere_open_the_circuit_everywhere() {
    let circuit = Circuit::start().await;
    let before = circuit.calls();
    circuit.open().await;
    let calls = circuit.calls() - before;
    assert!(calls <= FAILURES + PROCESSES * IN_FLIGHT, "seed {}: {calls} calls reached the bank", seed());
    sleep(SEEN_WITHIN).await; // what is promised, not what is hoped for
    are_told_so(&circuit.ask_all().await);
    assert_eq!(circuit.calls() - before, calls, "seed {}: an open circuit lets nobody through", seed());
    assert!(calls >= FAILURES, "seed {}: {calls} calls are too few to open it", seed());
    println!("{calls} calls until the circuit was open for {PROCESSES} processes");
    let world = &circuit.world;
    let other = world.bench.crm().connect("redirect").await;
    assert_eq!(world.read(&other).await.status, StatusCode::OK, "another bank's circuit is another");
}

/// Two failures at one process and three at others are five, however idle each of them is.
#[tokio::test]
async fn failures_of_several_processes_add_up() {
    let circuit = Circuit::start().await;
    circuit.fault("accounts", json!({"kind": "status", "status": 500})).await;
    let processes = circuit.processes();
    for number in 0..FAILURES {
        let answer = circuit.world.read_at(processes[number % PROCESSES], &circuit.session).await;
        assert_eq!(answer.problem(), (502, "bank_unavailable"), "seed {}: failure {number}", seed());
    }
    let before = circuit.calls();
    sleep(SEEN_WITHIN).await; // what is promised
    are_told_so(&circuit.ask_all().await);
    assert_eq!(circuit.calls(), before, "seed {}", seed());
}

/// Q11: after the cool-down one probe goes out, whoever asks; while it fails the pause grows; once it succeeds all are
/// served again.
#[tokio::test]
async fn the_fleet_sends_one_probe_a_cool_down() {
    let circuit = Circuit::start().await;
    circuit.open().await;
    circuit.fault("metadata", json!({"kind": "status", "status": 500})).await;
    let (calls, mut probes) = (circuit.calls(), circuit.probes().len());
    for pause in [COOL_DOWN, 2 * COOL_DOWN, 4 * COOL_DOWN] {
        circuit.world.bench.advance(pause - 2);
        are_told_so(&circuit.ask_all().await);
        assert_eq!(circuit.probes().len(), probes, "seed {}: within the pause of {pause} s", seed());
        circuit.world.bench.advance(4);
        are_told_so(&circuit.ask_all().await);
        are_told_so(&circuit.ask_all().await);
        probes += 1;
        assert_eq!(circuit.probes().len(), probes, "seed {}: after the pause of {pause} s", seed());
    }
    assert_eq!(circuit.calls(), calls, "seed {}: a probe reads no customer's data", seed());
    circuit.well_again().await;
    circuit.world.bench.advance(8 * COOL_DOWN + 2);
    circuit.ask_all().await;
    assert_eq!(circuit.probes().len(), probes + 1, "seed {}: one probe finds the bank well", seed());
    circuit.closes_everywhere().await;
    assert_eq!(circuit.probes().len(), probes + 1, "seed {}", seed());
    assert!(circuit.probes().iter().all(|probe| probe.consent_id.is_none()), "seed {}: at nobody's cost", seed());
}

/// Q15: the process that probes is killed over it. Nobody else probes while its lease lasts; then somebody does.
#[tokio::test]
async fn a_probe_whose_process_is_killed_is_made_again() {
    let circuit = Circuit::start().await;
    for round in 0..2 {
        circuit.open().await;
        circuit.well_again().await;
        circuit.fault("metadata", json!({"kind": "delay", "millis": 5_000})).await;
        circuit.world.bench.advance(COOL_DOWN + 2);
        let (probes, victim) = (circuit.probes().len(), circuit.world.any(Function::AccountProxy));
        let doomed = circuit.world.try_read_at(victim, &circuit.session);
        let kill = async {
            until("the probe reaches the bank", || circuit.probes().len() > probes).await;
            circuit.world.hub.fleet.kill(victim);
            circuit.world.hub.fleet.replace(victim).await;
        };
        tokio::join!(doomed, kill);
        circuit.well_again().await;
        are_told_so(&circuit.ask_all().await);
        assert_eq!(circuit.probes().len(), probes + 1, "seed {}, round {round}: the lease lasts", seed());
        circuit.world.bench.advance(PAST_A_PROBE);
        circuit.ask_all().await;
        circuit.closes_everywhere().await;
        let new = circuit.probes().len() - probes;
        assert!((2..=3).contains(&new), "seed {}, round {round}: {new} probes", seed());
    }
}
