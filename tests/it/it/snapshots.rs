//! The last good answer: kept when nobody is there to see it, told with its age when the bank cannot be asked.

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use shared::{
    adapters::system::SystemClock,
    domain::{purpose::Purpose, snapshot::KEPT_FOR},
    ports::{
        clock::Clock,
        documents::{Collection, Document, Found, Key, Query, Stored, Write},
    },
};

use it::bench::{
    Bench, RETURN_URL,
    browser::Browser,
    crm::{Answer, Crm, parameter},
};

const STALE_OK: (&str, &str) = ("prefer", "stale-ok");

/// A session with an account, read once without the PSU.
struct Known {
    session: String,
    account: String,
}

impl Known {
    async fn to(bench: &Bench) -> Self {
        let session = bench.crm().connect("oauth").await;
        let account = bench.crm().first_account(&session).await;
        Self { session, account }
    }

    fn accounts(&self) -> String {
        format!("/v1/sessions/{}/accounts", self.session)
    }

    fn account(&self) -> String {
        format!("{}/{}", self.accounts(), self.account)
    }

    fn balances(&self) -> String {
        format!("{}/balances", self.account())
    }

    fn transactions(&self, query: &str) -> String {
        format!("{}/transactions{query}", self.account())
    }
}

/// The answer of a caller who takes the last good one.
async fn stale(bench: &Bench, path: &str) -> Answer {
    bench.crm().get_with(path, &[STALE_OK]).await
}

/// The same while the PSU is there, so that nothing is counted; a minute after the last call, so that no circuit opens.
async fn stale_attended(bench: &Bench, session: &str, path: &str) -> Answer {
    bench.advance(61);
    let presence = bench.crm().presence(session);
    bench.crm().get_with(path, &[STALE_OK, ("psu-presence", &presence)]).await
}

/// Makes the bank misbehave so, however often it is asked, and no more as before.
async fn only_fault(bench: &Bench, operation: &str, fault: Value) {
    bench.control("DELETE", "/faults", Value::Null).await;
    bench.fault(operation, fault, 99).await;
}

/// Everything that is kept.
async fn kept(bench: &Bench) -> Vec<Found> {
    let query = Query { collection: Collection::Snapshots, equal: vec![], until: None, after: None, limit: 1000 };
    bench.documents().find(&query).await.unwrap()
}

async fn stored(bench: &Bench, id: &str) -> Stored {
    bench.documents().read(&Key::new(Collection::Snapshots, id)).await.unwrap().unwrap()
}

/// Holds an answer to be the last good one: the same as then, dated then.
fn is_the_last(answer: &Answer, then: &Answer, age: u64, code: &str) {
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.headers["preference-applied"], "stale-ok");
    assert_eq!(answer.headers["age"], age.to_string().as_str());
    assert_eq!(answer.body["stale"]["code"], code);
    let (mut told, mut fresh) = (answer.body.clone(), then.body.clone());
    told.as_object_mut().unwrap().remove("stale");
    let [told_as_of, fresh_as_of] = [&mut told, &mut fresh].map(|body| body.as_object_mut().unwrap().remove("as_of"));
    assert_eq!(told, fresh);
    let milliseconds = |at: Option<Value>| at.unwrap().as_str().unwrap().parse::<Timestamp>().unwrap().as_millisecond();
    assert_eq!(milliseconds(told_as_of), milliseconds(fresh_as_of));
}

#[tokio::test]
async fn whatever_was_read_without_the_psu_is_told_with_its_age() {
    for (path, operation) in [
        ("", "accounts"),
        ("/{account}", "account"),
        ("/{account}/balances?raw=true", "balances"),
        ("/{account}/transactions?from=2000-01-01&status=both&raw=true", "transactions"),
        ("?with=balances&raw=true", "accounts"),
    ] {
        let bench = Bench::start().await;
        let known = Known::to(&bench).await;
        let path = format!("{}{}", known.accounts(), path.replace("{account}", &known.account));
        let then = bench.crm().get(&path).await;
        assert_eq!(then.status, StatusCode::OK, "{:?}", then.body);
        assert!(then.body["stale"].is_null() && !then.headers.contains_key("age"));
        bench.advance(100);
        let fresh = stale(&bench, &path).await;
        assert!(fresh.body["stale"].is_null() && !fresh.headers.contains_key("preference-applied"), "{path}");
        bench.advance(50);
        bench.fault(operation, json!({"kind": "status", "status": 503}), 1).await;
        let last = stale(&bench, &path).await;
        if path.contains("from=") {
            assert_eq!(last.body["covers"]["notes"], json!(["first_page_only"]), "{:?}", last.body["covers"]);
            assert_eq!(last.body["next_cursor"], Value::Null);
            assert_eq!(last.body["transactions"], fresh.body["transactions"]);
            continue;
        }
        if path.contains("with=") {
            // Which balances were told when stands with each.
            assert_eq!(last.headers["age"], "50");
            let told = last.body["accounts"].as_array().unwrap();
            let as_of = |account: &Value| account["balances_as_of"].as_str().map(|at| at[..19].to_owned());
            assert!(
                told.iter().all(|account| as_of(account) == Some(fresh.text("as_of")[..19].to_owned())),
                "{told:?}"
            );
            assert_eq!(told[0]["balances"], fresh.body["accounts"][0]["balances"]);
            continue;
        }
        is_the_last(&last, &fresh, 50, "bank_unavailable");
    }
}

#[tokio::test]
async fn the_bank_s_own_json_is_told_too() {
    let raw = ("accept", "application/vnd.hub.raw+json");
    for (path, operation) in [
        ("", "accounts"),
        ("/{account}/balances", "balances"),
        ("/{account}/transactions?from=2026-11-01", "transactions"),
        ("?with=balances", "accounts"),
    ] {
        let bench = Bench::start().await;
        let known = Known::to(&bench).await;
        let path = format!("{}{}", known.accounts(), path.replace("{account}", &known.account));
        let then = bench.crm().get_with(&path, &[raw]).await;
        bench.fault(operation, json!({"kind": "close"}), 1).await;
        bench.advance(7);
        let last = bench.crm().get_with(&path, &[raw, STALE_OK]).await;
        assert_eq!((last.status, &last.body), (StatusCode::OK, &then.body), "{path}");
        assert_eq!(
            (&last.headers["age"], &last.headers["content-type"]),
            (&"7".parse().unwrap(), &then.headers["content-type"])
        );
    }
}

#[tokio::test]
async fn everything_that_keeps_a_bank_from_answering_is_bridged() {
    let bench = Bench::with_limits("[limits]\nconnect_millis = 1000\ntotal_millis = 1500").await;
    let known = Known::to(&bench).await;
    let then = bench.crm().get(&known.balances()).await;
    for (number, (fault, code)) in (1..).zip([
        (json!({"kind": "status", "status": 500}), "bank_unavailable"),
        (json!({"kind": "status", "status": 503}), "bank_unavailable"),
        (json!({"kind": "too_many_requests", "retry_after": 30}), "bank_rate_limited"),
        (json!({"kind": "close"}), "bank_unreachable"),
        (json!({"kind": "delay", "millis": 4000}), "bank_timeout"),
    ]) {
        only_fault(&bench, "balances", fault).await;
        let last = stale_attended(&bench, &known.session, &known.balances()).await;
        is_the_last(&last, &then, number * 61, code);
        let presence = bench.crm().presence(&known.session);
        let told = bench.crm().get_with(&known.balances(), &[("psu-presence", &presence)]).await;
        assert_eq!(told.problem().1, code, "without the header the problem is told");
    }
}

#[tokio::test]
async fn a_spent_limit_is_bridged_and_says_until_when() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    let mut then = bench.crm().get(&known.balances()).await;
    let refused = loop {
        match bench.crm().get(&known.balances()).await {
            answer if answer.status == StatusCode::OK => then = answer,
            refused => break refused,
        }
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    bench.advance(3600);
    let last = stale(&bench, &known.balances()).await;
    is_the_last(&last, &then, 3600, refused.problem().1);
    let before = bench.reached("balances").len();
    stale(&bench, &known.balances()).await;
    assert!(bench.reached("balances").len() <= before + 1, "asked once, if at all");
    let attended = [STALE_OK, ("psu-presence", &bench.crm().presence(&known.session))];
    let fresh = bench.crm().get_with(&known.balances(), &attended).await;
    assert!(fresh.status == StatusCode::OK && fresh.body["stale"].is_null(), "the PSU is not counted");
}

#[tokio::test]
async fn a_reading_with_the_psu_writes_nothing_but_may_be_told_the_last_answer() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let presence = bench.crm().presence(&session);
    let attended = [("psu-presence", presence.as_str()), STALE_OK];
    let accounts = format!("/v1/sessions/{session}/accounts");
    let first = bench.crm().get_with(&accounts, &attended).await;
    let account = first.body["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let known = Known { session, account };
    bench.crm().get_with(&known.balances(), &attended).await;
    bench.crm().get_with(&known.transactions(""), &attended).await;
    assert!(kept(&bench).await.is_empty());
    only_fault(&bench, "balances", json!({"kind": "close"})).await;
    let nothing_kept = bench.crm().get_with(&known.balances(), &attended).await;
    assert_eq!(nothing_kept.problem(), (502, "bank_unreachable"));
    bench.control("DELETE", "/faults", Value::Null).await;
    let then = bench.crm().get(&known.balances()).await;
    only_fault(&bench, "balances", json!({"kind": "close"})).await;
    is_the_last(&bench.crm().get_with(&known.balances(), &attended).await, &then, 0, "bank_unreachable");
}

#[tokio::test]
async fn maintenance_is_bridged_without_a_call() {
    let in_two_hours = SystemClock.now() + SignedDuration::from_hours(2);
    let from = in_two_hours.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
    let bench = Bench::with_limits(&format!("[[maintenance]]\nfrom = \"{from}\"\nminutes = 120\n")).await;
    let known = Known::to(&bench).await;
    let then = bench.crm().get(&known.balances()).await;
    bench.advance(3 * 3600);
    let before = bench.reached("balances").len();
    let last = stale(&bench, &known.balances()).await;
    is_the_last(&last, &then, 3 * 3600, "bank_maintenance");
    assert!(last.body["stale"]["retry_at"].is_string(), "{:?}", last.body);
    assert_eq!(bench.reached("balances").len(), before);
}

#[tokio::test]
async fn a_lost_consent_or_an_ended_session_is_never_bridged() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let known = Known::to(&bench).await;
    bench.crm().get(&known.balances()).await;
    let consents = bench.control("GET", "/consents", Value::Null).await;
    let granted = consents.as_array().or_else(|| consents["consents"].as_array()).unwrap();
    let consent = granted[0]["id"].as_str().or_else(|| granted[0]["consent_id"].as_str()).unwrap();
    bench.control("POST", &format!("/consents/{consent}/revoke"), json!({})).await;
    let lost = stale(&bench, &known.balances()).await;
    assert_eq!(lost.problem(), (409, "consent_lost"));
    bench.fault("accounts", json!({"kind": "close"}), 1).await;
    assert_eq!(stale(&bench, &known.accounts()).await.problem(), (409, "consent_lost"));
    bench.control("DELETE", "/faults", Value::Null).await;

    let ended = Known::to(&bench).await;
    bench.crm().delete(&format!("/v1/sessions/{}", ended.session)).await;
    assert_eq!(stale(&bench, &ended.accounts()).await.problem(), (409, "session_ended"));
}

#[tokio::test]
async fn nobody_else_is_told_and_no_other_account() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    bench.crm().get(&known.balances()).await;
    bench.fault("balances", json!({"kind": "close"}), 2).await;
    let before = bench.bank.journal().len();
    let other = bench.other_crm().call(Method::GET, &known.balances(), None, &[STALE_OK]).await;
    assert_eq!(other.problem(), (404, "not_found"));
    let unknown = format!("{}/AAAAAAAAAAAAAAAAAAAAAA/balances", known.accounts());
    assert_eq!(stale(&bench, &unknown).await.problem(), (404, "not_found"));
    assert_eq!(bench.bank.journal().len(), before);
}

#[tokio::test]
async fn transactions_are_told_to_the_same_question_only() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    let question = known.transactions("?from=2026-10-01&to=2026-11-01&status=booked");
    let then = bench.crm().get(&question).await;
    bench.fault("transactions", json!({"kind": "close"}), 9).await;
    for other in
        ["?from=2026-10-02&to=2026-11-01", "?from=2026-10-01", "?from=2026-10-01&to=2026-11-01&status=both", ""]
    {
        let path = known.transactions(other);
        let refused = stale_attended(&bench, &known.session, &path).await;
        assert_eq!(refused.problem(), (502, "bank_unreachable"), "{other}");
    }
    let last = stale_attended(&bench, &known.session, &question).await;
    assert_eq!(last.body["transactions"], then.body["transactions"]);
}

#[tokio::test]
async fn is_told_for_thirty_days() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    bench.crm().get(&known.balances()).await;
    bench.advance(i64::try_from(KEPT_FOR.as_secs()).unwrap() - 60);
    bench.fault("balances", json!({"kind": "status", "status": 503}), 2).await;
    assert_eq!(stale(&bench, &known.balances()).await.status, StatusCode::OK);
    bench.advance(60);
    assert_eq!(stale(&bench, &known.balances()).await.problem(), (502, "bank_unavailable"));
}

#[tokio::test]
async fn ending_the_session_erases_it() {
    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let (ended, other) = (Known::to(&bench).await, Known::to(&bench).await);
    for known in [&ended, &other] {
        bench.crm().get(&known.balances()).await;
        bench.crm().get(&known.transactions("")).await;
    }
    assert_eq!(kept(&bench).await.len(), 6);
    let late = kept(&bench).await.into_iter().find(|found| found.id.starts_with(&ended.session)).unwrap();
    let answer = bench.crm().delete(&format!("/v1/sessions/{}", ended.session)).await;
    assert_eq!(answer.body["steps"]["key_destroyed"], "done");
    let left = kept(&bench).await;
    assert!(left.len() == 3 && left.iter().all(|found| found.id.starts_with(&other.session)));

    // An answer that was on its way at the end is kept a moment later: upkeep erases that as well.
    let key = Key::new(Collection::Snapshots, late.id);
    bench.documents().commit(&[Write::Put(key, late.stored.document)]).await.unwrap();
    bench.run_upkeep().await;
    assert_eq!(kept(&bench).await.len(), 4, "it may still be on its way");
    bench.advance(601);
    assert_eq!(bench.run_upkeep().await["failed"], 0);
    assert_eq!(kept(&bench).await.len(), 3);
    bench.advance(3600);
    assert_eq!(bench.run_upkeep().await["due"], 0, "nothing is left to do");
}

/// Renews the consent.
async fn renew(bench: &Bench, known: &Known) {
    bench.decide("approve").await;
    let path = format!("/v1/sessions/{}/renewal", known.session);
    let link = bench.crm().post(&path, json!({"return_url": RETURN_URL})).await.text("authorize_url");
    let back = Browser::new().travel(&link).await;
    bench.crm().activate(&known.session, &parameter(&back, "activation_code")).await;
}

#[tokio::test]
async fn under_a_new_consent_only_what_is_listed_again_is_told() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    let then = bench.crm().get(&known.balances()).await;
    renew(&bench, &known).await;
    bench.fault("accounts", json!({"kind": "close"}), 2).await;
    assert_eq!(stale(&bench, &known.balances()).await.problem(), (502, "bank_unreachable"), "no account is listed yet");
    assert_eq!(stale(&bench, &known.accounts()).await.problem(), (502, "bank_unreachable"));
    bench.crm().accounts(&known.session).await;
    bench.fault("balances", json!({"kind": "close"}), 1).await;
    is_the_last(&stale(&bench, &known.balances()).await, &then, 0, "bank_unreachable");
}

#[tokio::test]
async fn an_answer_that_was_moved_dated_anew_or_altered_is_not_told() {
    use ciborium::Value as Cbor;

    let bench = Bench::start().await;
    bench.allow_several_consents().await;
    let (one, two) = (Known::to(&bench).await, Known::to(&bench).await);
    for known in [&one, &two] {
        bench.crm().get(&known.balances()).await;
    }
    let id = |known: &Known| format!("{}.balances.{}", known.session, known.account);
    let fields = |document: &Document| document.as_value().as_map().unwrap().clone();
    let own = fields(&stored(&bench, &id(&one)).await.document);
    bench.advance(60);
    bench.crm().get(&one.balances()).await;
    let newer = fields(&stored(&bench, &id(&one)).await.document);
    let with = |base: &[(Cbor, Cbor)], field: &str, value: &Cbor| {
        let set = |(name, old): &(Cbor, Cbor)| {
            (name.clone(), if name.as_text() == Some(field) { value.clone() } else { old.clone() })
        };
        base.iter().map(set).collect::<Vec<_>>()
    };
    let of = |fields: &[(Cbor, Cbor)], field: &str| {
        fields.iter().find(|(name, _)| name.as_text() == Some(field)).unwrap().1.clone()
    };
    let other = fields(&stored(&bench, &id(&two)).await.document);
    let mut bent = of(&newer, "sealed").into_bytes().unwrap();
    *bent.last_mut().unwrap() ^= 1;
    for (what, document) in [
        ("another session's", with(&newer, "sealed", &of(&other, "sealed"))),
        ("another session's, date and all", other.clone()),
        ("an older one under the newer date", with(&newer, "sealed", &of(&own, "sealed"))),
        ("a newer date for the same", with(&own, "as_of_at", &of(&newer, "as_of_at"))),
        ("a bent one", with(&newer, "sealed", &Cbor::Bytes(bent))),
    ] {
        let put =
            Write::Put(Key::new(Collection::Snapshots, id(&one)), Document::from_value(Cbor::Map(document)).unwrap());
        bench.documents().commit(&[put]).await.unwrap();
        only_fault(&bench, "balances", json!({"kind": "close"})).await;
        let refused = stale_attended(&bench, &one.session, &one.balances()).await;
        assert_eq!(refused.problem(), (502, "bank_unreachable"), "{what}");
    }
    let put = Write::Put(Key::new(Collection::Snapshots, id(&one)), Document::from_value(Cbor::Map(own)).unwrap());
    bench.documents().commit(&[put]).await.unwrap();
    only_fault(&bench, "balances", json!({"kind": "close"})).await;
    let old = stale_attended(&bench, &one.session, &one.balances()).await;
    assert_eq!(
        (old.status, &old.headers["age"]),
        (StatusCode::OK, &(60 + 6 * 61).to_string().parse().unwrap()),
        "a whole old one tells its age"
    );
}

#[tokio::test]
async fn answers_move_under_a_new_key_too() {
    let bench = Bench::start().await;
    let known = Known::to(&bench).await;
    let then = bench.crm().get(&known.balances()).await;
    let old = bench.rotate_key(Purpose::Payloads).await;
    let scheduler = Crm::of(&bench, "scheduler").with_scopes("jobs:run");
    let run = |after: String| {
        let scheduler = &scheduler;
        async move { scheduler.post(&format!("/v1/jobs/rewrap{after}"), Value::Null).await.body }
    };
    let last = kept(&bench).await.pop().unwrap().id;
    let nothing = run(format!("?after={last}")).await;
    assert_eq!((&nothing["sessions"], &nothing["snapshots"]), (&json!(0), &json!(0)), "a run goes on after an answer");
    let moved = run(String::new()).await;
    assert_eq!((&moved["snapshots"], &moved["rewrapped"], &moved["failed"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(moved["found"][format!("payloads: {old}")], 2);
    assert_eq!(run(String::new()).await["rewrapped"], 0);
    bench.destroy_key(Purpose::Payloads, &old);
    bench.fault("balances", json!({"kind": "close"}), 1).await;
    is_the_last(&stale(&bench, &known.balances()).await, &then, 0, "bank_unreachable");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_told_all_the_same() {
    let (bench, _hub) = Bench::in_one_process().await;
    let known = Known::to(&bench).await;
    let then = bench.crm().get(&known.balances()).await;
    bench.advance(60);
    bench.cut_keys_off(true).await;
    let unkept = bench.crm().get(&known.balances()).await;
    assert_eq!(unkept.status, StatusCode::OK, "{:?}", unkept.body);
    bench.cut_keys_off(false).await;
    bench.fault("balances", json!({"kind": "close"}), 1).await;
    is_the_last(&stale(&bench, &known.balances()).await, &then, 60, "bank_unreachable");
}
