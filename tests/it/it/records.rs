//! What the hub tells of single records: the bank's own beside the model, one account, one transaction, the balances
//! of all accounts at once, and what it tells if one of them cannot be read.

use http::StatusCode;
use serde_json::{Value, json};

use it::bench::Bench;

/// A refusal of the bank's.
fn refusal(status: u16, code: &str) -> Value {
    let body = json!({"tppMessages": [{"category": "ERROR", "code": code, "text": "canary"}]}).to_string();
    json!({"kind": "body", "status": status, "content_type": "application/json", "body": body})
}

#[tokio::test]
async fn every_record_comes_as_the_bank_wrote_it_if_asked() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let base = format!("/v1/sessions/{session}/accounts");
    for (path, list, member) in [
        (base.clone(), "accounts", "resourceId"),
        (format!("{base}/{account}/balances"), "balances", "balanceAmount"),
        (format!("{base}/{account}/transactions"), "transactions", "transactionAmount"),
    ] {
        let plain = bench.crm().get(&path).await;
        let with_raw = bench.crm().get(&format!("{path}?raw=true")).await;
        let (plain, with_raw) = (plain.body[list].as_array().unwrap(), with_raw.body[list].as_array().unwrap());
        assert!(!plain.is_empty() && plain.len() == with_raw.len(), "{path}");
        for (plain, with_raw) in plain.iter().zip(with_raw) {
            assert!(
                plain.get("raw").is_none() && with_raw["raw"][member].is_string()
                    || with_raw["raw"][member].is_object()
            );
            let mut without = with_raw.clone();
            without.as_object_mut().unwrap().remove("raw");
            assert_eq!(&without, plain, "the model is the same with and without");
        }
    }
    assert_eq!(bench.crm().get(&format!("{base}?raw=perhaps")).await.problem(), (400, "request_invalid"));
}

#[tokio::test]
async fn one_account_is_read_anew_under_its_name() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("redirect").await;
    let listed = bench.crm().accounts(&session).await.body["accounts"][0].clone();
    let account = listed["account_id"].as_str().unwrap();
    let one = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}")).await;
    assert_eq!(one.status, StatusCode::OK, "{:?}", one.body);
    for member in ["account_id", "identification", "currency", "kind", "status"] {
        assert_eq!(one.body[member], listed[member], "{member}");
    }
    assert!(one.body["as_of"].is_string() && one.body.get("resource_id").is_none());
    assert_eq!(bench.reached("account").len(), 1);
}

#[tokio::test]
async fn one_transaction_has_the_name_that_it_has_in_the_list() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/transactions");
    let list = bench.crm().get(&path).await;
    let listed = &list.body["transactions"][0];
    let bank_id = listed["bank_id"].as_str().unwrap();
    let one = bench.crm().get(&format!("{path}/{bank_id}?raw=true")).await;
    assert_eq!(one.status, StatusCode::OK, "{:?}", one.body);
    for member in ["transaction_id", "bank_id", "amount", "credit_debit", "booking_date", "status"] {
        assert_eq!(one.body[member], listed[member], "{member}");
    }
    assert!(one.body["raw"]["transactionAmount"].is_object());
    assert_eq!(one.text("account_id"), account);
    let unknown = bench.crm().get(&format!("{path}/11111111-2222-4333-8444-555555555555")).await;
    assert_eq!(unknown.problem(), (409, "account_unavailable"), "{:?}", unknown.body);
}

#[tokio::test]
async fn an_id_that_no_path_can_hold_is_not_asked_for() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let before = bench.bank.journal().len();
    let long = "a".repeat(257);
    for id in ["%2e%2e", "%2E", "a%0d%0aX:y", "a%00", &long] {
        let path = format!("/v1/sessions/{session}/accounts/{account}/transactions/{id}");
        let status = bench.crm().get(&path).await.status;
        assert!([StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND].contains(&status), "{id}: {status}");
    }
    assert_eq!(bench.bank.journal().len(), before);
    let slash = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/transactions/a%2fb")).await;
    assert!(slash.status.is_client_error());
    assert!(
        bench.bank.journal().iter().all(|entry| !entry.path.iter().any(|path| path.ends_with("/a/b"))),
        "it stays one segment"
    );
}

#[tokio::test]
async fn the_balances_that_people_mean_are_named() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let account = bench.crm().first_account(&session).await;
    let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
    let all = answer.body["balances"].as_array().unwrap();
    assert!(all.contains(&answer.body["booked"]), "{:?}", answer.body);
    assert!(["ITBD", "CLBD", "OPBD", "PRCD"].contains(&answer.body["booked"]["type"].as_str().unwrap()));
}

#[tokio::test]
async fn accounts_come_with_their_balances_all_or_none() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let path = format!("/v1/sessions/{session}/accounts?with=balances");
    let answer = bench.crm().get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let accounts = answer.body["accounts"].as_array().unwrap();
    assert!(accounts.len() >= 2);
    for account in accounts {
        assert!(!account["balances"].as_array().unwrap().is_empty() && account["booked"].is_object(), "{account}");
        assert!(account.get("problem").is_none());
    }
    assert_eq!(bench.reached("balances").len(), accounts.len());
    bench.fault("balances", json!({"kind": "status", "status": 503}), 1).await;
    assert_eq!(bench.crm().get(&path).await.problem(), (502, "bank_unavailable"));
    assert_eq!(bench.reached("balances").len(), accounts.len() + 1, "the others are not asked for any more");
}

#[tokio::test]
async fn an_account_that_cannot_be_read_tells_its_own_problem_if_parts_are_wanted() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.fault("balances", refusal(400, "RESOURCE_BLOCKED"), 1).await;
    let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts?with=balances&partial=allow")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let accounts = answer.body["accounts"].as_array().unwrap();
    let (first, others) = accounts.split_first().unwrap();
    assert_eq!(first["problem"]["code"], "account_unavailable");
    assert_eq!(first["problem"]["status"], 409);
    assert_eq!(first["problem"]["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert!(first.get("balances").is_none(), "no empty list where nothing is known");
    assert!(others.iter().all(|account| account["balances"].is_array() && account.get("problem").is_none()));
    assert!(!answer.body.to_string().contains("canary"));
}

#[tokio::test]
async fn a_lost_consent_is_no_part_but_the_whole() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.fault("balances", refusal(401, "CONSENT_EXPIRED"), 1).await;
    let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts?with=balances&partial=allow")).await;
    assert_eq!(answer.problem(), (409, "consent_lost"), "{:?}", answer.body);
}

#[tokio::test]
async fn parts_without_what_they_are_parts_of_are_no_request() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    for query in ["partial=allow", "with=transactions", "with=balances&partial=maybe"] {
        let answer = bench.crm().get(&format!("/v1/sessions/{session}/accounts?{query}")).await;
        assert_eq!(answer.problem(), (400, "request_invalid"), "{query}");
    }
}
