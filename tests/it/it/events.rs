//! The CRM is told what happens to its sessions: in order, signed, at least once, and without holding up anybody else.

mod example;
mod receiver;

use std::{path::Path, sync::Arc};

use http::{Method, StatusCode};
use it::bench::{Bench, browser::Browser, crm::Crm};
use serde_json::{Value, json};
use shared::{
    domain::session::Session,
    ports::store::{Loaded, Store},
};

use example::example;
use receiver::{AUDIENCE, Receiver, briefs, delivered, opened};

const DAY: i64 = 86_400;

/// A bench whose tenant `acme` has a receiver.
async fn told() -> (Bench, Receiver) {
    let receiver = Receiver::start().await;
    (Bench::with_tenants(&[("acme", receiver.webhook())]).await, receiver)
}

async fn deliver(bench: &Bench) -> Value {
    bench.run_job("deliver-events").await
}

#[tokio::test]
async fn a_new_connection_is_told_once_and_signed_with_the_hubs_published_key() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    assert_eq!(deliver(&bench).await, delivered(1));
    let events = receiver.events(&bench).await;
    assert_eq!(briefs(&events), [(1, "connected")]);
    assert_eq!(events[0].says, json!({"bank": "oauth", "number": 1, "missed": 0}));
    assert_eq!((&events[0].session, &events[0].id), (&session, &format!("{session}.1")));
    assert_eq!(events[0].issued_at, bench.now().as_second());
    assert_eq!(deliver(&bench).await, delivered(0), "taken is taken");
    bench.advance(3 * DAY);
    assert_eq!(deliver(&bench).await, delivered(0));
}

#[tokio::test]
async fn every_end_tells_why() {
    let (bench, receiver) = told().await;
    bench.allow_several_consents().await;
    let revoked = bench.crm().connect("oauth").await;
    let consents = bench.control("GET", "/consents", Value::Null).await;
    let id = consents["consents"][0]["id"].as_str().unwrap().to_owned();
    let closed = bench.crm().connect("redirect").await;
    bench.control("POST", &format!("/consents/{id}/revoke"), json!({})).await;
    assert_eq!(bench.crm().accounts(&revoked).await.problem(), (409, "consent_lost"));
    bench.crm().delete(&format!("/v1/sessions/{closed}")).await;
    bench.decide("refuse").await;
    let denied = bench.crm().start("oauth").await;
    Browser::new().travel(&denied.text("authorize_url")).await;
    deliver(&bench).await;
    let events = receiver.events(&bench).await;
    for (session, reason) in
        [(&revoked, "consent_revoked"), (&closed, "ended_by_crm"), (&denied.text("session"), "sca_denied")]
    {
        let ended = events.iter().find(|event| event.session == *session && event.kind == "ended");
        assert_eq!(ended.unwrap().says["reason"], reason, "{events:?}");
    }
    assert_eq!(events.len(), 5, "two had been connected before");
}

#[tokio::test]
async fn a_consent_that_a_newer_one_replaced_says_so() {
    let (bench, receiver) = told().await;
    let older = bench.crm().connect("oauth").await;
    bench.crm().connect("oauth").await;
    deliver(&bench).await;
    let events = receiver.events(&bench).await;
    let of_older: Vec<_> = events.into_iter().filter(|event| event.session == older).collect();
    assert_eq!(briefs(&of_older), [(1, "connected"), (2, "ended")]);
    assert_eq!(of_older[1].says["reason"], "consent_replaced");
}

#[tokio::test]
async fn the_order_holds_while_the_receiver_fails_and_nothing_is_tried_before_its_time() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    receiver.is_down(true);
    let failed = json!({"delivered": 0, "failed": 1, "given_up": 0, "stalled": [], "unfinished": false});
    assert_eq!(deliver(&bench).await, failed);
    assert_eq!(deliver(&bench).await, delivered(0), "not yet");
    bench.advance(7);
    assert_eq!(deliver(&bench).await, delivered(0), "at the earliest after eight seconds");
    bench.advance(6);
    receiver.is_down(false);
    receiver.answers(&[(400, r#"{"err":"invalid_audience"}"#)]);
    assert_eq!(deliver(&bench).await, failed, "a refusal is tried again like any failure");
    bench.advance(37);
    assert_eq!(deliver(&bench).await, delivered(2));
    let events = receiver.events(&bench).await;
    assert_eq!(briefs(&events), [(1, "connected"), (1, "connected"), (1, "connected"), (2, "ended")]);
    assert_eq!(events[0], events[2], "every try says the same");
}

#[tokio::test]
async fn after_two_days_an_event_is_given_up_and_the_next_one_tells_that_it_is_missing() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    receiver.is_down(true);
    // A try every 72 minutes, longer than any pause: the 41st is two days after the event.
    for _ in 0..40 {
        assert_eq!(deliver(&bench).await["failed"], 1);
        bench.advance(3_600 * 6 / 5);
    }
    assert_eq!(deliver(&bench).await["given_up"], 1);
    assert_eq!(deliver(&bench).await, delivered(0));
    receiver.is_down(false);
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    assert_eq!(deliver(&bench).await, delivered(1));
    let last = receiver.events(&bench).await.pop().unwrap();
    assert_eq!(last.says, json!({"bank": "oauth", "number": 2, "missed": 1, "reason": "ended_by_crm"}));
    assert!(bench.store_as_text().await.contains("event_given_up"), "the auditor can see it");
}

#[tokio::test]
async fn two_runs_at_once_bring_each_event_once_and_in_order() {
    let (bench, receiver) = told().await;
    bench.allow_several_consents().await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let session = bench.crm().connect("redirect").await;
        bench.crm().delete(&format!("/v1/sessions/{session}")).await;
        sessions.push(session);
    }
    let (one, other) = tokio::join!(deliver(&bench), deliver(&bench));
    let count = |summary: &Value| summary["delivered"].as_u64().unwrap();
    assert_eq!(count(&one) + count(&other), 8, "{one} {other}");
    let events = receiver.events(&bench).await;
    for session in &sessions {
        let own: Vec<_> = events.iter().filter(|event| event.session == *session).cloned().collect();
        assert_eq!(briefs(&own), [(1, "connected"), (2, "ended")]);
    }
}

#[tokio::test]
async fn an_event_whose_deliverer_died_is_sent_when_its_time_is_over() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    let store = Store::new(Arc::clone(bench.documents()));
    let loaded: Loaded<Session> = store.load(&session).await.unwrap().unwrap();
    let mut claimed = loaded.record.clone();
    assert!(claimed.claim_event(bench.now()), "somebody sets out to send it, and dies");
    store.note(&loaded, claimed).await.unwrap();
    bench.advance(19);
    assert_eq!(deliver(&bench).await, delivered(0), "it may still be under way");
    bench.advance(1);
    assert_eq!(deliver(&bench).await, delivered(1));
    assert_eq!(briefs(&receiver.events(&bench).await), [(1, "connected")]);
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_elses_events() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let bench = Bench::with_tenants(&[("acme", slow.webhook()), ("other", quick.webhook())]).await;
    bench.allow_several_consents().await;
    bench.crm().connect("redirect").await;
    bench.other_crm().connect("redirect").await;
    slow.hold();
    let watch = async {
        slow.next_has_come().await;
        quick.next_has_come().await;
        // Both have come while the slow one has answered nothing.
        slow.let_go();
    };
    let (summary, ()) = tokio::join!(deliver(&bench), watch);
    assert_eq!(summary, delivered(2));
}

#[tokio::test]
async fn a_receiver_that_says_when_to_come_again_is_left_alone_until_then_and_no_longer_than_an_hour() {
    let (bench, receiver) = told().await;
    bench.crm().connect("oauth").await;
    receiver.is_down(true);
    for (asked, wait) in [("300", 300), ("100000", 3600)] {
        receiver.asks_to_wait(asked);
        let tried = receiver.tokens().len() + 1;
        assert_eq!(deliver(&bench).await["failed"], 1);
        bench.advance(wait - 5);
        assert_eq!(deliver(&bench).await, delivered(0), "before its time");
        assert_eq!(receiver.tokens().len(), tried);
        bench.advance(5);
    }
    receiver.is_down(false);
    assert_eq!(deliver(&bench).await, delivered(1));
}

#[tokio::test]
async fn a_receiver_that_is_down_is_left_alone_until_the_next_run() {
    let (bench, receiver) = told().await;
    bench.allow_several_consents().await;
    for _ in 0..12 {
        bench.crm().connect("redirect").await;
    }
    receiver.is_down(true);
    let summary = deliver(&bench).await;
    let tried = receiver.tokens().len();
    assert_eq!(summary["stalled"], json!(["acme"]));
    assert!((4..8).contains(&tried), "{tried} of 12 were tried");
    receiver.is_down(false);
    assert_eq!(deliver(&bench).await["delivered"], 12 - tried);
    bench.advance(13);
    assert_eq!(deliver(&bench).await["delivered"], tried);
}

#[tokio::test]
async fn only_what_the_crm_wants_is_told_and_without_a_webhook_nothing_is_kept() {
    let receiver = Receiver::start().await;
    let wanted = format!("{}events = [\"ended\"]\n", receiver.webhook());
    let bench = Bench::with_tenants(&[("acme", wanted)]).await;
    let session = bench.other_crm().connect("redirect").await;
    bench.other_crm().delete(&format!("/v1/sessions/{session}")).await;
    let stored = bench.store_as_text().await;
    assert!(!stored.contains("outbox") && !stored.contains("events_due_at"));
    let session = bench.crm().connect("redirect").await;
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    assert!(bench.store_as_text().await.contains("outbox"));
    assert_eq!(deliver(&bench).await, delivered(1));
    assert_eq!(briefs(&receiver.events(&bench).await), [(1, "ended")]);
}

/// Runs the refresh of balances when it is due, and brings what it is worth telling.
async fn refresh(bench: &Bench) -> Value {
    bench.advance(4_000);
    let summary = bench.run_job("refresh-balances").await;
    deliver(bench).await;
    summary
}

#[tokio::test]
async fn newer_data_are_told_to_who_wants_it_and_what_people_must_do_is_told_once() {
    let receiver = Receiver::start().await;
    let wanted = format!("{}events = [\"refreshed\", \"action_needed\"]\n", receiver.webhook());
    let hourly = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 0\n";
    let bench = Bench::with_documents(hourly, &[("acme", wanted)]).await;
    let session = bench.crm().connect("redirect").await;
    bench.crm().accounts(&session).await;
    let summary = refresh(&bench).await;
    assert_eq!(summary["refreshed"], 1, "{summary}");
    let body = r#"{"tppMessages": [{"category": "ERROR", "code": "SERVICE_BLOCKED"}]}"#;
    let blocked = json!({"kind": "body", "status": 403, "content_type": "application/json", "body": body});
    for fault in [true, true, false, true] {
        if fault {
            bench.fault("balances", blocked.clone(), 1).await;
        }
        refresh(&bench).await;
    }
    let events = receiver.events(&bench).await;
    let expected = [(1, "refreshed"), (2, "action_needed"), (3, "refreshed"), (4, "action_needed")];
    assert_eq!(briefs(&events), expected, "told again only after it had worked");
    assert_eq!(events[0].says, json!({"bank": "redirect", "number": 1, "missed": 0, "data": "balances"}));
    assert_eq!(events[1].says["action"], "fix_configuration");
}

#[tokio::test]
async fn a_bank_that_refuses_our_certificate_is_told_once_as_something_to_put_right() {
    let receiver = Receiver::start().await;
    let wanted = format!("{}events = [\"action_needed\"]\n", receiver.webhook());
    let hourly = "[background]\nreads_per_day = 24\nrefreshes_per_day = 24\ncanaries = 0\n";
    let bench = Bench::with_documents(hourly, &[("acme", wanted)]).await;
    let session = bench.crm().connect("redirect").await;
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    bench.fault("any", json!({"kind": "refuse_certificate"}), 1000).await;
    for _ in 0..2 {
        let summary = refresh(&bench).await;
        assert_eq!(summary["failed"], json!({"bank_rejected_client_certificate": 1}), "{summary}");
    }
    let events = receiver.events(&bench).await;
    assert_eq!(briefs(&events), [(1, "action_needed")]);
    assert_eq!(events[0].says["action"], "fix_configuration");
}

#[tokio::test]
async fn nothing_secret_and_nothing_of_the_customers_money_is_in_an_event() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    let accounts = bench.crm().accounts(&session).await;
    let iban = accounts.body["accounts"][0]["identification"][0]["value"].as_str().unwrap().to_owned();
    let secrets = bench.secrets_at_the_bank().await;
    bench.advance(160 * DAY);
    bench.run_upkeep().await;
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    deliver(&bench).await;
    let said: Vec<String> = receiver.tokens().iter().map(|token| opened(token)).collect();
    let said = said.join(" ");
    assert!(said.contains("renewal_due") && said.contains("ended"), "{said}");
    let customers = [("the account number", iban), ("the customer", "customer-4711".to_owned())];
    for (name, secret) in secrets.into_iter().chain(customers) {
        assert!(!said.contains(&secret), "{name} is in an event");
    }
}

#[tokio::test]
async fn the_end_of_a_consent_is_announced_at_each_number_of_days_once() {
    let (bench, receiver) = told().await;
    let session = bench.crm().connect("oauth").await;
    let view = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    let first = &view.body["ends"]["first"];
    let ends_at: jiff::Timestamp = view.body["ends"]["refresh_chain_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(first["what"], "refresh_chain", "{first}");
    let mut left = ends_at.duration_since(bench.now()).as_secs();
    for days in [30, 14, 7, 1] {
        bench.advance(left - days * DAY - 1);
        assert!(bench.run_upkeep().await.get("renewals_due").is_none(), "a second too early for {days}");
        bench.advance(1);
        let (one, other) = tokio::join!(bench.run_upkeep(), bench.run_upkeep());
        let told = [&one, &other].map(|summary| summary["renewals_due"][days.to_string()].as_u64().unwrap_or(0));
        assert_eq!(told.iter().sum::<u64>(), 1, "{one} {other}");
        left = days * DAY;
    }
    bench.advance(left);
    assert_eq!(bench.run_upkeep().await["expired"], 1);
    assert_eq!(bench.run_upkeep().await["due"], 0, "and then it is over");
    deliver(&bench).await;
    let events = receiver.events(&bench).await;
    let days: Vec<_> = events.iter().filter_map(|event| event.says["days"].as_u64()).collect();
    assert_eq!(days, [30, 14, 7, 1]);
    assert_eq!(events[1].says["what"], "refresh_chain");
    assert_eq!(events[1].says["ends_at"], view.body["ends"]["refresh_chain_at"]);
    assert_eq!(events.last().unwrap().says["reason"], "consent_expired");
}

#[tokio::test]
async fn a_certificate_that_ends_is_told_once_at_each_number_of_days_by_all_instances_together() {
    let (logs, _guard) =
        shared::testing::logs::Captured::on_this_thread(shared::telemetry::Format::Stackdriver, "warn");
    let bench = Bench::start().await;
    assert!(bench.run_upkeep().await.get("certificates").is_none());
    let ends_at = bench.crm().connect("redirect").await;
    let view = bench.crm().get(&format!("/v1/sessions/{ends_at}")).await;
    let ends_at: jiff::Timestamp = view.body["ends"]["certificate_at"].as_str().unwrap().parse().unwrap();
    for (days, times) in [(20, 1), (6, 2)] {
        bench.advance(ends_at.duration_since(bench.now()).as_secs() - days * DAY);
        let (one, other) = tokio::join!(bench.run_upkeep(), bench.run_upkeep());
        for summary in [one, other] {
            let certificates = summary["certificates"].as_array().unwrap();
            let found = |usage: &str| certificates.iter().filter(|found| found["use"] == usage).count();
            assert_eq!((found("qwac"), found("qseal")), (7, 2), "a QWAC for each bank: {summary}");
        }
        // The fleet's processes write logs of their own.
        let text = format!("{}{}", logs.text(), bench.process_logs());
        assert_eq!(text.matches("certificate_ending").count(), 9 * times, "{text}");
    }
}

#[tokio::test]
async fn the_receiver_of_the_document_takes_what_the_hub_signed_and_nothing_else() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let program = manual.split_once("```js\n").unwrap().1.split_once("```").unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receiver.mjs");
    std::fs::write(&file, program).unwrap();
    let (bench, kept) = told().await;
    bench.crm().connect("oauth").await;
    deliver(&bench).await;
    let token = kept.tokens().pop().unwrap();
    let mut ours = example(&file, &bench.url, AUDIENCE).await;
    let others = example(&file, &bench.url, "https://other.example").await;
    assert_eq!(ours.takes(&token).await, (202, String::new()));
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    assert_eq!(ours.takes(&forged).await, (400, r#"{"err":"invalid_key"}"#.to_owned()));
    assert_eq!(others.takes(&token).await, (400, r#"{"err":"invalid_audience"}"#.to_owned()));
    assert!(ours.line().await.contains("urn:secure-hub:event:connected"));
}

#[tokio::test]
async fn the_job_is_the_schedulers_alone_and_takes_no_position() {
    let (bench, _) = told().await;
    let path = "/v1/jobs/deliver-events";
    assert_eq!(bench.crm().bare(Method::POST, path, &[]).await.problem(), (401, "unauthenticated"));
    let crm = bench.crm().with_scopes("jobs:run");
    assert_eq!(crm.post(path, Value::Null).await.problem(), (403, "scope_missing"));
    let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run");
    let answer = scheduler.post(&format!("{path}?after=AAAAAAAAAAAAAAAAAAAAAA"), Value::Null).await;
    assert_eq!(answer.problem(), (400, "request_invalid"));
    assert_eq!(scheduler.post(path, Value::Null).await.status, StatusCode::OK);
}
