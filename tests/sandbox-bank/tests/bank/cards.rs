//! Card accounts.

use serde_json::{Value, json};

use crate::tpp::{World, offer};

#[tokio::test]
async fn shows_the_card_of_an_account_with_what_was_paid_by_it() {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let list = world.attended(&access, "/card-accounts?withBalance=true").await.body;
    let card = &list["cardAccounts"][0];
    assert_eq!(list["cardAccounts"].as_array().unwrap().len(), 1);
    assert!(card["maskedPan"].as_str().unwrap().starts_with("999999xxxxxx"));
    assert_eq!(card["balances"].as_array().unwrap().len(), 3);
    let id = card["resourceId"].as_str().unwrap();
    assert!(!world.accounts(&access).await.contains(&id.to_owned()));

    let one = world.attended(&access, &format!("/card-accounts/{id}")).await.body;
    assert_eq!(one["cardAccount"]["maskedPan"], card["maskedPan"]);
    let balances = card["_links"]["balances"]["href"].as_str().unwrap();
    assert_eq!(world.attended(&access, balances).await.body["balances"], card["balances"]);
    assert!(world.last_entry().operation == "card_balances");

    let mut next = Some(format!("/card-accounts/{id}/transactions?bookingStatus=both&dateFrom=2025-11-20"));
    let (mut booked, mut pending) = (0, 0);
    while let Some(path) = next {
        let page = world.background(&access, &path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let report = &page.body["cardTransactions"];
        booked += report["booked"].as_array().unwrap().len();
        pending += report["pending"].as_array().unwrap().len();
        let negative = |one: &Value| one["transactionAmount"]["amount"].as_str().unwrap().starts_with('-');
        assert!(report["booked"].as_array().unwrap().iter().all(negative));
        next = report["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    assert!(booked > 100 && pending > 0, "{booked} {pending}");
}

#[tokio::test]
async fn has_no_card_for_those_who_have_none() {
    let world = World::new().await;
    let script = json!({ "decision": "approve", "customer": "tischlerei-nordlicht" });
    let access = world.access_with("redirect", offer(), script).await;
    assert_eq!(world.attended(&access, "/card-accounts").await.body, json!({ "cardAccounts": [] }));
    let unknown = world.attended(&access, "/card-accounts/none/balances").await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "RESOURCE_UNKNOWN"));
}

#[tokio::test]
async fn keeps_cards_to_what_the_consent_covers() {
    let world = World::new().await;
    let access = world.access_with("redirect", json!({ "accounts": [] }), json!({ "decision": "approve" })).await;
    let list = world.attended(&access, "/card-accounts").await.body;
    assert_eq!(list["cardAccounts"][0]["_links"], json!({}));
    let id = list["cardAccounts"][0]["resourceId"].as_str().unwrap();
    let refused = world.attended(&access, &format!("/card-accounts/{id}/balances")).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "CONSENT_INVALID"));
}

#[tokio::test]
async fn counts_reads_of_cards_apart() {
    let world = World::new().await;
    let access = world.access("redirect").await;
    for _ in 0..4 {
        assert_eq!(world.background(&access, "/card-accounts").await.status, 200);
    }
    assert_eq!(world.background(&access, "/card-accounts").await.status, 429);
    assert_eq!(world.background(&access, "/accounts").await.status, 200);
}
