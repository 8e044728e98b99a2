//! Lists of transactions at banks that do not do as they are asked: what the hub mends, and that it tells so.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::{Span, tz::TimeZone};
use serde_json::{Value, json};

use it::bench::{Bench, crm::Answer};

/// A refusal of the bank's.
fn refusal(code: &str) -> Value {
    let body = json!({"tppMessages": [{"category": "ERROR", "code": code}]}).to_string();
    json!({"kind": "body", "status": 400, "content_type": "application/json", "body": body})
}

/// The day so many days ago.
fn days_ago(bench: &Bench, days: i32) -> String {
    bench.now().to_zoned(TimeZone::UTC).date().saturating_sub(Span::new().days(days)).to_string()
}

/// The first page of the first account's transactions, and where it was read.
async fn list(bench: &Bench, query: &str) -> (Answer, String) {
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/transactions");
    let presence = bench.crm().presence(&session);
    (bench.crm().get_with(&format!("{path}?{query}"), &[("psu-presence", &presence)]).await, path)
}

/// Every transaction of a list, page by page, by its name at the bank; and how many pages there were.
async fn whole(bench: &Bench, query: &str) -> (BTreeSet<String>, usize) {
    let (mut answer, path) = list(bench, query).await;
    let session = path.split('/').nth(3).unwrap().to_owned();
    let (mut found, mut names, mut pages) = (BTreeSet::new(), BTreeSet::new(), 1);
    loop {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        for transaction in answer.body["transactions"].as_array().unwrap() {
            assert!(names.insert(transaction["transaction_id"].to_string()), "{transaction} has another's name");
            let by_bank = [&transaction["bank_id"], &transaction["booking_date"], &transaction["amount"]];
            found.insert(by_bank.map(Value::to_string).join(" "));
        }
        let Some(cursor) = answer.body["next_cursor"].as_str().map(str::to_owned) else { return (found, pages) };
        let presence = bench.crm().presence(&session);
        answer = bench.crm().get_with(&format!("{path}?cursor={cursor}"), &[("psu-presence", &presence)]).await;
        pages += 1;
    }
}

#[tokio::test]
async fn what_the_bank_has_not_is_booked_only_and_told() {
    let bench = Bench::start().await;
    bench.fault("transactions", refusal("PARAMETER_NOT_SUPPORTED"), 1).await;
    let (answer, _) = list(&bench, "status=both").await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.body["covers"]["status"], "booked");
    assert_eq!(answer.body["covers"]["notes"], json!(["booked_only"]));
    assert_eq!(bench.reached("transactions").len(), 2, "asked once, mended once");
}

#[tokio::test]
async fn what_was_asked_for_needs_no_note() {
    let bench = Bench::start().await;
    let from = days_ago(&bench, 10);
    let (answer, _) = list(&bench, &format!("status=both&from={from}")).await;
    assert_eq!(answer.body["covers"], json!({"status": "both", "from": from}));
}

#[tokio::test]
async fn a_status_that_the_document_does_not_offer_is_not_asked_for() {
    let bench = Bench::with_limits("[data]\nbooking = { offered = [\"booked\"], fallback = false }").await;
    let (answer, _) = list(&bench, "status=both").await;
    assert_eq!(answer.problem(), (400, "not_offered"));
    assert!(bench.reached("transactions").is_empty());
    let (since, _) = list(&bench, "since=e-1").await;
    assert_eq!(since.problem(), (400, "not_offered"));
}

#[tokio::test]
async fn a_period_that_the_bank_refuses_is_shortened_once_and_told() {
    let bench = Bench::start().await;
    bench.fault("transactions", refusal("PERIOD_INVALID"), 1).await;
    let (answer, _) = list(&bench, &format!("from={}", days_ago(&bench, 365))).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.body["covers"]["from"], days_ago(&bench, 89));
    assert_eq!(answer.body["covers"]["notes"], json!(["period_shortened"]));
    assert_eq!(bench.reached("transactions").len(), 2);
}

#[tokio::test]
async fn a_period_that_is_refused_again_is_a_problem_and_no_empty_list() {
    let bench = Bench::start().await;
    bench.fault("transactions", refusal("PERIOD_INVALID"), 9).await;
    let (answer, _) = list(&bench, &format!("from={}", days_ago(&bench, 365))).await;
    assert_eq!(answer.problem(), (400, "bank_rejected_period"));
    assert_eq!(bench.reached("transactions").len(), 2, "once shortened, not again");
}

#[tokio::test]
async fn the_document_s_window_is_kept_without_asking() {
    let bench = Bench::with_limits("[data]\nwindow = { oldest_days_attended = 30 }").await;
    let (answer, _) = list(&bench, &format!("from={}", days_ago(&bench, 365))).await;
    assert_eq!(answer.body["covers"]["from"], days_ago(&bench, 30));
    assert_eq!(answer.body["covers"]["notes"], json!(["period_shortened"]));
    assert_eq!(bench.reached("transactions").len(), 1);
    let before = bench.reached("transactions").len();
    let (old, _) = list(&bench, &format!("from={}&to={}", days_ago(&bench, 365), days_ago(&bench, 300))).await;
    assert_eq!(old.problem(), (400, "bank_rejected_period"));
    assert_eq!(bench.reached("transactions").len(), before);
}

#[tokio::test]
async fn slices_of_days_make_the_same_list_as_pages() {
    let plain = Bench::start().await;
    let sliced = Bench::with_limits("[data]\nwindow = { slice_days = 25 }").await;
    let query = |bench: &Bench| format!("from={}&to={}", days_ago(bench, 200), days_ago(bench, 0));
    let (by_pages, _) = whole(&plain, &query(&plain)).await;
    let (by_days, count) = whole(&sliced, &query(&sliced)).await;
    assert!(by_pages.len() > 100 && count >= 8, "{} transactions, {count} slices", by_pages.len());
    assert_eq!(by_pages, by_days);
}

#[tokio::test]
async fn a_known_lie_ends_the_list_and_that_is_told() {
    let bench = Bench::with_limits("[data]\npaging = { self_link = \"end\" }").await;
    bench.fault("transactions", json!({"kind": "wrong_next", "to": "self"}), 1).await;
    let (answer, _) = list(&bench, "from=2000-01-01").await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert!(answer.body["next_cursor"].is_null());
    assert_eq!(answer.body["covers"]["notes"], json!(["may_be_incomplete"]));
}

#[tokio::test]
async fn the_host_null_is_repaired_where_the_bank_is_known_for_it() {
    for (paging, expected) in [
        ("null_host = \"repair\"", (502, "bank_link_rejected")),
        ("null_host = \"repair\", self_link = \"end\"", (200, "")),
        ("self_link = \"end\"", (502, "bank_link_rejected")),
    ] {
        let bench = Bench::with_limits(&format!("[data]\npaging = {{ {paging} }}")).await;
        bench.fault("transactions", json!({"kind": "wrong_next", "to": "null_host"}), 1).await;
        let (answer, _) = list(&bench, "from=2000-01-01").await;
        assert_eq!(answer.problem(), expected, "the sandbox bank's lie has the page itself behind the host: {paging}");
    }
}

#[tokio::test]
async fn a_list_has_no_more_pages_than_the_document_allows() {
    let bench = Bench::with_limits("[limits]\npages = 1").await;
    let (answer, _) = list(&bench, &format!("from={}", days_ago(&bench, 365))).await;
    assert_eq!(answer.problem(), (502, "bank_response_too_large"));
    assert_eq!(bench.reached("transactions").len(), 1);
}
