//! A bank that fails is left alone for a while, and nobody but those who call it notices (promise P6).

mod places;

use std::time::{Duration, Instant};

use futures::{
    StreamExt,
    future::join_all,
    stream::{self, FuturesUnordered},
};
use http::{Method, StatusCode};
use it::bench::{
    Bench,
    crm::{Answer, Crm},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    domain::{
        circuit::{Circuit, Circuits, Failure, Failures, Opening},
        ids::{BankId, OwnerId},
        operation::Operation,
        refresh::Lease,
    },
    ports::documents::{Collection, Document, Key, Write},
    telemetry::Format,
    testing::logs::Captured,
};

/// Reads are made once, so that failures are easy to count.
const ONCE: &str = "[operations.every]\nrepeated = false\n";

/// One customer's session and what can be read in it.
struct Customer<'a> {
    crm: Crm<'a>,
    bench: &'a Bench,
    session: String,
    accounts: Vec<String>,
}

impl<'a> Customer<'a> {
    async fn connected(bench: &'a Bench, bank: &str) -> Self {
        let crm = bench.crm();
        let session = crm.connect(bank).await;
        let list = crm.accounts(&session).await;
        let ids = list.body["accounts"].as_array().unwrap().iter();
        let accounts = ids.map(|account| account["account_id"].as_str().unwrap().to_owned()).collect();
        Self { crm, bench, session, accounts }
    }

    async fn balances(&self) -> Answer {
        self.balances_of(0).await
    }

    async fn balances_of(&self, account: usize) -> Answer {
        self.read(&format!("accounts/{}/balances", self.accounts[account])).await
    }

    async fn read(&self, what: &str) -> Answer {
        let presence = self.crm.presence(&self.session);
        self.crm.get_with(&format!("/v1/sessions/{}/{what}", self.session), &[("psu-presence", &presence)]).await
    }

    /// Five failures.
    async fn opens(&self) {
        self.bench.fault("balances", json!({"kind": "status", "status": 500}), 5).await;
        for _ in 0..5 {
            assert_eq!(self.balances().await.problem(), (502, "bank_unavailable"));
        }
        assert_eq!(self.balances().await.problem(), (503, "circuit_open"));
    }
}

fn calls(bench: &Bench) -> usize {
    bench.bank.journal().len()
}

async fn well_again(bench: &Bench) {
    bench.control("DELETE", "/faults", Value::Null).await;
}

async fn health(bench: &Bench, bank: &str) -> Value {
    bench.crm().get(&format!("/v1/banks/{bank}")).await.body["health"].clone()
}

/// Writes the record as another instance would.
async fn others_write(bench: &Bench, circuit: Circuit) {
    let mut circuits = Circuits::of(BankId::parse("oauth").unwrap());
    circuits.set(Operation::Balances, circuit);
    let document = Document::of(&circuits).unwrap();
    bench.documents().commit(&[Write::Put(Key::new(Collection::Circuits, "oauth"), document)]).await.unwrap();
}

#[tokio::test]
async fn five_failures_open_it_for_that_bank_and_operation_only() {
    let bench = Bench::alone_with(ONCE).await;
    let (customer, other) = (Customer::connected(&bench, "oauth").await, Customer::connected(&bench, "redirect").await);
    assert!(health(&bench, "oauth").await.is_null());
    customer.opens().await;
    let before = calls(&bench);
    let refused = customer.balances().await;
    assert_eq!(refused.problem(), (503, "circuit_open"));
    assert_eq!(refused.headers["retry-after"], "30");
    assert_eq!(refused.text("next_action"), "wait");
    assert_eq!(calls(&bench), before, "the bank is left alone");
    assert_eq!(bench.reached("balances").len(), 5);
    let until = bench.now() + SignedDuration::from_secs(30);
    assert_eq!(
        health(&bench, "oauth").await,
        json!([{"operation": "balances", "state": "open", "retry_at": until.to_string()}])
    );
    assert_eq!(customer.read("accounts").await.status, StatusCode::OK, "another operation");
    assert_eq!(other.balances().await.status, StatusCode::OK, "another bank");
    assert!(health(&bench, "redirect").await.is_null());
}

#[tokio::test]
async fn refusals_limits_and_refused_certificates_never_open_it() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    for fault in [
        json!({"kind": "status", "status": 400}),
        json!({"kind": "too_many_requests", "retry_after": 30}),
        json!({"kind": "too_many_requests"}),
        json!({"kind": "redirect", "location": "https://evil.example/"}),
    ] {
        bench.fault("balances", fault.clone(), 7).await;
        for _ in 0..7 {
            let answer = customer.balances().await;
            assert!(answer.status != StatusCode::OK && answer.problem().1 != "circuit_open", "{fault}: {answer:?}");
        }
    }
    bench.fault("any", json!({"kind": "refuse_certificate"}), 1000).await;
    for _ in 0..7 {
        assert_eq!(customer.balances().await.problem(), (502, "bank_rejected_client_certificate"));
    }
    well_again(&bench).await;
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    assert!(health(&bench, "oauth").await.is_null());
}

#[tokio::test]
async fn a_refused_certificate_alarms_once_and_not_for_every_call() {
    let (logs, _guard) = Captured::on_this_thread(Format::Stackdriver, "info");
    let (bench, _hub) = Bench::in_one_process_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    let alarms = || logs.text().matches(r#""alert":"bank_rejected_client_certificate""#).count();
    let began = Instant::now();
    for _ in 0..7 {
        assert_eq!(customer.balances().await.status, StatusCode::OK);
    }
    assert_eq!(alarms(), 0);
    bench.fault("any", json!({"kind": "refuse_certificate"}), 1000).await;
    for _ in 0..7 {
        assert_eq!(customer.balances().await.problem(), (502, "bank_rejected_client_certificate"));
    }
    let alarms = u64::try_from(alarms()).unwrap();
    assert!((1..=1 + began.elapsed().as_secs() / 60).contains(&alarms), "one a minute: {alarms}");
    let text = logs.text();
    let alarm = text.lines().find(|line| line.contains(r#""alert":"bank_rejected_client_certificate""#)).unwrap();
    assert!(alarm.contains(r#""severity":"ERROR""#) && alarm.contains(r#""oauth""#), "{alarm}");
}

#[tokio::test]
async fn a_hanging_bank_and_one_that_shows_a_page_are_failing() {
    let limits = format!("[limits]\nconnect_millis = 1000\n{ONCE}[operations.balances]\ntotal_millis = 1000\n");
    for (fault, problem) in [
        (json!({"kind": "delay", "millis": 60_000}), (504, "bank_timeout")),
        (json!({"kind": "html_200"}), (502, "bank_response_invalid")),
        (json!({"kind": "status", "status": 408}), (502, "bank_unavailable")),
        (json!({"kind": "close"}), (502, "bank_unreachable")),
    ] {
        let bench = Bench::alone_with(&limits).await;
        let customer = Customer::connected(&bench, "oauth").await;
        bench.fault("balances", fault.clone(), 5).await;
        for _ in 0..5 {
            assert_eq!(customer.balances().await.problem(), problem, "{fault}");
        }
        assert_eq!(customer.balances().await.problem(), (503, "circuit_open"), "{fault}");
        assert_eq!(bench.reached("balances").len(), 5, "{fault}");
    }
}

#[tokio::test]
async fn callers_who_go_away_count_nothing() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    bench.fault("balances", json!({"kind": "delay", "millis": 60_000}), 8).await;
    for gone in 1..=8 {
        let call = customer.balances();
        let reached = async {
            while bench.reached("balances").len() < gone {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = call => panic!("{answer:?}"),
            () = reached => {}
        }
    }
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    assert!(health(&bench, "oauth").await.is_null());
}

#[tokio::test]
async fn one_bad_account_does_not_open_it_for_the_others() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    for _ in 0..10 {
        assert_eq!(customer.balances_of(1).await.status, StatusCode::OK);
        bench.fault("balances", json!({"kind": "status", "status": 500}), 1).await;
        assert_eq!(customer.balances_of(0).await.problem(), (502, "bank_unavailable"));
    }
    assert_eq!(customer.balances_of(1).await.status, StatusCode::OK);
    bench.fault("balances", json!({"kind": "status", "status": 500}), 10).await;
    for account in [0, 1, 0, 1, 0, 1] {
        customer.balances_of(account).await;
    }
    assert_eq!(customer.balances_of(1).await.problem(), (503, "circuit_open"), "a bank that fails everybody");
}

#[tokio::test]
async fn after_the_rest_one_probe_that_costs_no_customer_anything_and_a_call_that_closes_it() {
    let (bench, hub) = Bench::in_one_process_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    customer.opens().await;
    let (metadata, balances) = (bench.reached("metadata").len(), bench.reached("balances").len());
    bench.advance(29);
    assert_eq!(customer.balances().await.problem(), (503, "circuit_open"));
    bench.advance(1);
    let before = hub.circuit_counts().writes;
    let answers = join_all((0..20).map(|_| customer.balances())).await;
    assert_eq!(bench.reached("metadata").len(), metadata + 1, "one asks how the bank is");
    let well = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert!(well >= 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        assert_eq!(answer.problem(), (503, "circuit_open"));
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(bench.reached("balances").len(), balances + well);
    assert!(health(&bench, "oauth").await.is_null());
    assert_eq!(hub.circuit_counts().writes, before + 3, "the lease, the trial, and the closing");
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    assert_eq!(hub.circuit_counts().writes, before + 3);
}

#[tokio::test]
async fn a_probe_that_fails_makes_the_rest_longer() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    customer.opens().await;
    let balances = bench.reached("balances").len();
    bench.fault("metadata", json!({"kind": "status", "status": 503}), 1).await;
    bench.advance(30);
    let refused = customer.balances().await;
    assert_eq!((refused.problem(), refused.headers["retry-after"].to_str().unwrap()), ((503, "circuit_open"), "60"));
    bench.advance(60);
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    assert_eq!(bench.reached("balances").len(), balances + 1, "no probe reads data");
}

#[tokio::test]
async fn a_bank_that_cannot_be_met_is_probed_by_a_handshake_alone() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    customer.opens().await;
    bench.bank.play_incident("dns_gone", None, None).await.unwrap();
    bench.advance(30);
    let before = calls(&bench);
    assert_eq!(customer.balances().await.headers["retry-after"], "60");
    assert_eq!(calls(&bench), before, "nobody is there to ask anything");
    bench.bank.end_incidents().await.unwrap();
    bench.advance(60);
    assert_eq!(customer.balances().await.status, StatusCode::OK);
}

#[tokio::test]
async fn failures_of_other_instances_count_with_ours() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    let mut failures = Failures::default();
    for id in 1..=4 {
        let subject = u32::try_from(id).unwrap();
        let failed_at = bench.now();
        let failure = Failure { id, failed_at, subject, is_of_connection: false, others_are_well: false };
        failures = failures.with(failure, Duration::from_mins(1), failed_at);
    }
    others_write(&bench, Circuit::Closed { failures }).await;
    bench.fault("balances", json!({"kind": "status", "status": 500}), 5).await;
    assert_eq!(customer.balances().await.problem(), (502, "bank_unavailable"));
    assert_eq!(customer.balances().await.problem(), (503, "circuit_open"), "the fifth was ours");
    assert_eq!(bench.reached("balances").len(), 1);
}

/// Q10: failures on two instances open it for both.
#[tokio::test]
async fn failures_of_two_instances_add_up_and_both_leave_the_bank_alone() {
    let (bench, first) = Bench::in_one_process_with(ONCE).await;
    let (second, _hub) = first.another().await;
    let customer = Customer::connected(&bench, "oauth").await;
    let at = async |url: &str| {
        let path = format!("/v1/sessions/{}/accounts/{}/balances", customer.session, customer.accounts[0]);
        let presence = customer.crm.presence(&customer.session);
        customer.crm.call_at(url, Method::GET, &path, None, &[("psu-presence", &presence)]).await
    };
    assert_eq!(at(&second).await.status, StatusCode::OK);
    bench.fault("balances", json!({"kind": "status", "status": 500}), 1000).await;
    for url in [&bench.url, &second, &bench.url, &second, &bench.url] {
        assert_eq!(at(url).await.problem(), (502, "bank_unavailable"));
    }
    assert_eq!(at(&bench.url).await.problem(), (503, "circuit_open"));
    let opened = Instant::now();
    while at(&second).await.problem() != (503, "circuit_open") {
        assert!(opened.elapsed() < Duration::from_secs(30), "it is seen within a second and a call");
    }
    let before = calls(&bench);
    for url in [&bench.url, &second] {
        assert_eq!(at(url).await.problem(), (503, "circuit_open"));
    }
    assert_eq!(calls(&bench), before);
}

/// Q11: of three instances one asks how the bank is.
#[tokio::test]
async fn of_several_instances_one_probes() {
    let (bench, first) = Bench::in_one_process_with(ONCE).await;
    let ((second, _two), (third, _three)) = (first.another().await, first.another().await);
    let customer = Customer::connected(&bench, "oauth").await;
    let path = format!("/v1/sessions/{}/accounts/{}/balances", customer.session, customer.accounts[0]);
    customer.opens().await;
    bench.advance(30);
    let (presence, urls) = (customer.crm.presence(&customer.session), [&bench.url, &second, &third]);
    let headers = [("psu-presence", presence.as_str())];
    let (metadata, balances) = (bench.reached("metadata").len(), bench.reached("balances").len());
    let calls = (0..15).map(|number| customer.crm.call_at(urls[number % 3], Method::GET, &path, None, &headers));
    let answers = join_all(calls).await;
    assert_eq!(bench.reached("metadata").len(), metadata + 1);
    let well = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert!(well >= 1, "{answers:?}");
    let refused = |answer: &&Answer| answer.problem() == (503, "circuit_open");
    assert_eq!(answers.iter().filter(refused).count(), answers.len() - well, "{answers:?}");
    assert_eq!(bench.reached("balances").len(), balances + well);
}

#[tokio::test]
async fn what_others_found_is_seen_and_a_probe_whose_holder_died_is_made_by_another() {
    let bench = Bench::alone_with(ONCE).await;
    let customer = Customer::connected(&bench, "oauth").await;
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    let opening = Opening { opened_at: bench.now(), failed: 0, suspect: None };
    let lease = Lease { owner: OwnerId::from_random([9; 16]), ends_at: bench.now() + SignedDuration::from_secs(20) };
    others_write(&bench, Circuit::Probing { opening, lease }).await;
    let written = Instant::now();
    while customer.balances().await.status == StatusCode::OK {
        assert!(written.elapsed().as_secs() < 30, "it is seen within a second and a call");
    }
    let before = calls(&bench);
    assert_eq!(customer.balances().await.problem(), (503, "circuit_open"));
    assert_eq!(calls(&bench), before);
    let metadata = bench.reached("metadata").len();
    bench.advance(20);
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    assert_eq!(bench.reached("metadata").len(), metadata + 1);
}

#[tokio::test]
async fn a_healthy_bank_s_calls_write_nothing_and_look_once_a_second() {
    let (bench, hub) = Bench::in_one_process().await;
    let customer = Customer::connected(&bench, "oauth").await;
    let (before, began) = (hub.circuit_counts(), Instant::now());
    let statuses: Vec<_> = stream::iter(0..1_000)
        .map(|_| customer.balances())
        .buffer_unordered(16)
        .map(|answer| answer.status)
        .collect()
        .await;
    let (after, took) = (hub.circuit_counts(), began.elapsed());
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(after.writes, 0);
    let looks = after.reads - before.reads;
    assert!(looks <= took.as_secs() + 1, "{looks} in {took:?}");
}

#[tokio::test]
async fn a_refresh_token_is_not_spent_on_a_bank_whose_token_endpoint_is_left_alone() {
    let bench = Bench::alone_with(&format!("{ONCE}[circuit]\nfailures = 1\n")).await;
    bench.allow_several_consents().await;
    let (first, second) = (Customer::connected(&bench, "oauth").await, Customer::connected(&bench, "oauth").await);
    bench.advance(301);
    bench.fault("token", json!({"kind": "status", "status": 500}), 1).await;
    assert_eq!(first.balances().await.problem(), (502, "bank_unavailable"));
    let tokens = bench.reached("token").len();
    assert_eq!(second.balances().await.problem(), (503, "circuit_open"));
    assert_eq!(bench.reached("token").len(), tokens);
    bench.advance(50);
    assert_eq!(second.balances().await.status, StatusCode::OK, "its refresh token is still good");
}

/// A bank in trouble may lose the answer to a refresh, and with it the consent.
#[tokio::test]
async fn no_token_is_refreshed_for_a_call_that_an_open_circuit_holds_back() {
    let bench = Bench::alone_with(&format!("{ONCE}[circuit]\ncool_down_seconds = 600\n")).await;
    let customer = Customer::connected(&bench, "oauth").await;
    customer.opens().await;
    bench.advance(301);
    let before = calls(&bench);
    let path = format!("/v1/sessions/{}/accounts/{}/balances", customer.session, customer.accounts[0]);
    assert_eq!(customer.balances().await.problem(), (503, "circuit_open"));
    assert_eq!(bench.crm().get(&path).await.problem(), (503, "circuit_open"));
    assert_eq!(calls(&bench), before, "nor is its access token renewed");
    bench.advance(300);
    assert_eq!(customer.balances().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_read_that_failed_in_passing_is_made_once_more_while_the_psu_is_there() {
    let bench = Bench::alone_with("").await;
    let customer = Customer::connected(&bench, "oauth").await;
    for fault in [json!({"kind": "status", "status": 503}), json!({"kind": "close"})] {
        let before = bench.reached("balances").len();
        bench.fault("balances", fault.clone(), 1).await;
        assert_eq!(customer.balances().await.status, StatusCode::OK, "{fault}");
        assert_eq!(bench.reached("balances").len(), before + 2, "{fault}");
    }
    let before = bench.reached("balances").len();
    bench.fault("balances", json!({"kind": "status", "status": 503}), 2).await;
    assert_eq!(customer.balances().await.problem(), (502, "bank_unavailable"), "once, and no more");
    assert_eq!(bench.reached("balances").len(), before + 2);
    bench.fault("balances", json!({"kind": "status", "status": 503}), 1).await;
    let path = format!("/v1/sessions/{}/accounts/{}/balances", customer.session, customer.accounts[0]);
    assert_eq!(bench.crm().get(&path).await.problem(), (502, "bank_unavailable"), "the bank counts such a read");
    assert_eq!(bench.reached("balances").len(), before + 3);
}
