//! Four a day is exact (promise P4): what may be read without the PSU, judged by the bank's journal; and what a proven
//! presence does about it (promise P3).

mod reservations;

use std::sync::Arc;

use futures::future::join_all;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::{
    domain::{
        audit::AuditEvent,
        data_kind::DataKind,
        ids::{AccountId, RequestId},
        ledger::{LedgerKey, WINDOW},
        presence::Attendance,
        session::Session,
    },
    flows::{
        read::{ReadError, Reader, quota},
        trail::Trail,
        trouble::{Held, Trouble},
    },
    ports::store::Loaded,
};

use it::bench::{
    Bench, RETURN_URL,
    browser::Browser,
    crm::{Answer, parameter},
    hub_side::in_process::InProcess,
};

/// A little longer than a slot is taken.
const PAST_A_DAY: i64 = WINDOW.as_secs() + 1;

/// What a call gets for which nothing is left.
const EXHAUSTED: (u16, &str) = (429, "quota_exhausted");

/// A session, one of its accounts, and ways to ask about it.
struct Scene<'a> {
    bench: &'a Bench,
    session: String,
    account: String,
}

impl<'a> Scene<'a> {
    async fn at(bench: &'a Bench) -> Self {
        let session = bench.crm().connect("oauth").await;
        let presence = bench.crm().presence(&session);
        let path = format!("/v1/sessions/{session}/accounts");
        let accounts = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
        let account = accounts.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
        Self { bench, session, account }
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/sessions/{}/accounts/{}/{what}", self.session, self.account)
    }

    /// Reads without the PSU.
    async fn background(&self, what: &str) -> Answer {
        self.bench.crm().get(&self.path(what)).await
    }

    async fn attended(&self, what: &str) -> Answer {
        let presence = self.bench.crm().presence(&self.session);
        self.bench.crm().get_with(&self.path(what), &[("psu-presence", &presence)]).await
    }

    /// What the quota says of that kind.
    async fn quota(&self, kind: &str) -> Value {
        let answer = self.background("quota").await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let kinds = answer.body["kinds"].as_array().unwrap();
        kinds.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{kinds:?}")).clone()
    }

    async fn used(&self, kind: &str) -> Value {
        self.quota(kind).await["used"].clone()
    }

    /// Uses up what is left of the balances.
    async fn use_up(&self) {
        for _ in 0..4 {
            assert_eq!(self.background("balances").await.status, StatusCode::OK);
        }
    }
}

/// The most reads without the PSU that reached the bank under that name within any 24 hours.
fn most_in_a_day(bench: &Bench, operation: &str) -> usize {
    let reads: Vec<_> = bench.reached(operation).into_iter().filter(|entry| !entry.psu_present).collect();
    let day = SignedDuration::from_hours(24);
    let within =
        |start: Timestamp| reads.iter().filter(|read| read.at >= start && read.at.duration_since(start) < day).count();
    reads.iter().map(|read| within(read.at)).max().unwrap_or(0)
}

fn in_seconds(bench: &Bench, seconds: i64) -> Timestamp {
    bench.now() + SignedDuration::from_secs(seconds)
}

/// An instant of a problem or quota lies there, give or take what a store's clock may be apart from the test's.
fn is_about(told: &Value, expected: Timestamp) -> bool {
    let told: Timestamp = told.as_str().unwrap().parse().unwrap();
    told.duration_since(expected).unsigned_abs().as_secs() <= 60
}

#[tokio::test]
async fn the_fifth_read_of_a_day_is_not_made_and_says_when() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    let first = bench.now();
    scene.use_up().await;
    let answer = scene.background("balances").await;
    assert_eq!(answer.problem(), EXHAUSTED);
    assert_eq!((answer.text("limited_by").as_str(), answer.text("next_action").as_str()), ("hub", "wait"));
    assert_eq!(answer.body["remaining"], 0);
    assert!(is_about(&answer.body["retry_at"], first + WINDOW), "{:?}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(bench.reached("balances").len(), 4, "the bank was not asked");
    assert_eq!(scene.background("transactions").await.status, StatusCode::OK, "each kind has its own");
    assert_eq!(scene.attended("balances").await.status, StatusCode::OK, "the PSU may ask all the same");
    bench.advance(PAST_A_DAY);
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
}

/// Q2, and a day that is a little longer than the bank's.
#[tokio::test]
async fn around_midnight_there_are_four_all_the_same() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    for pause in [0, 82_800, 3_540, 120, 60, 60, 3_600, 82_800, 60, 7_200, 60] {
        bench.advance(pause);
        let answer = scene.background("balances").await;
        assert!(answer.status == StatusCode::OK || answer.problem() == EXHAUSTED, "{:?}", answer.body);
    }
    assert_eq!(most_in_a_day(&bench, "balances"), 4);
    assert!(bench.reached("balances").len() > 4, "the day went on");
}

/// Q1.
#[tokio::test]
async fn of_fifty_callers_at_once_four_come_through() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    let answers = join_all((0..50).map(|_| scene.background("balances"))).await;
    let (came, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!(came.len(), 4);
    assert!(refused.iter().all(|answer| answer.problem() == EXHAUSTED), "{refused:?}");
    assert_eq!(bench.reached("balances").len(), 4);
    assert_eq!(scene.quota("balances").await["left"], 0);
}

/// Q4: the bank's word counts, whatever the hub has counted.
#[tokio::test]
async fn a_bank_that_calls_the_limit_met_is_believed() {
    let exceeded = json!({"tppMessages": [{"category": "ERROR", "code": "ACCESS_EXCEEDED"}]}).to_string();
    let refusal = |headers: Value| json!({"kind": "body", "status": 429, "content_type": "application/json", "body": exceeded, "headers": headers});
    let day = WINDOW.as_secs();
    let cases = [
        (refusal(json!({"retry-after": "3600"})), 3_600),
        (refusal(json!({})), day),
        (refusal(json!({"retry-after": "-5"})), day),
        (refusal(json!({"retry-after": "99999999999999"})), day),
        (json!({"kind": "too_many_requests", "retry_after": 30}), 30),
        (json!({"kind": "too_many_requests", "retry_after": 0}), day),
        (json!({"kind": "too_many_requests"}), day),
    ];
    for (fault, seconds) in cases {
        let bench = Bench::start().await;
        let scene = Scene::at(&bench).await;
        assert_eq!(scene.background("balances").await.status, StatusCode::OK, "{fault}");
        bench.fault("balances", fault.clone(), 1).await;
        let told = scene.background("balances").await;
        assert_eq!((told.problem(), told.text("limited_by").as_str()), ((429, "bank_rate_limited"), "bank"), "{fault}");
        let ends = in_seconds(&bench, seconds);
        let answer = scene.background("balances").await;
        assert_eq!((answer.problem(), answer.text("limited_by").as_str()), (EXHAUSTED, "bank"), "{fault}");
        assert!(is_about(&answer.body["retry_at"], ends), "{fault}: {:?}", answer.body);
        let quota = scene.quota("balances").await;
        assert_eq!((&quota["used"], &quota["left"], &quota["limited_by"]), (&json!(2), &json!(0), &json!("bank")));
        assert!(is_about(&quota["resets_at"], ends), "{fault}: {quota}");
        assert_eq!(bench.reached("balances").len(), 2, "{fault}: the bank is left alone");
        assert_eq!(scene.background("transactions").await.status, StatusCode::OK, "{fault}");
        assert_eq!(
            scene.attended("balances").await.status,
            StatusCode::OK,
            "{fault}: the PSU's own calls do not count"
        );
        bench.advance(seconds + 61);
        assert_eq!(scene.background("balances").await.status, StatusCode::OK, "{fault}");
    }
}

#[tokio::test]
async fn what_a_bank_says_to_the_psu_is_nothing_of_the_quota() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    bench.fault("balances", json!({"kind": "too_many_requests"}), 1).await;
    assert_eq!(scene.attended("balances").await.problem(), (429, "bank_rate_limited"));
    let quota = scene.quota("balances").await;
    assert_eq!((&quota["used"], &quota["left"], &quota["limited_by"]), (&json!(0), &json!(4), &Value::Null));
}

/// i17: headers take away, never give, and are believed only where they make sense.
#[tokio::test]
async fn limit_headers_are_heard_and_not_slept_on() {
    let names = "[background]\nheaders = { remaining = \"X-Left\", reset = \"X-Reset\" }";
    let bench = Bench::with_limits(names).await;
    let scene = Scene::at(&bench).await;
    let with = |left: &str, reset: &str| {
        json!({"kind": "body", "status": 200, "content_type": "application/json", "body": "{\"balances\":[]}",
               "headers": {"x-left": left, "x-reset": reset}})
    };
    for (left, reset) in [("-7", "600"), ("9999999999999999999999", "600"), ("12", "600")] {
        bench.fault("balances", with(left, reset), 1).await;
        assert_eq!(scene.background("balances").await.status, StatusCode::OK);
        assert_eq!(scene.quota("balances").await["limited_by"], Value::Null, "{left}");
    }
    assert_eq!(scene.quota("balances").await["left"], 1, "the hub's own count stays");
    bench.fault("balances", with("0", "600"), 1).await;
    assert_eq!(scene.attended("balances").await.status, StatusCode::OK);
    assert_eq!(scene.quota("balances").await["left"], 1, "said to the PSU");
    bench.advance(PAST_A_DAY);
    bench.fault("balances", with("0", "600"), 1).await;
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    let quota = scene.quota("balances").await;
    assert_eq!((&quota["used"], &quota["left"], &quota["limited_by"]), (&json!(1), &json!(0), &json!("bank")));
    assert!(is_about(&quota["resets_at"], in_seconds(&bench, 600)));
    bench.advance(661);
    bench.fault("balances", with("0", "-600"), 1).await;
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    let resets_at = scene.quota("balances").await["resets_at"].clone();
    assert!(
        is_about(&resets_at, in_seconds(&bench, WINDOW.as_secs() - 661)),
        "when the oldest read leaves: {resets_at}"
    );
}

/// Q5: a list is one read, at a bank that counts pages it is as many as it has pages.
#[tokio::test]
async fn pages_of_a_list_are_one_read_unless_the_bank_counts_them() {
    for (further, after_two, after_three) in [("", 1, 1), ("[background]\npages_count = true", 2, 3)] {
        let bench = Bench::with_limits(further).await;
        let scene = Scene::at(&bench).await;
        let mut answer = scene.background("transactions?from=2000-01-01").await;
        assert_eq!(scene.used("transactions").await, 1);
        for expected in [after_two, after_three] {
            assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
            answer = scene.background(&format!("transactions?cursor={}", answer.text("next_cursor"))).await;
            assert_eq!(scene.used("transactions").await, expected, "{further}");
        }
    }
}

/// The PSU's first page, and the next without the PSU: nobody has counted it yet.
#[tokio::test]
async fn a_page_of_the_psus_own_list_read_later_is_a_read_of_its_own() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    let first = scene.attended("transactions?from=2000-01-01").await;
    let second = scene.background(&format!("transactions?cursor={}", first.text("next_cursor"))).await;
    assert_eq!((second.status, scene.used("transactions").await), (StatusCode::OK, json!(1)));
    let third = scene.background(&format!("transactions?cursor={}", second.text("next_cursor"))).await;
    assert_eq!((third.status, scene.used("transactions").await), (StatusCode::OK, json!(1)));
}

/// Q6.
#[tokio::test]
async fn a_clock_that_is_set_back_an_hour_gives_nothing() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    scene.use_up().await;
    bench.advance(-3_600);
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    bench.advance(WINDOW.as_secs());
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    bench.advance(3_661);
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    assert_eq!(most_in_a_day(&bench, "balances"), 4);
}

#[tokio::test]
async fn a_consent_may_grant_fewer_and_a_bank_may_have_agreed_to_more() {
    let bench = Bench::start().await;
    bench.control("POST", "/policy", json!({"most_reads": 2})).await;
    let scene = Scene::at(&bench).await;
    assert_eq!(scene.quota("balances").await["limit"], 2);
    for _ in 0..2 {
        assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    }
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    assert_eq!(bench.reached("balances").len(), 2);

    // The consent says four, as always; this bank has agreed to nothing and holds to it.
    let bench = Bench::with_limits("[background]\nreads_per_day = 6").await;
    let scene = Scene::at(&bench).await;
    scene.use_up().await;
    assert_eq!(scene.quota("balances").await["left"], 2);
    assert_eq!(scene.background("balances").await.problem(), (429, "bank_rate_limited"));
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    assert_eq!(bench.reached("balances").len(), 5);
}

#[tokio::test]
async fn a_renewal_gives_no_new_reads() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    scene.use_up().await;
    bench.decide("approve").await;
    let renewal = format!("/v1/sessions/{}/renewal", scene.session);
    let link = bench.crm().post(&renewal, json!({"return_url": RETURN_URL})).await.text("authorize_url");
    let back = Browser::new().travel(&link).await;
    bench.crm().activate(&scene.session, &parameter(&back, "activation_code")).await;
    // The account's new name at the bank is learnt in the PSU's presence, so that only the balances count.
    assert_eq!(scene.attended("balances").await.status, StatusCode::OK);
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
}

#[tokio::test]
async fn a_call_that_surely_did_not_leave_costs_nothing() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    for _ in 0..5 {
        bench.fault("any", json!({"kind": "refuse_certificate"}), 1).await;
        let answer = scene.background("balances").await;
        assert_eq!(answer.problem(), (502, "bank_rejected_client_certificate"));
        assert_eq!(scene.used("balances").await, 0, "given back");
    }
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
}

/// A refused token costs no slot of its own: the bank has read nothing.
#[tokio::test]
async fn the_one_repeat_with_a_new_token_is_the_same_read() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    bench.control("POST", "/clock", json!({"advance_seconds": 400})).await;
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    assert_eq!(bench.reached("balances").len(), 2, "refused, then answered");
    assert_eq!(scene.used("balances").await, 1);
}

#[tokio::test]
async fn all_balances_are_read_or_none_is() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    scene.use_up().await;
    let before = bench.bank.journal().len();
    let path = format!("/v1/sessions/{}/accounts?with=balances", scene.session);
    assert_eq!(bench.crm().get(&path).await.problem(), EXHAUSTED);
    assert_eq!(bench.bank.journal().len(), before, "nothing is asked for what cannot be had as a whole");
    assert_eq!(scene.used("accounts").await, 0);
    let answer = bench.crm().get(&format!("{path}&partial=allow")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let accounts = answer.body["accounts"].as_array().unwrap();
    assert_eq!(accounts[0]["problem"]["code"], "quota_exhausted");
    assert!(accounts.iter().skip(1).all(|account| account["balances"].is_array()), "{accounts:?}");
    bench.fault("balances", json!({"kind": "status", "status": 500}), 1).await;
    bench.advance(PAST_A_DAY);
    let answer = bench.crm().get(&path).await;
    assert_eq!(answer.problem(), (502, "bank_unavailable"));
    assert_eq!(scene.used("balances").await, 1, "the bank has seen this one");
    let others = accounts.iter().skip(1).map(|account| account["account_id"].as_str().unwrap().to_owned());
    for account in others {
        let other = Scene { bench: &bench, session: scene.session.clone(), account };
        assert_eq!(other.used("balances").await, 0, "those that were not asked for are given back");
    }
}

#[tokio::test]
async fn token_refreshes_have_a_budget_where_the_bank_bounds_them() {
    let bench = Bench::with_limits("[background]\ntoken_refreshes_per_day = 2").await;
    let scene = Scene::at(&bench).await;
    for _ in 0..2 {
        bench.advance(301);
        assert_eq!(scene.attended("balances").await.status, StatusCode::OK);
    }
    let refreshes = || {
        let token = bench.reached("token");
        token.iter().filter(|entry| entry.grant_type.as_deref() == Some("refresh_token")).count()
    };
    bench.advance(301);
    let answer = scene.attended("balances").await;
    assert_eq!((answer.problem(), answer.text("limited_by").as_str()), (EXHAUSTED, "hub"));
    assert_eq!(refreshes(), 2);
    bench.advance(PAST_A_DAY);
    assert_eq!(scene.attended("balances").await.status, StatusCode::OK);
    assert_eq!(refreshes(), 3);
}

#[tokio::test]
async fn the_quota_is_shown_without_a_call_or_a_write() {
    let (bench, hub) = Bench::in_one_process().await;
    let scene = Scene::at(&bench).await;
    assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    let (journal, before) = (bench.bank.journal().len(), hub.counts());
    let answer = scene.background("quota").await;
    assert_eq!(answer.body["account_id"], scene.account.as_str());
    let kinds: Vec<_> = answer.body["kinds"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["accounts", "account", "balances", "transactions"]);
    assert!(answer.body.get("plan").is_none() && answer.body["as_of"].is_string());
    assert_eq!((bench.bank.journal().len(), hub.counts().writes), (journal, before.writes));
    for account in ["AAAAAAAAAAAAAAAAAAAAAA", "x"] {
        let path = format!("/v1/sessions/{}/accounts/{account}/quota", scene.session);
        assert_eq!(bench.crm().get(&path).await.problem(), (404, "not_found"), "{account}");
    }
}

#[tokio::test]
async fn a_plan_tells_what_it_would_cost_and_when_it_can_be() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    let plan = async |wanted: &str| scene.background(&format!("quota?plan={wanted}")).await;
    let answer = plan("balances,transactions").await;
    let cost = json!([{"kind": "balances", "reads": 1}, {"kind": "transactions", "reads": 1}]);
    assert_eq!((&answer.body["plan"]["reads"], &answer.body["plan"]["possible"]), (&cost, &json!(true)));
    assert_eq!(answer.body["plan"]["possible_at"], answer.body["as_of"]);
    let first = bench.now();
    scene.use_up().await;
    let answer = plan("balances,transactions").await;
    assert_eq!(answer.body["plan"]["possible"], false);
    assert!(is_about(&answer.body["plan"]["possible_at"], first + WINDOW), "{:?}", answer.body);
    assert_eq!(plan("transactions").await.body["plan"]["possible"], true);
    let never = plan("account,account,account,account,account").await;
    assert_eq!((&never.body["plan"]["possible"], &never.body["plan"]["possible_at"]), (&json!(false), &Value::Null));
    for wrong in ["", "balance", "balances,", "Balances", &["balances"; 101].join(",")] {
        assert_eq!(plan(wrong).await.problem(), (400, "request_invalid"), "{wrong}");
    }
    for wrong in ["quota?plans=balances", "quota?plan=balances&plan=transactions"] {
        assert_eq!(scene.background(wrong).await.problem(), (400, "request_invalid"), "{wrong}");
    }
}

/// P3: nothing but a good presence token makes a call the PSU's, and a bad one is no background call either.
#[tokio::test]
async fn only_proven_presence_spares_the_quota() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    for _ in 0..6 {
        assert_eq!(scene.attended("balances").await.status, StatusCode::OK);
    }
    assert_eq!(scene.used("balances").await, 0);
    let claimed = [
        ("psu-ip-address", "203.0.113.9"),
        ("psu-user-agent", "x"),
        ("psu-geo-location", "GEO:1;2"),
        ("psu-device-id", "x"),
        ("psu-ip-port", "1"),
        ("forwarded", "for=203.0.113.9"),
    ];
    assert_eq!(bench.crm().get_with(&scene.path("balances"), &claimed).await.status, StatusCode::OK);
    assert_eq!(scene.used("balances").await, 1, "whatever the CRM claims");
    let last = bench.reached("balances").pop().unwrap();
    assert!(!last.headers.iter().any(|name| name.starts_with("psu-") || name == "forwarded"), "{:?}", last.headers);
    let before = bench.bank.journal().len();
    let forged = bench.other_crm().presence(&scene.session);
    let answer = bench.crm().get_with(&scene.path("balances"), &[("psu-presence", &forged)]).await;
    assert_eq!(answer.problem(), (401, "presence_invalid"));
    let old = bench.crm().presence(&scene.session);
    bench.advance(301);
    let answer = bench.crm().get_with(&scene.path("balances"), &[("psu-presence", &old)]).await;
    assert_eq!(answer.problem(), (401, "presence_invalid"));
    assert_eq!((bench.bank.journal().len(), scene.used("balances").await), (before, json!(1)));
}
