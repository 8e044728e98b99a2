//! Background refresh as the scheduler calls it (Q7 to Q9, V18), judged by what reached the bank.

use std::collections::BTreeMap;

use ciborium::Value as Cbor;
use http::{Method, StatusCode};
use sandbox_bank::JournalEntry;
use serde_json::{Value, json};
use shared::{
    ports::documents::{Collection, Document, Key, Write},
    telemetry::Format,
    testing::logs::Captured,
};

use it::bench::{
    Bench,
    crm::{Answer, Crm},
};

/// Balances every hour, so that all sessions are due once an hour and a little has passed; no canaries.
const HOURLY: &str = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 0\nin_flight = 4\n";

/// The same, one session after the other.
const ONE_BY_ONE: &str = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 0\nin_flight = 1\n";

/// The same with two canaries.
const WITH_CANARIES: &str = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 2\nin_flight = 4\n";

/// An hour, and as much as a place may be later.
const INTERVAL: i64 = 4_000;

async fn deliver(bench: &Bench, run: &str, schedule_time: Option<&str>) -> Answer {
    let scheduler = Crm::of(bench, "scheduler").with_scopes("jobs:run");
    let time = schedule_time.map(|time| ("x-cloudscheduler-scheduletime", time));
    let headers: Vec<_> = [("x-cloudscheduler-jobname", "a-test")].into_iter().chain(time).collect();
    scheduler.call(Method::POST, &format!("/v1/jobs/{run}"), Some(Value::Null), &headers).await
}

async fn run(bench: &Bench, run: &str) -> Value {
    let answer = deliver(bench, run, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    answer.body
}

async fn refresh_balances(bench: &Bench) -> Value {
    run(bench, "refresh-balances").await
}

/// Sessions with a working consent, each with its accounts known.
async fn connected(bench: &Bench, bank: &str, count: usize) -> Vec<String> {
    bench.allow_several_consents().await;
    let mut sessions = Vec::new();
    for _ in 0..count {
        let session = bench.crm().connect(bank).await;
        let presence = bench.crm().presence(&session);
        let path = format!("/v1/sessions/{session}/accounts");
        let answer = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        sessions.push(session);
    }
    sessions
}

/// Reads of balances without the PSU that reached the bank.
fn reads(bench: &Bench) -> Vec<JournalEntry> {
    bench.reached("balances").into_iter().filter(|entry| !entry.psu_present).collect()
}

/// How often the balances of each account were read under each consent.
fn reads_of_accounts(bench: &Bench) -> BTreeMap<(Option<String>, Option<String>), usize> {
    let mut counts = BTreeMap::new();
    for read in reads(bench) {
        *counts.entry((read.consent_id, read.account_id)).or_insert(0) += 1;
    }
    counts
}

fn consents_read(bench: &Bench) -> usize {
    let consents: std::collections::BTreeSet<_> = reads(bench).into_iter().map(|read| read.consent_id).collect();
    consents.len()
}

async fn until_the_bank_is_asked(bench: &Bench) {
    while reads(bench).is_empty() {
        tokio::task::yield_now().await;
    }
}

fn number(summary: &Value, member: &str) -> u64 {
    summary[member].as_u64().unwrap_or_else(|| panic!("no {member} in {summary}"))
}

/// Q8, V18: the scheduler delivers one run several times, at once and again.
#[tokio::test]
async fn one_run_delivered_several_times_is_done_once() {
    let bench = Bench::with_limits(HOURLY).await;
    connected(&bench, "oauth", 6).await;
    bench.advance(INTERVAL);
    let time = bench.now().to_string();
    let deliveries = (0..4).map(|_| deliver(&bench, "refresh-balances", Some(&time)));
    let at_once: Vec<Value> =
        futures::future::join_all(deliveries).await.into_iter().map(|answer| answer.body).collect();
    let refreshed: u64 = at_once.iter().map(|summary| number(summary, "refreshed")).sum();
    assert_eq!(refreshed, 6, "{at_once:?}");
    let once = reads_of_accounts(&bench);
    assert_eq!(consents_read(&bench), 6);
    assert!(once.values().all(|count| *count == 1), "{once:?}");

    bench.advance(60);
    let again = deliver(&bench, "refresh-balances", Some(&time)).await.body;
    assert_eq!((number(&again, "due"), number(&again, "refreshed")), (0, 0), "{again}");
    assert_eq!(
        (&again["already_done"], &again["more"]),
        (&Value::Null, &json!(false)),
        "nothing to take a lease for: {again}"
    );
    assert_eq!(reads_of_accounts(&bench), once);
}

/// Something is due again that was due in a run before: the same run, delivered again, is known by its schedule time.
#[tokio::test]
async fn a_run_that_is_done_sees_to_nothing_that_comes_later() {
    let bench = Bench::with_limits(HOURLY).await;
    let session = connected(&bench, "oauth", 1).await.remove(0);
    bench.advance(INTERVAL);
    let key = Key::new(Collection::Sessions, session.as_str());
    let fields =
        async || bench.documents().read(&key).await.unwrap().unwrap().document.as_value().as_map().unwrap().clone();
    let is_due = |(name, _): &&(Cbor, Cbor)| name.as_text() == Some("balances_due_at");
    let due = fields().await.iter().find(is_due).unwrap().clone();
    let time = bench.now().to_string();
    assert_eq!(number(&deliver(&bench, "refresh-balances", Some(&time)).await.body, "refreshed"), 1);

    let again = fields().await.into_iter().map(|field| if field.0 == due.0 { due.clone() } else { field }).collect();
    let put = Write::Put(key.clone(), Document::from_value(Cbor::Map(again)).unwrap());
    bench.documents().commit(&[put]).await.unwrap();
    let second = deliver(&bench, "refresh-balances", Some(&time)).await.body;
    assert_eq!((number(&second, "due"), second["already_done"].as_array().unwrap().len()), (0, 1), "{second}");
    bench.advance(60);
    let next = deliver(&bench, "refresh-balances", Some(&bench.now().to_string())).await.body;
    assert_eq!((number(&next, "due"), &next["already_done"]), (1, &Value::Null), "the next run sees to it: {next}");
}

/// A run whose lease is over (it was frozen, or has died) is followed by another. What it had claimed is not done twice.
#[tokio::test]
async fn a_run_that_outlives_its_lease_is_followed_and_nothing_is_done_twice() {
    let bench = Bench::with_limits(ONE_BY_ONE).await;
    connected(&bench, "oauth", 5).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "delay", "millis": 6000}), 1).await;
    let frozen = refresh_balances(&bench);
    let follower = async {
        until_the_bank_is_asked(&bench).await;
        bench.advance(60);
        refresh_balances(&bench).await
    };
    let (frozen, follower) = tokio::join!(frozen, follower);
    assert_eq!((number(&frozen, "refreshed"), number(&follower, "refreshed")), (1, 4), "{frozen} {follower}");
    assert_eq!(frozen["more"], true);
    assert_eq!(consents_read(&bench), 5);
    assert!(reads_of_accounts(&bench).values().all(|count| *count == 1));
}

/// A run that is frozen while it asks for a shard and wakes late gets no lease that would keep its follower away.
#[tokio::test]
async fn a_run_that_comes_late_to_a_shard_keeps_nobody_away() {
    let (bench, hub) = Bench::in_one_process_with(ONE_BY_ONE).await;
    connected(&bench, "oauth", 6).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "delay", "millis": 3000}), 1).await;
    // The lease of its second shard is what it is late with: the first is being worked at.
    let held = hub.hold_read(Collection::Jobs, 1).await;
    let late = refresh_balances(&bench);
    let follower = async {
        held.come.await.unwrap();
        until_the_bank_is_asked(&bench).await;
        bench.advance(60);
        held.go_on.send(()).unwrap();
        refresh_balances(&bench).await
    };
    let (late, follower) = tokio::join!(late, follower);
    assert_eq!((number(&late, "refreshed"), number(&follower, "refreshed")), (1, 5), "{late} {follower}");
    assert_eq!((&late["more"], &follower["already_running"]), (&json!(true), &Value::Null), "{late} {follower}");
    assert!(reads_of_accounts(&bench).values().all(|count| *count == 1));
}

/// Q9: the time is over before the work is.
#[tokio::test]
async fn what_a_run_does_not_come_to_stays_due_for_the_next() {
    let bench = Bench::with_limits(ONE_BY_ONE).await;
    connected(&bench, "oauth", 4).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "delay", "millis": 4000}), 1).await;
    let first = refresh_balances(&bench);
    let time_passes = async {
        until_the_bank_is_asked(&bench).await;
        bench.advance(21);
    };
    let (first, ()) = tokio::join!(first, time_passes);
    assert_eq!((number(&first, "refreshed"), &first["more"]), (1, &json!(true)), "{first}");
    assert_eq!(consents_read(&bench), 1, "nothing begins after the time is over");
    let second = refresh_balances(&bench).await;
    assert_eq!((number(&second, "refreshed"), &second["more"]), (3, &json!(false)), "{second}");
    assert!(reads_of_accounts(&bench).values().all(|count| *count == 1));
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0);
}

/// Q7: however many are due at once, the bank sees no more of them at once than its document says.
#[tokio::test]
async fn no_more_refreshes_are_under_way_than_the_document_allows() {
    const SESSIONS: usize = 6;
    let two = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 0\nin_flight = 2\n";
    let bench = Bench::with_limits(two).await;
    connected(&bench, "oauth", SESSIONS).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "delay", "millis": 100}), 100).await;
    let under_way = || reads(&bench).iter().filter(|read| read.status.is_none()).count();
    let watch = async {
        loop {
            assert!(under_way() <= 2, "{} at once", under_way());
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let summary = tokio::select! {
        summary = refresh_balances(&bench) => summary,
        () = watch => Value::Null,
    };
    assert_eq!(number(&summary, "refreshed"), SESSIONS as u64, "{summary}");
    assert_eq!(consents_read(&bench), SESSIONS);
}

/// H14: a bank that says when to come back is believed, and not asked before.
#[tokio::test]
async fn a_bank_that_says_when_to_come_back_is_not_asked_before() {
    let bench = Bench::with_limits(HOURLY).await;
    connected(&bench, "oauth", 1).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "too_many_requests", "retry_after": 7_200}), 1).await;
    let told = refresh_balances(&bench).await;
    assert_eq!((number(&told, "refreshed"), &told["failed"]), (0, &json!({"bank_rate_limited": 1})), "{told}");
    assert_eq!(reads(&bench).len(), 1);
    bench.advance(INTERVAL);
    let before_its_time = refresh_balances(&bench).await;
    assert_eq!(before_its_time["skipped"], json!({"quota": 1}), "{before_its_time}");
    assert_eq!(reads(&bench).len(), 1, "the bank is left alone");
    bench.advance(3_000);
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0, "and nobody looks at it before");
    bench.advance(1_000);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 1);
}

/// The balances of every account of the session, read by the CRM without the PSU.
async fn read_by_the_crm(bench: &Bench, session: &str) {
    let accounts = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    assert_eq!(accounts.status, StatusCode::OK);
    let presence = bench.crm().presence(session);
    let path = format!("/v1/sessions/{session}/accounts");
    let list = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
    for account in list.body["accounts"].as_array().unwrap() {
        let id = account["account_id"].as_str().unwrap();
        assert_eq!(bench.crm().get(&format!("{path}/{id}/balances")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_the_crm_has_just_read_is_not_read_again() {
    let bench = Bench::with_limits(HOURLY).await;
    let sessions = connected(&bench, "oauth", 2).await;
    bench.advance(INTERVAL);
    read_by_the_crm(&bench, &sessions[0]).await;
    let before = reads_of_accounts(&bench);
    let summary = refresh_balances(&bench).await;
    assert_eq!((number(&summary, "refreshed"), &summary["skipped"]), (1, &json!({"fresh": 1})), "{summary}");
    let after = reads_of_accounts(&bench);
    assert!(before.iter().all(|(account, times)| after[account] == *times), "{before:?} {after:?}");
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0);
    bench.advance(INTERVAL);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 2, "the next time it is");
}

#[tokio::test]
async fn a_session_whose_reads_are_used_up_waits_for_the_next_one() {
    let twice = "[background]\nreads_per_day = 2\nrefreshes_per_day = 2\ncanaries = 0\nin_flight = 4\n";
    let bench = Bench::with_limits(twice).await;
    let sessions = connected(&bench, "oauth", 1).await;
    for _ in 0..2 {
        read_by_the_crm(&bench, &sessions[0]).await;
    }
    let before = reads(&bench).len();
    bench.advance(13 * 3600);
    let summary = refresh_balances(&bench).await;
    assert_eq!((number(&summary, "refreshed"), &summary["skipped"]), (0, &json!({"quota": 1})), "{summary}");
    bench.advance(10 * 3600);
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0, "not before a day is over");
    assert_eq!(reads(&bench).len(), before);
    bench.advance(2 * 3600);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 1);
}

#[tokio::test]
async fn sessions_of_a_bank_that_is_left_alone_are_held_back_and_come_again_soon() {
    let limits = format!("[circuit]\nfailures = 1\n[operations.every]\nrepeated = false\n{HOURLY}");
    let bench = Bench::with_limits(&limits).await;
    let sessions = connected(&bench, "oauth", 3).await;
    bench.advance(INTERVAL);
    bench.fault("balances", json!({"kind": "status", "status": 500}), 1).await;
    let presence = bench.crm().presence(&sessions[0]);
    let path = format!("/v1/sessions/{}/accounts", sessions[0]);
    let list = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
    let path = format!("{path}/{}/balances", list.body["accounts"][0]["account_id"].as_str().unwrap());
    let answer = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
    assert_eq!(answer.problem(), (502, "bank_unavailable"));
    let before = bench.bank.journal().len();
    let summary = refresh_balances(&bench).await;
    assert_eq!((number(&summary, "due"), &summary["skipped"]), (3, &json!({"held_back": 3})), "{summary}");
    assert_eq!(bench.bank.journal().len(), before, "the bank is left alone");
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0);
    // One finds out that the bank is well; who came while it did may have to come again.
    let mut refreshed = 0;
    for _ in 0..2 {
        bench.advance(330);
        refreshed += number(&refresh_balances(&bench).await, "refreshed");
    }
    assert_eq!(refreshed, 3);
}

/// Q14: one bank hangs, the other is read meanwhile.
#[tokio::test]
async fn a_bank_that_hangs_holds_no_other_bank() {
    let bench = Bench::with_limits(ONE_BY_ONE).await;
    connected(&bench, "oauth", 2).await;
    connected(&bench, "redirect", 3).await;
    bench.advance(INTERVAL);
    let slow =
        json!({"operation": "balances", "mood": "oauth", "fault": {"kind": "delay", "millis": 8000}, "times": 1});
    bench.control("POST", "/faults", slow).await;
    let summary = refresh_balances(&bench).await;
    assert_eq!(number(&summary, "refreshed"), 5, "{summary}");
    let of = |mood: &str| {
        let is_of = |read: &JournalEntry| serde_json::to_value(read).unwrap()["mood"] == mood;
        reads(&bench).into_iter().filter(is_of).map(|read| read.seq).collect::<Vec<_>>()
    };
    let (slow, other) = (of("oauth"), of("redirect"));
    assert!(other.iter().all(|seq| *seq < slow[1]), "{slow:?} {other:?}");
}

#[tokio::test]
async fn one_shard_is_seen_to_where_one_is_asked_for() {
    let bench = Bench::with_limits(HOURLY).await;
    let sessions = connected(&bench, "oauth", 4).await;
    bench.advance(INTERVAL);
    let mut refreshed = 0;
    for shard in 0..16 {
        let summary = run(&bench, &format!("refresh-balances?shard={shard}")).await;
        refreshed += number(&summary, "refreshed");
    }
    assert_eq!(refreshed, sessions.len() as u64);
    for wrong in ["?shard=16", "?shard=x", "?after=AAAAAAAAAAAAAAAAAAAAAA", "?dry=1"] {
        let answer = deliver(&bench, &format!("refresh-balances{wrong}"), None).await;
        assert_eq!(answer.problem(), (400, "request_invalid"), "{wrong}");
    }
    let answer = deliver(&bench, "refresh-tokens", Some("yesterday")).await;
    assert_eq!(answer.problem(), (400, "request_invalid"));
    let answer = deliver(&bench, "expiry-watch?shard=1", None).await;
    assert_eq!(answer.problem(), (400, "request_invalid"));
}

#[tokio::test]
async fn a_dry_run_tells_what_it_would_cost_and_touches_nothing() {
    let bench = Bench::with_limits(HOURLY).await;
    let sessions = connected(&bench, "oauth", 2).await;
    let presence = bench.crm().presence(&sessions[0]);
    let path = format!("/v1/sessions/{}/accounts", sessions[0]);
    let answer = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
    let accounts = answer.body["accounts"].as_array().unwrap().len() as u64;
    bench.advance(INTERVAL);
    let (store, journal) = (bench.store_as_text().await, bench.bank.journal().len());
    let summary = run(&bench, "refresh-balances?dry_run=true").await;
    assert_eq!((number(&summary, "due"), number(&summary, "refreshed")), (2, 2), "{summary}");
    assert_eq!(number(&summary["cost"], "bank_reads"), 2 * accounts);
    assert_eq!(number(&summary["cost"], "token_calls"), 0);
    assert_eq!(bench.store_as_text().await, store);
    assert_eq!(bench.bank.journal().len(), journal);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 2, "and then it does");
    assert_eq!(reads(&bench).len() as u64, 2 * accounts);
}

#[tokio::test]
async fn a_consent_that_is_over_costs_no_call_and_is_not_looked_at_again() {
    let bench = Bench::with_limits(HOURLY).await;
    connected(&bench, "oauth", 1).await;
    bench.advance(400 * 86_400);
    let summary = refresh_balances(&bench).await;
    assert_eq!(summary["skipped"], json!({"no_consent": 1}), "{summary}");
    assert_eq!(reads(&bench).len(), 0);
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0);
}

#[tokio::test]
async fn an_ended_session_is_not_due() {
    let bench = Bench::with_limits(HOURLY).await;
    let sessions = connected(&bench, "oauth", 1).await;
    bench.crm().delete(&format!("/v1/sessions/{}", sessions[0])).await;
    bench.advance(INTERVAL);
    assert_eq!(number(&refresh_balances(&bench).await, "due"), 0);
}

#[tokio::test]
async fn nothing_is_read_in_a_window_of_maintenance_and_all_after_it() {
    // All are due before the window begins, two hours from now, because there is one place an hour.
    let begins = shared::adapters::system::SystemClock;
    let begins = shared::ports::clock::Clock::now(&begins) + std::time::Duration::from_hours(2);
    let from = begins.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M").to_string();
    let bench = Bench::with_limits(&format!("[[maintenance]]\nfrom = \"{from}\"\nminutes = 60\n{HOURLY}")).await;
    connected(&bench, "oauth", 3).await;
    bench.advance(2 * 3600 + 1800);
    let summary = refresh_balances(&bench).await;
    assert_eq!((number(&summary, "due"), &summary["skipped"]), (3, &json!({"maintenance": 3})), "{summary}");
    assert_eq!(reads(&bench).len(), 0);
    bench.advance(3600);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 3);
}

/// The alarms of canaries in the hub's log.
fn alarms(logs: &Captured) -> usize {
    logs.text().lines().filter(|line| line.contains("canary_stopped")).count()
}

fn balances_with(further: &str) -> Value {
    let body = format!(
        r#"{{"balances":[{{"balanceAmount":{{"currency":"EUR","amount":"1.00"}},"balanceType":"closingBooked"{further}}}]}}"#
    );
    json!({"kind": "body", "status": 200, "content_type": "application/json", "body": body})
}

/// A bank changes its answers overnight: a canary meets it, the others wait an hour, somebody is told, and it goes on.
#[tokio::test]
async fn a_new_form_of_answers_stops_the_others_for_one_cycle() {
    let (logs, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let bench = Bench::alone_with(WITH_CANARIES).await;
    connected(&bench, "oauth", 6).await;
    bench.advance(INTERVAL);
    let learned = refresh_balances(&bench).await;
    assert_eq!(number(&learned, "refreshed"), 6, "the first cycle learns: {learned}");
    assert_eq!(alarms(&logs), 0);

    bench.advance(INTERVAL);
    let before = consents_read(&bench);
    bench.control("DELETE", "/journal", Value::Null).await;
    bench.fault("balances", balances_with(r#","overdraftAgreed":true"#), 1).await;
    let stopped = refresh_balances(&bench).await;
    assert_eq!(before, 6);
    assert_eq!(stopped["banks"]["oauth"]["stopped"], "new_form", "{stopped}");
    assert_eq!((number(&stopped, "refreshed"), &stopped["skipped"]), (1, &json!({"canary": 5})), "{stopped}");
    assert_eq!(consents_read(&bench), 1, "one customer met it");
    assert_eq!(alarms(&logs), 1);
    assert_eq!(number(&refresh_balances(&bench).await, "refreshed"), 0, "the cycle is over for this bank");

    bench.advance(INTERVAL + 600);
    bench.fault("balances", balances_with(r#","overdraftAgreed":false"#), 1).await;
    let goes_on = refresh_balances(&bench).await;
    assert_eq!(number(&goes_on, "refreshed"), 6, "it is known by now: {goes_on}");
    assert_eq!(alarms(&logs), 1);
}

/// The token endpoint loses answers (tpp-issues #93): the canary meets it, and the consents of the others are safe.
#[tokio::test]
async fn tokens_are_renewed_before_they_idle_out_and_canaries_go_first() {
    let bench = Bench::with_limits(WITH_CANARIES).await;
    connected(&bench, "application", 4).await;
    let refreshes = || {
        let is_refresh = |entry: &JournalEntry| entry.grant_type.as_deref() == Some("refresh_token");
        bench.bank.journal().into_iter().filter(is_refresh).count()
    };
    bench.advance(38 * 3600);
    assert_eq!(number(&run(&bench, "refresh-tokens").await, "due"), 0, "long before their end nothing is due");
    let before = refreshes();
    bench.advance(5 * 3600 + 1200);
    let lost =
        json!({"operation": "token", "mood": "application", "fault": {"kind": "status", "status": 503}, "times": 1});
    bench.control("POST", "/faults", lost).await;
    let stopped = run(&bench, "refresh-tokens").await;
    assert_eq!(stopped["banks"]["application"]["stopped"], "new_failure", "{stopped}");
    assert_eq!((number(&stopped, "refreshed"), &stopped["skipped"]), (0, &json!({"canary": 3})), "{stopped}");

    bench.advance(7_200);
    let goes_on = run(&bench, "refresh-tokens").await;
    assert_eq!(number(&goes_on, "refreshed"), 4, "{goes_on}");
    assert_eq!(refreshes() - before, 4 + 1, "each once, and the one that failed twice");
    bench.advance(3_600);
    assert_eq!(number(&run(&bench, "refresh-tokens").await, "due"), 0, "their new ends are far");
}
