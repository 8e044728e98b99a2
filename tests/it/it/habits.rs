//! Banks with habits of their own, each told in the bank's document: the CRM sees the same model.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use jiff::{Span, tz::TimeZone};
use serde_json::{Value, json};

use it::bench::{Bench, crm::Answer};

/// A bench whose bank has these habits and whose documents have these lines.
async fn with(policy: Value, document: &str) -> Bench {
    let bench = Bench::with_limits(document).await;
    if policy != json!({}) {
        bench.control("POST", "/policy", policy).await;
    }
    bench
}

fn days_ago(bench: &Bench, days: i32) -> String {
    bench.now().to_zoned(TimeZone::UTC).date().saturating_sub(Span::new().days(days)).to_string()
}

async fn get(bench: &Bench, session: &str, path: &str) -> Answer {
    let presence = bench.crm().presence(session);
    let answer = bench.crm().get_with(&format!("/v1/sessions/{session}{path}"), &[("psu-presence", &presence)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
    answer
}

/// Every transaction of an account's list and how many pages it had.
async fn whole(bench: &Bench, session: &str, account: &str, query: &str) -> (Vec<Value>, usize) {
    let path = format!("/accounts/{account}/transactions");
    let mut answer = get(bench, session, &format!("{path}?{query}")).await;
    let (mut all, mut pages) = (Vec::new(), 1);
    loop {
        all.extend(answer.body["transactions"].as_array().unwrap().iter().cloned());
        let Some(cursor) = answer.body["next_cursor"].as_str() else { return (all, pages) };
        answer = get(bench, session, &format!("{path}?cursor={cursor}")).await;
        pages += 1;
    }
}

/// The whole year of the first account at a bank with these habits.
async fn year(policy: Value, document: &str) -> (Vec<Value>, usize) {
    let bench = with(policy, document).await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    whole(&bench, &session, &account, &format!("from={}&to={}", days_ago(&bench, 365), days_ago(&bench, 0))).await
}

/// What tells transactions apart at the bank, with direction and amount.
fn told(list: &[Value]) -> BTreeSet<String> {
    let shown = |one: &Value| format!("{} {} {}", one["bank_id"], one["credit_debit"], one["amount"]);
    list.iter().map(shown).collect()
}

#[tokio::test]
async fn the_accounts_of_cards_stand_among_the_others() {
    let bench = with(json!({}), "[data]\naccounts = { card_accounts = true }").await;
    let session = bench.crm().connect("redirect").await;
    let listed = get(&bench, &session, "/accounts").await;
    let accounts = listed.body["accounts"].as_array().unwrap();
    let of_kind = |kind: &str| accounts.iter().filter(|account| account["kind"] == kind).cloned().collect::<Vec<_>>();
    let (payment, cards) = (of_kind("payment"), of_kind("card"));
    assert!(!payment.is_empty() && !cards.is_empty(), "{accounts:?}");
    let ids: BTreeSet<_> = accounts.iter().map(|account| account["account_id"].to_string()).collect();
    assert_eq!(ids.len(), accounts.len(), "every account has a name of its own");
    assert_eq!(cards[0]["identification"][0]["scheme"], "PAN_MASKED");
    let card = cards[0]["account_id"].as_str().unwrap();
    assert_eq!(get(&bench, &session, &format!("/accounts/{card}")).await.body["kind"], "card");
    assert!(
        get(&bench, &session, &format!("/accounts/{card}/balances")).await.body["balances"][0]["amount"].is_string()
    );
    let (paid, _) = whole(&bench, &session, card, &format!("from={}", days_ago(&bench, 90))).await;
    assert!(!paid.is_empty());
    for one in &paid {
        assert!(one["card"].is_object() && one["transaction_id"].is_string(), "{one}");
        assert_eq!(one["credit_debit"], "DBIT", "{one}");
    }
    let raw = [("accept", "application/vnd.hub.raw+json")];
    let both = bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &raw).await;
    assert!(both.body[0]["accounts"].is_array() && both.body[1]["cardAccounts"].is_array(), "{:?}", both.body);
}

#[tokio::test]
async fn a_list_by_numbers_or_whole_is_the_list_by_links() {
    let (by_links, pages) = year(json!({}), "").await;
    assert!(pages >= 3, "{pages} pages");
    let numbered = "[data]\npaging = { style = \"index\", first = 0, size = 50 }";
    let (by_number, pages) = year(json!({"pages": "index"}), numbered).await;
    assert!(pages >= 5, "{pages} pages");
    let (at_once, pages) = year(json!({"pages": "none"}), "[data]\npaging = { style = \"none\" }").await;
    assert_eq!(pages, 1);
    let sliced = "[data]\npaging = { style = \"none\" }\nwindow = { slice_days = 60 }";
    let (by_slice, pages) = year(json!({"pages": "none"}), sliced).await;
    assert!(pages >= 6, "{pages} slices");
    for other in [by_number, at_once, by_slice] {
        assert_eq!(other.len(), by_links.len());
        assert_eq!(told(&other), told(&by_links));
    }
}

#[tokio::test]
async fn a_list_that_is_offered_as_a_file_is_followed_where_the_document_says_so() {
    let (by_links, _) = year(json!({}), "").await;
    let (downloaded, pages) = year(json!({"download": true}), "[data]\ndownloads = \"follow\"").await;
    assert_eq!((told(&downloaded), pages), (told(&by_links), 2));
    let bench = with(json!({"download": true}), "").await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let from = days_ago(&bench, 365);
    let refused = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/transactions?from={from}")).await;
    assert_eq!(refused.problem(), (502, "bank_response_invalid"), "never an empty list");
}

#[tokio::test]
async fn directions_are_the_same_whatever_the_signs_are() {
    let (signed, _) = year(json!({}), "").await;
    let (unsigned, _) = year(json!({"amounts": "unsigned"}), "").await;
    let (wrong, _) = year(json!({"amounts": "wrongly_signed"}), "[data]\namounts = { accounts = \"inverted\" }").await;
    let (parties, _) =
        year(json!({"amounts": "wrongly_signed"}), "[data]\namounts = { accounts = \"by-parties\" }").await;
    let sure =
        |list: &[Value]| list.iter().filter(|one| one["direction_inferred"] != true).cloned().collect::<Vec<_>>();
    assert_eq!(told(&wrong), told(&signed));
    for unsure in [unsigned, parties] {
        assert!(sure(&unsure).len() > signed.len() / 2);
        assert!(told(&sure(&unsure)).is_subset(&told(&signed)), "a direction that is told is right");
    }
}

#[tokio::test]
async fn what_came_after_an_entry_is_asked_for_where_the_bank_has_it() {
    let bench = with(json!({"delta": true}), "[data]\nentry_reference_from = true").await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let (all, _) = whole(&bench, &session, &account, &format!("from={}", days_ago(&bench, 90))).await;
    let known = &all[all.len() / 2];
    let reference = known["entry_reference"].as_str().unwrap();
    let (since, _) = whole(&bench, &session, &account, &format!("since={reference}")).await;
    let newer: BTreeSet<_> = since.iter().map(|one| one["transaction_id"].to_string()).collect();
    let names: BTreeSet<_> = all.iter().map(|one| one["transaction_id"].to_string()).collect();
    assert!(!newer.is_empty() && newer.len() < names.len() && newer.is_subset(&names));
    assert!(!newer.contains(&known["transaction_id"].to_string()));
}

#[tokio::test]
async fn a_pending_transaction_is_linked_to_the_booked_one_that_it_becomes() {
    for habit in ["nameless", "same_reference", "other_id"] {
        let bench = with(json!({"pending": habit}), "").await;
        let session = bench.crm().connect("oauth").await;
        let accounts = get(&bench, &session, "/accounts").await.body["accounts"].clone();
        let mut seen = 0;
        for account in accounts.as_array().unwrap() {
            let account = account["account_id"].as_str().unwrap();
            let query = || format!("status=both&from={}", days_ago(&bench, 30));
            let (before, _) = whole(&bench, &session, account, &query()).await;
            let pending: Vec<_> = before.iter().filter(|one| one["status"] == "PDNG").cloned().collect();
            seen += pending.len();
            for one in &pending {
                let twins = before.iter().filter(|other| other["transaction_id"] == one["transaction_id"]).count();
                assert_eq!(twins, 1, "{habit}");
            }
        }
        assert!(seen > 0, "{habit}: nothing is pending");
    }
}

#[tokio::test]
async fn a_pending_transaction_that_was_booked_is_found_by_its_link() {
    let bench = with(json!({"pending": "other_id"}), "").await;
    let session = bench.crm().connect("redirect").await;
    let accounts = get(&bench, &session, "/accounts").await.body["accounts"].clone();
    let mut pending: BTreeMap<String, Value> = BTreeMap::new();
    let ids: Vec<_> =
        accounts.as_array().unwrap().iter().map(|one| one["account_id"].as_str().unwrap().to_owned()).collect();
    for account in &ids {
        let (list, _) = whole(&bench, &session, account, &format!("status=both&from={}", days_ago(&bench, 5))).await;
        let linked = list.into_iter().filter(|one| one["status"] == "PDNG" && one["link_id"].is_string());
        pending.extend(linked.map(|one| (one["link_id"].to_string(), one)));
    }
    assert!(!pending.is_empty(), "nothing is pending");
    bench.advance(6 * 86_400);
    let mut booked = BTreeMap::new();
    for account in &ids {
        let (list, _) = whole(&bench, &session, account, &format!("status=both&from={}", days_ago(&bench, 12))).await;
        let linked = list.into_iter().filter(|one| one["status"] == "BOOK");
        booked.extend(linked.map(|one| (one["link_id"].to_string(), one)));
    }
    for (link, one) in &pending {
        let found = booked.get(link).unwrap_or_else(|| panic!("{one} was never booked"));
        assert_eq!((&found["amount"], &found["credit_debit"]), (&one["amount"], &one["credit_debit"]));
        assert_ne!(found["transaction_id"], one["transaction_id"]);
    }
}

#[tokio::test]
async fn balances_stand_in_the_list_where_the_bank_gives_them_there() {
    let bench = with(json!({}), "[data]\nbalances = { in_account_list = true }").await;
    let session = bench.crm().connect("oauth").await;
    let listed = get(&bench, &session, "/accounts?with=balances").await;
    let accounts = listed.body["accounts"].as_array().unwrap();
    assert!(accounts.iter().all(|account| account["booked"]["amount"].is_string()), "{accounts:?}");
    assert_eq!((bench.reached("accounts").len(), bench.reached("balances").len()), (1, 0));
}

#[tokio::test]
async fn nobody_s_window_is_kept_without_asking_and_told() {
    let bench = with(json!({"background_days": 90}), "[data]\nwindow = { oldest_days_background = 90 }").await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/transactions?from={}", days_ago(&bench, 300));
    let answer = bench.crm().get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(
        answer.body["covers"],
        json!({"status": "booked", "from": days_ago(&bench, 90), "notes": ["period_shortened"]})
    );
    let attended =
        get(&bench, &session, &format!("/accounts/{account}/transactions?from={}", days_ago(&bench, 300))).await;
    assert_eq!(attended.body["covers"]["from"], days_ago(&bench, 300));
}

#[tokio::test]
async fn standing_orders_are_told_where_the_bank_has_them() {
    let statuses = json!(["booked", "pending", "both", "information", "all"]);
    let bench = with(json!({"booking_statuses": statuses}), "").await;
    let session = bench.crm().connect("oauth").await;
    let accounts = get(&bench, &session, "/accounts").await.body["accounts"].clone();
    let mut orders = 0;
    for account in accounts.as_array().unwrap() {
        let account = account["account_id"].as_str().unwrap();
        let (list, _) = whole(&bench, &session, account, "status=information").await;
        for one in &list {
            assert_eq!(one["status"], "INFO");
            assert!(one["standing_order"]["start_date"].is_string(), "{one}");
        }
        orders += list.len();
    }
    assert!(orders > 0);
}
