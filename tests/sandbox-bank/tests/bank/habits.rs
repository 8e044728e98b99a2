//! Habits of the bank that the policy changes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::{Access, Answer, World, offer, order, read};

const YEAR: &str = "bookingStatus=booked&dateFrom=2025-11-20";

async fn policy(world: &World, changes: Value) {
    let answer = world.control(Method::POST, "/policy", changes).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A world with these habits, and access to Anna's current account.
async fn world(changes: Value) -> (World, Access, String) {
    let world = World::new().await;
    policy(&world, changes).await;
    let access = world.access("redirect").await;
    let account = world.accounts(&access).await[0].clone();
    (world, access, account)
}

async fn transactions(world: &World, access: &Access, account: &str, query: &str) -> Answer {
    world.attended(access, &format!("/accounts/{account}/transactions?{query}")).await
}

fn list<'a>(answer: &'a Answer, name: &str) -> &'a Vec<Value> {
    answer.body["transactions"][name].as_array().unwrap()
}

#[tokio::test]
async fn tells_the_policy_as_it_is() {
    let world = World::new().await;
    policy(&world, json!({ "uses": 24, "signatures": { "oauth": "checked" } })).await;
    let told = world.control(Method::GET, "/policy", Value::Null).await.body;
    assert_eq!((&told["uses"], &told["pages"]), (&json!(24), &json!("link")));
    assert_eq!(told["signatures"], json!({ "oauth": { "need": "checked", "scheme": "cavage" } }));
}

#[tokio::test]
async fn says_nothing_about_several_consents() {
    let world = World::new().await;
    policy(&world, json!({ "several_consents": true })).await;
    let created = world.consent("redirect", offer()).await;
    assert_eq!(created.headers["aspsp-multiple-consent-support"], "true");
    policy(&world, json!({ "tells_several": false })).await;
    let created = world.consent("redirect", offer()).await;
    assert!(!created.headers.contains_key("aspsp-multiple-consent-support"));
}

#[tokio::test]
async fn ends_a_consent_after_so_many_uses() {
    let (world, access, _) = world(json!({ "uses": 3 })).await;
    for _ in 0..2 {
        assert_eq!(world.attended(&access, "/accounts").await.status, 200);
    }
    let refused = world.attended(&access, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_EXPIRED"));
    let status = world.get(&format!("/redirect/v1/consents/{}/status", access.consent)).await;
    assert_eq!(status.body["consentStatus"], "expired");
}

#[tokio::test]
async fn shortens_or_refuses_long_consents() {
    let world = World::new().await;
    policy(&world, json!({ "longest_days": 90, "too_long": "refused", "most_reads": 2 })).await;
    let until = async |date: &str| {
        let mut body = order(offer());
        body["validUntil"] = json!(date);
        read(world.asking("redirect", &body).send().await.unwrap()).await
    };
    assert_eq!(until("2027-02-19").await.status, 422);
    let created = until("2027-02-18").await;
    let told = world.get(created.body["_links"]["self"]["href"].as_str().unwrap()).await.body;
    assert_eq!((&told["validUntil"], &told["frequencyPerDay"]), (&json!("2027-02-18"), &json!(2)));
}

#[tokio::test]
async fn puts_consents_into_any_state() {
    let (world, access, _) = world(json!({ "several_consents": true })).await;
    let status = format!("/redirect/v1/consents/{}/status", access.consent);
    for (word, code) in [
        ("partiallyAuthorised", "CONSENT_INVALID"),
        ("onHold", "CONSENT_INVALID"),
        ("revokedByPsu", "CONSENT_INVALID"),
        ("expired", "CONSENT_EXPIRED"),
        ("valid", ""),
    ] {
        let path = format!("/consents/{}/status", access.consent);
        assert_eq!(world.control(Method::POST, &path, json!({ "status": word })).await.body["status"], word);
        assert_eq!(world.get(&status).await.body["consentStatus"], word);
        assert_eq!(world.attended(&access, "/accounts").await.code(), code);
    }
}

#[tokio::test]
async fn waits_for_somebody_else_to_agree() {
    let world = World::new().await;
    let script = json!({ "decision": "approve_partly", "customer": "tischlerei-nordlicht" });
    let access = world.access_with("redirect", offer(), script).await;
    let status = world.get(&format!("/redirect/v1/consents/{}/status", access.consent)).await;
    assert_eq!(status.body["consentStatus"], "partiallyAuthorised");
    let path = format!("/consents/{}/status", access.consent);
    world.control(Method::POST, &path, json!({ "status": "valid" })).await;
    assert_eq!(world.accounts(&access).await.len(), 2);
}

#[tokio::test]
async fn has_no_patience_with_hasty_questions() {
    let world = World::new().await;
    policy(&world, json!({ "limits_polls": true })).await;
    let created = world.consent("redirect", offer()).await;
    let status = created.body["_links"]["status"]["href"].as_str().unwrap();
    let sca = created.body["_links"]["scaStatus"]["href"].as_str().unwrap();
    assert_eq!(world.get(status).await.status, 200);
    let refused = world.get(sca).await;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(refused.body, "");
    world.advance(1).await;
    assert_eq!(world.get(sca).await.status, 200);
}

#[tokio::test]
async fn wants_headers_about_the_customer_whole() {
    let (world, access, _) = world(json!({ "whole_psu_headers": false })).await;
    policy(&world, json!({ "whole_psu_headers": true })).await;
    let refused = world.attended(&access, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));
    assert_eq!(world.background(&access, "/accounts").await.status, 200);
}

#[tokio::test]
async fn writes_amounts_as_it_likes() {
    let (world, access, account) = world(json!({ "amounts": "signed" })).await;
    let amounts = async || {
        let page = transactions(&world, &access, &account, YEAR).await;
        let amount = |one: &Value| one["transactionAmount"]["amount"].as_str().unwrap().to_owned();
        list(&page, "booked").iter().map(amount).collect::<Vec<_>>()
    };
    let signed = amounts().await;
    policy(&world, json!({ "amounts": "unsigned" })).await;
    assert_eq!(amounts().await, signed.iter().map(|one| one.replace('-', "")).collect::<Vec<_>>());
    policy(&world, json!({ "amounts": "wrongly_signed" })).await;
    let wrong = amounts().await;
    assert!(signed.iter().zip(&wrong).all(|(right, wrong)| right.starts_with('-') != wrong.starts_with('-')));
}

#[tokio::test]
async fn gives_only_the_booking_statuses_of_the_policy() {
    let (world, access, account) = world(json!({ "booking_statuses": ["booked", "information", "all"] })).await;
    let refused = transactions(&world, &access, &account, "bookingStatus=both&dateFrom=2026-11-01").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "PARAMETER_NOT_SUPPORTED"));
    let orders = transactions(&world, &access, &account, "bookingStatus=information").await;
    assert_eq!(orders.status, 200);
    assert!(orders.body["transactions"]["booked"].is_null());
    let texts: Vec<_> =
        list(&orders, "information").iter().map(|one| one["remittanceInformationUnstructured"].clone()).collect();
    assert_eq!(texts, ["Rent flat 12", "Savings plan"]);
    let all = transactions(&world, &access, &account, "bookingStatus=all&dateFrom=2026-11-01").await;
    for name in ["booked", "pending", "information"] {
        assert!(!list(&all, name).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn keeps_old_transactions_from_the_background() {
    let (world, access, account) = world(json!({ "background_days": 90 })).await;
    let path = format!("/accounts/{account}/transactions?bookingStatus=booked&dateFrom");
    let refused = world.background(&access, &format!("{path}=2026-08-21")).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "PERIOD_INVALID"));
    assert_eq!(world.background(&access, &format!("{path}=2026-08-22")).await.status, 200);
    assert_eq!(world.attended(&access, &format!("{path}=2025-11-20")).await.status, 200);
}

#[tokio::test]
async fn pages_by_number_or_not_at_all() {
    let (world, access, account) = world(json!({ "pages": "none" })).await;
    let whole = transactions(&world, &access, &account, YEAR).await;
    let all = list(&whole, "booked");
    assert!(all.len() > 300);
    assert_eq!(whole.body["transactions"]["_links"].as_object().unwrap().len(), 1);
    policy(&world, json!({ "pages": "index" })).await;
    let mut found = Vec::new();
    for index in 0.. {
        let page = transactions(&world, &access, &account, &format!("{YEAR}&pageIndex={index}&itemsPerPage=150")).await;
        assert!(page.body["transactions"]["_links"]["next"].is_null());
        found.extend(list(&page, "booked").clone());
        if list(&page, "booked").len() < 150 {
            break;
        }
    }
    assert_eq!(&found, all);
}

#[tokio::test]
async fn offers_long_lists_as_a_file() {
    let (world, access, account) = world(json!({ "download": true })).await;
    let answer = transactions(&world, &access, &account, YEAR).await;
    assert!(answer.body["transactions"].is_null());
    let file = world.attended(&access, answer.body["_links"]["download"]["href"].as_str().unwrap()).await;
    assert!(list(&file, "booked").len() > 300);
    assert!(world.last_entry().operation == "transactions");
    let short = transactions(&world, &access, &account, "bookingStatus=booked&dateFrom=2026-11-15").await;
    assert!(short.body["_links"].is_null() && !list(&short, "booked").is_empty());
}

#[tokio::test]
async fn tells_what_is_new_since_an_entry_or_the_last_time() {
    let (world, access, account) = world(json!({ "delta": true })).await;
    let first = transactions(&world, &access, &account, "bookingStatus=booked&deltaList=true").await;
    let newest = list(&first, "booked")[0].clone();
    let again = transactions(&world, &access, &account, "bookingStatus=booked&deltaList=true").await;
    assert!(list(&again, "booked").is_empty());
    world.advance(3 * 86_400).await;
    let new = transactions(&world, &access, &account, "bookingStatus=booked&deltaList=true").await;
    assert!(!list(&new, "booked").is_empty());
    assert!(list(&new, "booked").iter().all(|one| one["bookingDate"].as_str() > Some("2026-11-20")));
    let reference = newest["entryReference"].as_str().unwrap();
    let query = format!("bookingStatus=booked&entryReferenceFrom={reference}");
    let after = transactions(&world, &access, &account, &query).await;
    assert_eq!(list(&after, "booked"), list(&new, "booked"));
    let unknown = transactions(&world, &access, &account, "bookingStatus=booked&entryReferenceFrom=1").await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "RESOURCE_UNKNOWN"));
}

#[tokio::test]
async fn books_what_was_pending_when_the_clock_moves() {
    let (world, access, account) = world(json!({ "pending": "same_reference" })).await;
    let query = "bookingStatus=both&dateFrom=2026-11-10";
    let references = |answer: &Answer, name: &str| {
        list(answer, name).iter().map(|one| one["entryReference"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = transactions(&world, &access, &account, query).await;
    let pending = references(&before, "pending");
    assert!(!pending.is_empty());
    policy(&world, json!({ "pending": "other_id" })).await;
    let renamed = transactions(&world, &access, &account, query).await;
    let id = list(&renamed, "pending")[0]["transactionId"].as_str().unwrap().to_owned();
    world.advance(5 * 86_400).await;
    let after = transactions(&world, &access, &account, query).await;
    let booked = references(&after, "booked");
    assert!(pending.iter().all(|one| booked.contains(one)));
    assert!(list(&after, "booked").iter().all(|one| one["transactionId"] != id.as_str()));
}

#[tokio::test]
async fn tells_balances_along_with_transactions() {
    let (world, access, account) = world(json!({ "delta": false })).await;
    let answer = transactions(&world, &access, &account, &format!("{YEAR}&withBalance=true")).await;
    assert_eq!(answer.body["balances"].as_array().unwrap().len(), 3);
}
