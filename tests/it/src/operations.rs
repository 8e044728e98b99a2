//! What the hub asks of Firestore, of Cloud KMS and of banks for what it does most: attended calls, refreshes that nobody
//! asked for, and calls that it refuses; and how much it writes to its log. Counted, not timed.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    ports::documents::{Collection, Query},
    telemetry::Format,
    testing::logs::Captured,
};
use tokio::time::Instant;
use tracing::subscriber::DefaultGuard;

use crate::bench::{
    Bench,
    crm::{Answer, Crm},
    hub_side::in_process::InProcess,
};

/// Calls of the CRM that are counted together.
const CALLS: usize = 1_000;

/// Calls that are under way at once.
const AT_ONCE: usize = 20;

/// Half a day: by then every session's balances are due, and no access token is good any more.
const HALF_A_DAY: i64 = 12 * 3600 + 1800;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Documents read.
    pub reads: u64,
    /// Documents written.
    pub writes: u64,
    /// Calls of the key service.
    pub keys: u64,
    /// Calls that reached the bank.
    pub bank: u64,
    /// Bytes of log lines, as Cloud Logging gets them.
    pub log: u64,
}

/// What was done, and what it took.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    pub cost: Cost,
}

/// A hub whose store, keys and bank count.
struct Stand {
    bench: Bench,
    hub: Arc<InProcess>,
    log: Captured,
    _guard: DefaultGuard,
}

/// Counts everything. Fails if anything is not answered as it should be. The lines of the log are those of this thread, so
/// the hub must not be moved to another: run it on a runtime of one thread.
pub async fn measure() -> Vec<Row> {
    [warm().await, refreshed("redirect").await, refreshed("oauth").await, refused().await].concat()
}

/// The rows as a table.
pub fn table(rows: &[Row]) -> String {
    let head = "| what | reads | writes | Cloud KMS | calls to the bank |\n| --- | --- | --- | --- | --- |\n";
    rows.iter().fold(head.to_owned(), |mut table, Row { what, cost }| {
        let Cost { reads, writes, keys, bank, log: _ } = cost;
        writeln!(table, "| {what} | {reads} | {writes} | {keys} | {bank} |").unwrap();
        table
    })
}

impl Stand {
    async fn start(further: &str) -> Self {
        let (bench, hub) = Bench::in_one_process_with(further).await;
        bench.allow_several_consents().await;
        let (log, guard) = Captured::on_this_thread(Format::Stackdriver, "info");
        Self { bench, hub, log, _guard: guard }
    }

    fn asked_so_far(&self) -> Cost {
        let (counts, keys) = (self.hub.counts(), self.hub.key_calls());
        let bank = self.bench.bank.journal().len() as u64;
        let log = self.log.text().len() as u64;
        Cost { reads: counts.reads, writes: counts.writes, keys: keys.wraps + keys.unwraps, bank, log }
    }

    async fn cost<T>(&self, work: impl Future<Output = T>) -> (T, Cost) {
        let before = self.asked_so_far();
        let done = work.await;
        let after = self.asked_so_far();
        let cost = Cost {
            reads: after.reads - before.reads,
            writes: after.writes - before.writes,
            keys: after.keys - before.keys,
            bank: after.bank - before.bank,
            log: after.log - before.log,
        };
        (done, cost)
    }

    /// A session whose accounts are known, and how many they are; and the path of the first one's balances.
    async fn connected(&self, bank: &str) -> (String, usize, String) {
        let crm = self.bench.crm();
        let session = crm.connect(bank).await;
        let path = format!("/v1/sessions/{session}/accounts");
        let listed = self.attended(&session, &path).await;
        assert_eq!(listed.status, StatusCode::OK, "{:?}", listed.body);
        let accounts = listed.body["accounts"].as_array().unwrap();
        let first = accounts[0]["account_id"].as_str().unwrap();
        (session, accounts.len(), format!("{path}/{first}/balances"))
    }

    /// How many shards have a session. Each costs a lease however many sessions it has, so chance decides what a run costs.
    async fn shards(&self) -> u64 {
        let query = Query { collection: Collection::Sessions, equal: vec![], until: None, after: None, limit: 1_000 };
        let found = self.bench.documents().find(&query).await.unwrap();
        let shards = found.iter().map(|found| format!("{:?}", found.stored.document.field("shard").unwrap()));
        shards.collect::<BTreeSet<_>>().len() as u64
    }

    async fn attended(&self, session: &str, path: &str) -> Answer {
        let crm = self.bench.crm();
        let presence = crm.presence(session);
        crm.get_with(path, &[("psu-presence", &presence)]).await
    }

    async fn run(&self, job: &str) -> Value {
        let scheduler = Crm::of(&self.bench, "scheduler").with_scopes("jobs:run");
        let answer = scheduler.call(Method::POST, &format!("/v1/jobs/{job}"), Some(Value::Null), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.body
    }
}

async fn warm() -> Vec<Row> {
    let stand = Stand::start("").await;
    let (session, _, path) = stand.connected("oauth").await;
    stand.attended(&session, &path).await;
    let (looks, began) = (stand.hub.circuit_counts(), Instant::now());
    let calls = async {
        for _ in 0..CALLS / AT_ONCE {
            for answer in join_all((0..AT_ONCE).map(|_| stand.attended(&session, &path))).await {
                assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
            }
        }
    };
    let ((), cost) = stand.cost(calls).await;
    let after = stand.hub.circuit_counts();
    assert_eq!(after.writes, looks.writes, "a healthy bank's circuit is not written");
    assert!(after.reads - looks.reads <= began.elapsed().as_secs() + 1, "it is read once a second at most");
    vec![Row { what: "1,000 warm attended calls".to_owned(), cost }]
}

/// The job's runs: with nothing due, with one session and with ten.
async fn refreshed(bank: &str) -> Vec<Row> {
    let stand = Stand::start("[background]\ncanaries = 0").await;
    let mut rows = Vec::new();
    let (_, cost) = stand.cost(stand.run("refresh-balances")).await;
    if bank == "redirect" {
        rows.push(Row { what: "`refresh-balances`, nothing due".to_owned(), cost });
    }
    let tokens = if bank == "redirect" { "" } else { ", a new access token each" };
    for (sessions, new) in [(1, 1), (10, 9)] {
        let mut accounts = 0;
        for _ in 0..new {
            accounts = stand.connected(bank).await.1;
        }
        stand.bench.advance(HALF_A_DAY);
        let (summary, mut cost) = stand.cost(stand.run("refresh-balances")).await;
        assert_eq!(summary["refreshed"], sessions, "{summary}");
        // As if all were in one shard: a lease is read twice and written twice.
        let others = stand.shards().await - 1;
        cost.reads -= 2 * others;
        cost.writes -= 2 * others;
        let what = if sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") };
        let what = format!("`refresh-balances`, {what} of {accounts} accounts{tokens}");
        rows.push(Row { what, cost });
    }
    rows
}

/// Calls that do not reach the bank.
async fn refused() -> Vec<Row> {
    let mut rows = Vec::new();
    let stand = Stand::start("").await;
    let (session, _, path) = stand.connected("oauth").await;
    let crm = stand.bench.crm();
    while crm.get(&path).await.status == StatusCode::OK {}
    let (answer, cost) = stand.cost(crm.get(&path)).await;
    assert_eq!(answer.problem(), (429, "quota_exhausted"));
    rows.push(Row { what: "a call refused: no reads without the PSU are left".to_owned(), cost });
    stand
        .bench
        .control("POST", "/faults", json!({"operation": "any", "fault": {"kind": "status", "status": 500}}))
        .await;
    while stand.attended(&session, &path).await.problem() != (503, "circuit_open") {}
    let (answer, cost) = stand.cost(stand.attended(&session, &path)).await;
    assert_eq!(answer.problem(), (503, "circuit_open"));
    rows.push(Row { what: "a call refused: the circuit is open".to_owned(), cost });
    rows.push(held_back().await);
    rows
}

/// Of many calls at once some are let through, as time goes by; all together ask for so much that none that is refused
/// asks for more than its session.
async fn held_back() -> Row {
    let stand = Stand::start("[spike_arrest]\ncalls = 4\nseconds = 1\nlongest_wait_millis = 10000\nqueue = 1").await;
    let (session, _, path) = stand.connected("oauth").await;
    stand.attended(&session, &path).await;
    let calls = join_all((0..AT_ONCE).map(|_| stand.attended(&session, &path)));
    let before = stand.hub.share_counts();
    let (answers, mut cost) = stand.cost(calls).await;
    let shares = stand.hub.share_counts();
    cost.reads -= shares.reads - before.reads;
    cost.writes -= shares.writes - before.writes;
    let refused = answers.iter().filter(|answer| answer.problem() == (429, "spike_arrest")).count() as u64;
    assert!(refused > 0, "{answers:?}");
    let all = AT_ONCE as u64;
    let expected = Cost { reads: all, writes: 0, keys: 0, bank: all - refused, log: cost.log };
    assert_eq!(cost, expected, "{refused} of {all} were refused");
    let cost = Cost { reads: cost.reads / all, ..Cost::default() };
    Row { what: "a call refused: the spike arrest".to_owned(), cost }
}
