//! Reading accounts, balances and transactions, and how often.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::tpp::{Access, World, offer};

const YEAR: &str = "bookingStatus=booked&dateFrom=2025-11-20&dateTo=2026-11-20";

fn booked(page: &Value) -> &Vec<Value> {
    page["transactions"]["booked"].as_array().unwrap()
}

/// All pages of a list, by their `next` links.
async fn pages(world: &World, access: &Access, first: String) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(first);
    while let Some(path) = next {
        let page = world.background(access, &path).await;
        assert_eq!(page.status, 200, "{page:?}");
        next = page.body["transactions"]["_links"]["next"]["href"].as_str().map(str::to_owned);
        pages.push(page.body);
    }
    pages
}

#[tokio::test]
async fn pages_through_a_year_without_losing_or_repeating_anything() {
    let world = World::new().await;
    for mood in ["oauth", "redirect"] {
        let access = world.access(mood).await;
        let account = &world.accounts(&access).await[0];
        let pages = pages(&world, &access, format!("/accounts/{account}/transactions?{YEAR}")).await;
        assert!(pages.len() >= 4, "{}", pages.len());
        let (last, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| booked(page).len() == 100));
        assert!((1..=100).contains(&booked(last).len()));
        let all: Vec<&Value> = pages.iter().flat_map(booked).collect();
        let ids: BTreeSet<_> = all.iter().map(|one| one["transactionId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), all.len());
        let dates: Vec<_> = all.iter().map(|one| one["bookingDate"].as_str().unwrap()).collect();
        assert!(dates.is_sorted_by(|one, other| one >= other), "newest first");
        assert!(dates.iter().all(|date| ("2025-11-20"..="2026-11-20").contains(date)));
    }
}

#[tokio::test]
async fn writes_links_absolute_in_one_mood_and_relative_in_the_other() {
    let world = World::new().await;
    for (mood, start) in
        [("oauth", format!("{}/oauth/v1/", world.bank.api_url())), ("redirect", "/redirect/v1/".to_owned())]
    {
        let access = world.access(mood).await;
        let account = &world.accounts(&access).await[0];
        let page = world.attended(&access, &format!("/accounts/{account}/transactions?{YEAR}")).await;
        let next = page.body["transactions"]["_links"]["next"]["href"].as_str().unwrap();
        assert!(next.starts_with(&start), "{next}");
    }
}

#[tokio::test]
async fn counts_four_background_reads_a_day_for_each_account_and_kind() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let accounts = world.accounts(&access).await;
    let balances = |account: usize| format!("/accounts/{}/balances", accounts[account]);
    for _ in 0..4 {
        assert_eq!(world.background(&access, &balances(0)).await.status, 200);
    }
    let refused = world.background(&access, &balances(0)).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "ACCESS_EXCEEDED"));
    assert_eq!(world.attended(&access, &balances(0)).await.status, 200);
    assert_eq!(world.background(&access, &balances(1)).await.status, 200);
    let transactions = format!("/accounts/{}/transactions?bookingStatus=booked&dateFrom=2026-11-01", accounts[0]);
    assert_eq!(world.background(&access, &transactions).await.status, 200);

    world.advance(86_399).await;
    assert_eq!(world.background(&access, &balances(0)).await.status, 429);
    world.advance(1).await;
    assert_eq!(world.background(&access, &balances(0)).await.status, 200);
}

#[tokio::test]
async fn counts_a_list_once_however_many_pages_it_has() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let account = &world.accounts(&access).await[0];
    for _ in 0..4 {
        assert!(pages(&world, &access, format!("/accounts/{account}/transactions?{YEAR}")).await.len() >= 4);
    }
    let fifth = world.background(&access, &format!("/accounts/{account}/transactions?{YEAR}")).await;
    assert_eq!(fifth.status, 429);
}

#[tokio::test]
async fn keeps_balances_in_step_with_transactions() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    let account = &world.accounts(&access).await[0];
    let cents = |amount: &Value| amount.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let closing = async || {
        let answer = world.attended(&access, &format!("/accounts/{account}/balances")).await;
        let balances = answer.body["balances"].as_array().unwrap().clone();
        let closing = balances.iter().find(|one| one["balanceType"] == "closingBooked").unwrap();
        cents(&closing["balanceAmount"]["amount"])
    };
    let before = closing().await;
    world.advance(30 * 86_400).await;
    let after = closing().await;
    let query = "bookingStatus=booked&dateFrom=2026-11-20&dateTo=2026-12-19";
    let pages = pages(&world, &access, format!("/accounts/{account}/transactions?{query}")).await;
    let moved: i64 = pages.iter().flat_map(booked).map(|one| cents(&one["transactionAmount"]["amount"])).sum();
    assert_eq!(before + moved, after);
}

#[tokio::test]
async fn shows_one_account_and_one_transaction() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let account = &world.accounts(&access).await[0];
    let details = world.attended(&access, &format!("/accounts/{account}?withBalance=true")).await.body;
    assert_eq!(details["account"]["resourceId"], account.as_str());
    assert_eq!(details["account"]["iban"], world.iban(0, 0).await);
    assert_eq!(details["account"]["balances"].as_array().unwrap().len(), 3);

    let page = world.attended(&access, &format!("/accounts/{account}/transactions?{YEAR}")).await.body;
    let wanted = &booked(&page)[5];
    let path = format!("/accounts/{account}/transactions/{}", wanted["transactionId"].as_str().unwrap());
    assert_eq!(&world.attended(&access, &path).await.body["transactionsDetails"], wanted);
    let unknown = world.attended(&access, &format!("/accounts/{account}/transactions/none")).await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "RESOURCE_UNKNOWN"));
}

#[tokio::test]
async fn keeps_to_the_accounts_of_the_consent() {
    let world = World::new().await;
    let one = json!([world.iban(0, 1).await]);
    let approval = json!({ "decision": "approve", "customer": "anna-schmidt", "accounts": one });
    let access = world.access_with("redirect", offer(), approval).await;
    assert_eq!(world.accounts(&access).await.len(), 1);
    let unknown = world.attended(&access, "/accounts/00000000-0000-4000-8000-000000000000/balances").await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "RESOURCE_UNKNOWN"));
}

#[tokio::test]
async fn wants_a_valid_consent_named_in_the_header() {
    let world = World::new().await;
    let missing = world.get("/redirect/v1/accounts").await;
    assert_eq!((missing.status.as_u16(), missing.code()), (400, "FORMAT_ERROR"));
    let created = world.consent("redirect", offer()).await;
    let consent = created.body["consentId"].as_str().unwrap().to_owned();
    let early = Access { mood: "redirect", consent, token: None, refresh: None };
    let refused = world.attended(&early, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_INVALID"));
}

#[tokio::test]
async fn tells_what_is_wrong_with_a_token() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let other = world.access_with("oauth", offer(), json!({ "decision": "approve", "customer": "jonas-weber" })).await;
    let with = |token: Option<&str>| Access { token: token.map(str::to_owned), ..access.clone() };
    for (token, code) in
        [(None, "TOKEN_UNKNOWN"), (Some("made-up"), "TOKEN_UNKNOWN"), (other.token.as_deref(), "TOKEN_INVALID")]
    {
        let refused = world.attended(&with(token), "/accounts").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, code));
    }
    world.advance(300).await;
    let refused = world.attended(&access, "/accounts").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "TOKEN_EXPIRED"));
}
