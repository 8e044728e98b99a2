//! Every incident that the sandbox bank plays, from the CRM's side: what it is told, that nothing wrong and nothing of
//! somebody else's gets through, that no consent is lost that need not be, and that all is well when it has ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use http::StatusCode;
use jiff::SignedDuration;
use sandbox_bank::{Incident, Rotation};
use serde_json::{Value, json};
use shared::domain::operation::Operation;

use it::bench::{Bench, RETURN_URL, browser::Browser, issuer};

use crate::certificates::Pair;

mod scene;

use scene::{ACCOUNTS, BALANCES, READS, Scene, TRANSACTIONS, retry_at, seconds, timeless};

/// A reading that a bank in trouble makes fail.
struct Failing {
    incident: &'static str,
    reads: &'static [&'static str],
    problem: (u16, &'static str),
    next_action: &'static str,
    /// For how many seconds the CRM is told to wait.
    waits: Option<i64>,
    /// How many calls of one reading reach the bank.
    calls: usize,
}

const fn failing(
    incident: &'static str,
    reads: &'static [&'static str],
    problem: (u16, &'static str),
    next_action: &'static str,
) -> Failing {
    Failing { incident, reads, problem, next_action, waits: None, calls: 1 }
}

const INVALID: (u16, &str) = (502, "bank_response_invalid");
const LINK: (u16, &str) = (502, "bank_link_rejected");
const LIMITED: (u16, &str) = (429, "bank_rate_limited");

/// Incidents under which a reading fails and nothing else happens.
const FAILING: &[Failing] = &[
    failing("next_to_itself", &[TRANSACTIONS], LINK, "contact_bank"),
    failing("next_null_host", &[TRANSACTIONS], LINK, "contact_bank"),
    failing("next_other_resource", &[TRANSACTIONS], LINK, "contact_bank"),
    failing("html_500", READS, (502, "bank_unavailable"), "wait"),
    failing("html_200_maintenance", READS, INVALID, "contact_bank"),
    Failing { calls: 0, ..failing("dns_gone", READS, (502, "bank_unreachable"), "wait") },
    failing("limit_headers_negative", READS, LIMITED, "wait"),
    Failing { waits: Some(86_400), ..failing("retry_after_huge", READS, LIMITED, "wait") },
    failing("empty_chunked_body", &[BALANCES], INVALID, "contact_bank"),
    failing("wrong_request_id_echoed", READS, INVALID, "contact_bank"),
    failing("duplicate_json_members", &[TRANSACTIONS], INVALID, "contact_bank"),
    failing("huge_amount", &[TRANSACTIONS], INVALID, "contact_bank"),
    failing("invalid_utf8", &[TRANSACTIONS], INVALID, "contact_bank"),
];

/// Incidents that have a test of their own below.
const OTHERS: &[&str] = &[
    "rotate_then_504",
    "next_relative",
    "id_token_algorithm_changed",
    "other_content_type",
    "maintenance_overrun",
    "consent_dead_after_24_uses",
    "pem_extra_newlines",
    "missing_transaction_ids",
    "duplicate_transaction_ids",
    "pending_becomes_booked",
    "sca_page_swallows_customer",
    "validity_refused_by_milliseconds",
    "half_psu_headers_refused",
    "accounts_not_in_consent",
    "bom",
    "string_booleans",
    "local_time_dates",
];

#[test]
fn every_incident_of_the_bank_is_known_here() {
    let known: Vec<_> = FAILING.iter().map(|row| row.incident).chain(OTHERS.iter().copied()).collect();
    let played: BTreeSet<_> = Incident::all().iter().map(|incident| incident.name).collect();
    assert_eq!(known.iter().copied().collect::<BTreeSet<_>>(), played);
    assert_eq!(known.len(), played.len(), "each once");
    let source = include_str!("incidents.rs");
    for name in OTHERS {
        assert!(source.contains(&format!("(\"{name}\"")), "{name} is not played");
    }
}

#[tokio::test]
async fn what_a_bank_in_trouble_says_is_a_problem_and_costs_no_consent() {
    for mood in ["oauth", "redirect"] {
        let scene = Scene::at(mood).await;
        for row in FAILING {
            scene.play(row.incident).await;
            for what in row.reads {
                let what_happens = format!("{mood}: {}: {what}", row.incident);
                let before = scene.bench.bank.journal().len();
                let answer = scene.read(what).await;
                assert_eq!(answer.problem(), row.problem, "{what_happens}: {:?}", answer.body);
                assert_eq!(answer.text("next_action"), row.next_action, "{what_happens}");
                assert_eq!(
                    retry_at(&answer),
                    row.waits.map(|wait| scene.bench.now() + seconds(wait)),
                    "{what_happens}"
                );
                let told = answer.headers.get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
                assert_eq!(told, row.waits.map(|wait| wait.to_string()), "{what_happens}");
                for list in ["accounts", "balances", "transactions"] {
                    assert!(answer.body.get(list).is_none(), "{what_happens}");
                }
                assert_eq!(scene.bench.bank.journal().len() - before, row.calls, "{what_happens}: not repeated");
            }
            scene.end().await;
            scene.works(row.incident).await;
        }
    }
}

#[tokio::test]
async fn a_session_cannot_be_started_at_a_bank_in_trouble_but_afterwards() {
    let bench = Bench::start().await;
    let body = json!({"bank": "redirect", "psu": "customer-4711", "return_url": RETURN_URL});
    for (incident, problem) in [
        ("html_500", (502, "bank_unavailable")),
        ("html_200_maintenance", INVALID),
        ("dns_gone", (502, "bank_unreachable")),
        ("maintenance_overrun", (502, "bank_unavailable")),
    ] {
        bench.bank.play_incident(incident, None, None).await.unwrap();
        let before = bench.customers_as_text().await;
        assert_eq!(bench.crm().post("/v1/sessions", body.clone()).await.problem(), problem, "{incident}");
        assert_eq!(bench.customers_as_text().await, before, "{incident}: no half session");
        bench.bank.end_incidents().await.unwrap();
    }
    Scene::on(bench, "redirect").await.works("all of them").await;
}

#[tokio::test]
async fn maintenance_that_takes_longer_than_announced_is_waited_for() {
    let scene = Scene::at("redirect").await;
    scene.play("maintenance_overrun").await;
    let announced = scene.bench.now() + SignedDuration::from_hours(14);
    let answer = scene.read(BALANCES).await;
    assert_eq!(answer.problem(), (502, "bank_unavailable"));
    assert_eq!(retry_at(&answer), Some(announced), "as the bank announced");
    scene.bench.advance(14 * 3600);
    let answer = scene.read(BALANCES).await;
    assert_eq!((answer.problem(), retry_at(&answer)), ((502, "bank_unavailable"), Some(announced + seconds(60))));
    scene.bench.advance(2 * 3600);
    scene.works("the overrun").await;
}

#[tokio::test]
async fn maintenance_of_the_token_endpoint_costs_no_consent() {
    let scene = Scene::at("oauth").await;
    scene.play("maintenance_overrun").await;
    for hours in [0, 1, 14] {
        scene.bench.advance(hours * 3600);
        assert_eq!(scene.read(BALANCES).await.problem(), (502, "bank_unavailable"), "{hours} hours later");
    }
    scene.bench.advance(3600);
    scene.works("the overrun").await;
}

#[tokio::test]
async fn a_rotation_whose_answer_is_lost_costs_the_consent_only_where_the_bank_forgives_nothing() {
    for (rotation, is_kept) in [(Rotation::None, true), (Rotation::Grace, true), (Rotation::Family, false)] {
        let scene = Scene::on(Bench::with_rotation(rotation).await, "oauth").await;
        scene.play("rotate_then_504").await;
        scene.bench.advance(301);
        assert_eq!(scene.read(ACCOUNTS).await.problem(), (502, "bank_unavailable"), "{rotation:?}");
        let resting = scene.read(ACCOUNTS).await;
        assert_eq!(resting.problem(), (503, "refresh_busy"), "{rotation:?}");
        assert!(retry_at(&resting).is_some());
        scene.end().await;
        scene.bench.advance(50);
        if is_kept {
            scene.works("rotate_then_504").await;
            continue;
        }
        let lost = scene.read(ACCOUNTS).await;
        assert_eq!(lost.problem(), (409, "consent_lost"));
        assert_eq!((lost.text("reason").as_str(), lost.text("next_action").as_str()), ("token_lost", "renew_consent"));
        scene.is_renewed().await;
        scene.works("rotate_then_504 and a renewal").await;
    }
}

#[tokio::test]
async fn tokens_in_a_strange_wrapping_are_kept() {
    let scene = Scene::at("oauth").await;
    scene.play("id_token_algorithm_changed").await;
    scene.bench.advance(301);
    scene.works("an id_token that nobody asked for").await;
    let other = scene.bench.crm().connect("oauth").await;
    assert_eq!(scene.bench.crm().accounts(&other).await.status, StatusCode::OK, "nor does it stop a journey");
}

#[tokio::test]
async fn tokens_of_another_content_type_are_not_lost() {
    let scene = Scene::at("oauth").await;
    scene.play("other_content_type").await;
    let refreshes = scene.bench.reached("token").len();
    scene.bench.advance(301);
    scene.works("tokens as text/plain").await;
    assert_eq!(scene.bench.reached("token").len(), refreshes + 1, "refreshed once");
    scene.end().await;
    scene.bench.advance(301);
    scene.works("other_content_type").await;
}

#[tokio::test]
async fn a_consent_that_is_used_up_is_told_once_and_renewed() {
    let scene = Scene::at("redirect").await;
    scene.play("consent_dead_after_24_uses").await;
    let mut reads = 0;
    let lost = loop {
        let answer = scene.read(BALANCES).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        reads += 1;
        assert!(reads <= 24, "{reads} reads");
    };
    assert!(reads >= 23, "{reads} reads");
    assert_eq!(lost.problem(), (409, "consent_lost"));
    assert_eq!((lost.text("reason").as_str(), lost.text("next_action").as_str()), ("consent_expired", "renew_consent"));
    let before = scene.bench.bank.journal().len();
    assert_eq!(scene.read(BALANCES).await.problem(), (409, "consent_lost"));
    assert_eq!(scene.bench.bank.journal().len(), before, "the bank is not asked again");
    scene.end().await;
    let account = scene.account.clone();
    scene.is_renewed().await;
    scene.works("a renewal").await;
    assert_eq!(scene.bench.crm().first_account(&scene.session).await, account, "the account keeps its name");
}

#[tokio::test]
async fn lists_are_followed_and_read_all_the_same() {
    let scene = Scene::at("oauth").await;
    let query = "from=2000-01-01";
    let plain = scene.transactions(query).await;
    assert!(plain.len() > 200, "more than one page");
    scene.play("next_relative").await;
    assert_eq!(scene.transactions(query).await, plain);
    scene.end().await;
    let mut told = BTreeMap::new();
    for what in READS {
        told.insert(*what, timeless(scene.read_well(what).await));
    }
    scene.play("bom").await;
    for what in [ACCOUNTS, BALANCES] {
        assert_eq!(timeless(scene.read_well(what).await), told[what], "{what}");
    }
    assert_eq!(scene.transactions(query).await, plain);
    scene.end().await;
    scene.works("all of them").await;
}

#[tokio::test]
async fn a_time_where_a_day_should_be_is_read_only_where_the_document_says_how() {
    for (lines, is_read) in [("", false), ("[data]\ndates = { times = \"convert\" }", true)] {
        let scene = Scene::on(Bench::with_limits(lines).await, "oauth").await;
        let plain = scene.transactions("from=2000-01-01").await;
        scene.play("local_time_dates").await;
        if is_read {
            assert_eq!(scene.transactions("from=2000-01-01").await, plain, "the same days");
        } else {
            assert_eq!(scene.read(TRANSACTIONS).await.problem(), INVALID, "no day is guessed");
        }
        scene.end().await;
        scene.works("local_time_dates").await;
    }
}

/// What people see of a transaction, without its names.
fn content(list: &[Value]) -> Vec<String> {
    let shown = |one: &Value| format!("{} {} {}", one["booking_date"], one["credit_debit"], one["amount"]);
    list.iter().map(shown).collect()
}

fn names(list: &[Value]) -> Vec<String> {
    list.iter().map(|one| one["transaction_id"].to_string()).collect()
}

/// How many names there are.
fn distinct(names: &[String]) -> usize {
    names.iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn transactions_have_one_name_each_whatever_the_bank_calls_them() {
    let scene = Scene::at("oauth").await;
    let query = "from=2000-01-01";
    let plain = scene.transactions(query).await;
    scene.play("missing_transaction_ids").await;
    let nameless = scene.transactions(query).await;
    assert_eq!(names(&scene.transactions(query).await), names(&nameless), "the same at every reading");
    scene.end().await;
    scene.play("duplicate_transaction_ids").await;
    let doubled = scene.transactions(query).await;
    assert_eq!(names(&scene.transactions(query).await), names(&doubled), "the same at every reading");
    scene.end().await;
    for list in [&nameless, &doubled] {
        assert_eq!(content(list), content(&plain), "none is missing and none is there twice");
        assert_eq!(distinct(&names(list)), list.len());
    }
    assert_eq!(names(&scene.transactions(query).await), names(&plain));
}

#[tokio::test]
async fn a_pending_entry_that_loses_its_name_is_linked_to_the_booked_one() {
    let scene = Scene::at("redirect").await;
    scene.play("pending_becomes_booked").await;
    let accounts = scene.read_well(ACCOUNTS).await["accounts"].clone();
    let mut pending = Vec::new();
    let list = async |account: &Value| {
        let path = format!("/accounts/{}/transactions?status=both", account["account_id"].as_str().unwrap());
        scene.read_well(&path).await["transactions"].as_array().unwrap().clone()
    };
    for account in accounts.as_array().unwrap() {
        let waiting = list(account).await.into_iter().filter(|one| one["status"] == "PDNG");
        pending.extend(waiting.filter(|one| one["link_id"].is_string()));
    }
    assert!(!pending.is_empty(), "nothing is pending");
    scene.bench.advance(6 * 86_400);
    let mut booked = BTreeMap::new();
    for account in accounts.as_array().unwrap() {
        let done = list(account).await.into_iter().filter(|one| one["status"] == "BOOK");
        booked.extend(done.map(|one| (one["link_id"].to_string(), one)));
    }
    for one in pending {
        let found = booked.get(&one["link_id"].to_string()).unwrap_or_else(|| panic!("{one} was never booked"));
        assert_eq!(content(std::slice::from_ref(found))[0].split(' ').skip(1).collect::<Vec<_>>(), {
            let pending = content(std::slice::from_ref(&one));
            pending[0].split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>()
        });
        assert_ne!(found["transaction_id"], one["transaction_id"]);
    }
    scene.end().await;
    scene.works("pending_becomes_booked").await;
}

#[tokio::test]
async fn a_customer_who_never_comes_back_loses_nothing() {
    let scene = Scene::at("oauth").await;
    scene.play("sca_page_swallows_customer").await;
    scene.bench.decide("approve").await;
    let browser = Browser::new();
    let link = scene.renew().await;
    let at_the_bank = browser.open(browser.open(&link).await.location().as_str()).await;
    assert!(at_the_bank.headers.get("location").is_none(), "the bank's pages are the end");
    scene.end().await;
    scene.works("a renewal that hangs").await;
    scene.bench.advance(3600);
    scene.works("a renewal that has run out").await;
    scene.bench.control("POST", "/sca", json!({"decision": "browser"})).await;
    scene.is_renewed().await;
    scene.works("a renewal that succeeds").await;
}

#[tokio::test]
async fn a_first_journey_that_never_ends_is_told_as_such() {
    let bench = Bench::start().await;
    bench.bank.play_incident("sca_page_swallows_customer", None, None).await.unwrap();
    bench.decide("approve").await;
    let started = bench.crm().start("redirect").await;
    let browser = Browser::new();
    browser.open(browser.open(&started.text("authorize_url")).await.location().as_str()).await;
    let path = format!("/v1/sessions/{}", started.text("session"));
    assert_eq!(bench.crm().get(&path).await.text("status"), "awaiting_psu");
    bench.advance(3600);
    let shown = bench.crm().get(&path).await;
    assert_eq!((shown.text("status").as_str(), shown.text("reason").as_str()), ("renewal_required", "sca_expired"));
}

#[tokio::test]
async fn a_bank_that_refuses_what_holds_too_long_is_a_matter_of_its_document() {
    let bench = Bench::start().await;
    bench.bank.play_incident("validity_refused_by_milliseconds", None, None).await.unwrap();
    let session = bench.crm().connect("redirect").await;
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "as many days as the bank grants are well");
    bench.control("POST", "/policy", json!({"longest_days": 179})).await;
    let (before, asked) = (bench.store_as_text().await, bench.reached("consents").len());
    let body = json!({"bank": "redirect", "psu": "customer-4711", "return_url": RETURN_URL});
    let refused = bench.crm().post("/v1/sessions", body).await;
    assert_eq!(refused.problem(), (502, "bank_rejected_request"));
    assert_eq!(refused.text("next_action"), "fix_configuration");
    assert_eq!(bench.store_as_text().await, before, "no half session");
    assert_eq!(bench.reached("consents").len(), asked + 1, "not repeated");
    bench.bank.end_incidents().await.unwrap();
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "the consent in force is as it was");
    bench.crm().connect("redirect").await;
}

#[tokio::test]
async fn half_of_what_is_known_of_the_psu_is_not_sent_where_the_bank_wants_all() {
    let scene = Scene::at("oauth").await;
    scene.play("half_psu_headers_refused").await;
    let half = {
        let mut claims = scene.bench.crm().presence_claims(&scene.session);
        claims.as_object_mut().unwrap().remove("psu_user_agent");
        scene.bench.crm().sign(&issuer::header(), &claims)
    };
    let path = format!("/v1/sessions/{}/accounts", scene.session);
    let refused = scene.bench.crm().get_with(&path, &[("psu-presence", &half)]).await;
    assert_eq!(refused.problem(), (502, "bank_rejected_request"), "{:?}", refused.body);
    assert_eq!(scene.bench.crm().get(&path).await.status, StatusCode::OK, "neither is well");
    scene.works("both are well").await;
}

#[tokio::test]
async fn accounts_that_nobody_consented_to_do_not_come_through() {
    for mood in ["oauth", "redirect"] {
        let scene = Scene::at(mood).await;
        let plain = timeless(scene.read_well(ACCOUNTS).await);
        scene.play("accounts_not_in_consent").await;
        let answer = scene.read_well(ACCOUNTS).await;
        assert!(!answer.to_string().contains("DE58999999980000000001"), "{mood}: a stranger's account");
        assert_eq!(timeless(answer), plain, "{mood}");
        let raw = [("accept", "application/vnd.hub.raw+json")];
        let path = format!("/v1/sessions/{}/accounts", scene.session);
        let raw = scene.bench.crm().get_with(&path, &raw).await;
        assert_eq!(raw.body["accounts"].as_array().unwrap().len(), plain["accounts"].as_array().unwrap().len());
        assert!(!raw.body.to_string().contains("DE58999999980000000001"), "{mood}: nor in the bank's own words");
        scene.end().await;
        scene.works(mood).await;
    }
}

#[tokio::test]
async fn certificates_with_too_many_newlines_are_read() {
    let pair = Pair::start_with(async |bank, folder| {
        bank.play_incident("pem_extra_newlines", None, None).await.unwrap();
        let chain = reqwest::get(format!("{}/pki/ca.pem", bank.control_url())).await.unwrap().text().await.unwrap();
        assert!(chain.ends_with("\n\n\n"), "two empty lines");
        fs::write(folder.join("banks/ca.pem"), chain).unwrap();
        for name in ["qwac.pem", "qseal.pem"] {
            let file = folder.join("banks").join(name);
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, text.replace("-----BEGIN", "\n\n-----BEGIN") + "\n\n").unwrap();
        }
    })
    .await;
    for mood in ["redirect", "explicit"] {
        assert!(pair.call(mood, Operation::Accounts, None).await.unwrap()["certificate_sha256"].is_string(), "{mood}");
    }
}

#[tokio::test]
async fn a_consent_whose_booleans_are_texts_is_read() {
    let bench = Bench::start().await;
    bench.bank.play_incident("string_booleans", None, None).await.unwrap();
    for mood in ["oauth", "redirect"] {
        let session = bench.crm().connect(mood).await;
        let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
        assert_eq!(shown.body["consent"]["recurring"], true, "{mood}: {:?}", shown.body);
        assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    }
}
