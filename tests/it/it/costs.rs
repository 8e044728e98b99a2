//! What each route costs in reads and writes of the store and calls of the key service, counted. `docs/costs.md` has the
//! numbers, and `functions/hub/costs/counts.json`, which `hub costs` multiplies with prices; `UPDATE_DOCS=1` writes both anew.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use http::{Method, StatusCode};
use it::{
    bench::{
        Bench,
        browser::Browser,
        crm::{Crm, parameter},
        hub_side::in_process::InProcess,
    },
    operations::{Row, measure, table},
};
use serde_json::{Map, Value, json};

const HEAD: &str = "| call | reads | writes | wraps | unwraps |\n| --- | --- | --- | --- | --- |\n";

/// How far the bytes of log lines may differ from what is written down: addresses, durations and ids have no fixed length.
const TOLERANCE: f64 = 0.05;

struct Counter<'a> {
    hub: &'a InProcess,
    table: String,
    counts: Map<String, Value>,
}

impl Counter<'_> {
    async fn count<T>(&mut self, what: &str, work: impl Future<Output = T>) -> T {
        let (before, keys) = (self.hub.counts(), self.hub.key_calls());
        let outcome = work.await;
        let (after, later) = (self.hub.counts(), self.hub.key_calls());
        let (reads, writes) = (after.reads - before.reads, after.writes - before.writes);
        let (wraps, unwraps) = (later.wraps - keys.wraps, later.unwraps - keys.unwraps);
        writeln!(self.table, "| {what} | {reads} | {writes} | {wraps} | {unwraps} |").unwrap();
        let counts = json!({"reads": reads, "writes": writes, "wraps": wraps, "unwraps": unwraps});
        self.counts.insert(plain(what), counts);
        outcome
    }
}

#[tokio::test]
async fn every_route_costs_what_the_document_says() {
    let (bench, hub) = Bench::in_one_process().await;
    let mut counter = Counter { hub: &hub, table: HEAD.to_owned(), counts: Map::new() };
    let (crm, browser) = (bench.crm(), Browser::new());
    bench.decide("approve").await;
    let started = counter.count("`POST /v1/sessions`", crm.start("oauth")).await;
    let session = started.text("session");
    let opened = counter.count("`GET /authorize/{ticket}`", browser.open(&started.text("authorize_url"))).await;
    let callback = browser.open(opened.location().as_str()).await.location();
    let back = counter.count("`GET /callback/{bank}`", browser.open(callback.as_str())).await;
    let code = parameter(&back.location(), "activation_code");
    counter.count("`POST …/activation`", crm.activate(&session, &code)).await;
    let path = format!("/v1/sessions/{session}");
    let (accounts, presence) = (format!("{path}/accounts"), crm.presence(&session));
    let attended = [("psu-presence", presence.as_str())];
    let first = counter.count("`GET …/accounts`, the first", crm.get_with(&accounts, &attended)).await;
    counter.count("`GET …/accounts`, the second", crm.get_with(&accounts, &attended)).await;
    counter.count("`GET …/accounts`, warm", crm.get_with(&accounts, &attended)).await;
    let account = first.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let balances = format!("{accounts}/{account}/balances");
    counter.count("`GET …/balances`, the first", crm.get_with(&balances, &attended)).await;
    counter.count("`GET …/balances`, warm", crm.get_with(&balances, &attended)).await;
    let transactions = format!("{accounts}/{account}/transactions?from=2000-01-01");
    counter.count("`GET …/transactions`, warm", crm.get_with(&transactions, &attended)).await;
    counter.count("`GET …/balances` without the PSU", crm.get(&balances)).await;
    counter
        .count("`GET …/accounts?with=balances` without the PSU", crm.get(&format!("{accounts}?with=balances")))
        .await;
    bench.fault("balances", json!({"kind": "close"}), 4).await;
    counter.count("`GET …/balances`, the bank is not there", crm.get_with(&balances, &attended)).await;
    let stale = [attended[0], ("prefer", "stale-ok")];
    counter.count("the same with `Prefer: stale-ok`", crm.get_with(&balances, &stale)).await;
    for _ in 0..2 {
        assert_eq!(crm.get(&balances).await.status, StatusCode::OK);
    }
    let refused = counter.count("`GET …/balances` without the PSU, nothing left", crm.get(&balances)).await;
    assert_eq!(refused.problem(), (429, "quota_exhausted"));
    counter.count("`GET …/quota`", crm.get(&format!("{accounts}/{account}/quota"))).await;
    counter.count("`GET /v1/sessions/{session}`", crm.get(&path)).await;
    bench.advance(301);
    let presence = crm.presence(&session);
    let attended = [("psu-presence", presence.as_str())];
    counter.count("`GET …/balances` with a refresh", crm.get_with(&balances, &attended)).await;
    bench.decide("approve").await;
    let renewal = json!({"return_url": it::bench::RETURN_URL});
    counter.count("`POST …/renewal`", crm.post(&format!("{path}/renewal"), renewal)).await;
    counter.count("`DELETE /v1/sessions/{session}`", crm.delete(&path)).await;
    counter.count("`GET /v1/banks`", crm.get("/v1/banks")).await;
    counter.count("`GET /ready`", crm.bare(Method::GET, "/ready", &[])).await;
    let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run");
    let nothing_due = scheduler.post("/v1/jobs/expiry-watch", Value::Null);
    counter.count("`POST /v1/jobs/expiry-watch`, nothing due", nothing_due).await;
    let rewrap = || scheduler.post("/v1/jobs/rewrap", Value::Null);
    assert_eq!(rewrap().await.body["sessions"], 1);
    counter.count("`POST /v1/jobs/rewrap`, no newer key", rewrap()).await;
    hold("costs", &counter.table);
    hold_counts("calls", counter.counts);
}

/// What `cargo run -p it --bin operations` prints.
#[tokio::test]
async fn every_operation_costs_what_the_document_says() {
    let rows = measure().await;
    hold("operations", &table(&rows));
    hold_counts("operations", rows.iter().map(counts_of).collect());
}

fn counts_of(row: &Row) -> (String, Value) {
    let cost = &row.cost;
    let counts = json!({
        "reads": cost.reads, "writes": cost.writes, "keys": cost.keys, "bank": cost.bank, "log_bytes": cost.log,
    });
    (plain(&row.what), counts)
}

/// The same without code marks.
fn plain(what: &str) -> String {
    what.replace('`', "")
}

/// One at a time reads the document and writes it.
static TURN: Mutex<()> = Mutex::new(());

/// Compares that part of the document with what was counted, or writes it.
fn hold(part: &str, table: &str) {
    let _turn = TURN.lock().unwrap();
    let begin = format!("<!-- {part} -->\n");
    let path = file("docs/costs.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let counted = format!("{before}{begin}{table}<!-- end -->{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &counted).unwrap();
        return;
    }
    assert_eq!(text, counted, "UPDATE_DOCS=1 writes docs/costs.md anew");
}

/// Compares that part of the numbers that `hub costs` reads with what was counted, or writes it.
fn hold_counts(part: &str, counts: Map<String, Value>) {
    let _turn = TURN.lock().unwrap();
    let path = file("functions/hub/costs/counts.json");
    let mut written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        written[part] = Value::Object(counts);
        fs::write(&path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
        return;
    }
    let written = written[part].as_object().unwrap();
    assert_eq!(written.keys().collect::<Vec<_>>(), counts.keys().collect::<Vec<_>>());
    for (what, counted) in &counts {
        assert!(is_like(&written[what], counted), "UPDATE_DOCS=1 writes counts.json anew: {what}: {counted}");
    }
}

/// The same numbers; of log lines about the same bytes.
fn is_like(written: &Value, counted: &Value) -> bool {
    let numbers = |value: &Value| value.as_object().unwrap().clone();
    let (written, counted) = (numbers(written), numbers(counted));
    written.len() == counted.len()
        && counted.iter().all(|(name, number)| {
            let (number, other) = (number.as_f64().unwrap(), written[name].as_f64().unwrap());
            if name == "log_bytes" {
                (number - other).abs() <= TOLERANCE * other
            } else {
                written[name] == counted[name]
            }
        })
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
