//! Approvals in the bank's app.

use serde_json::{Value, json};

use crate::tpp::{Access, Answer, World, offer, order, read};

async fn asked(world: &World, customer: &str) -> Answer {
    let request = world.asking("decoupled", &order(offer())).header("PSU-ID", customer);
    read(request.send().await.unwrap()).await
}

async fn consent(world: &World, customer: &str) -> Answer {
    let created = asked(world, customer).await;
    assert_eq!(created.status, 201, "{created:?}");
    created
}

async fn at(world: &World, created: &Answer, link: &str) -> Value {
    world.get(created.body["_links"][link]["href"].as_str().unwrap()).await.body
}

async fn page(world: &World) -> String {
    world.plain.get(format!("{}/decoupled/approvals", world.bank.web_url())).send().await.unwrap().text().await.unwrap()
}

async fn decide(world: &World, fields: &[(&str, &str)]) -> Answer {
    let request = world.plain.post(format!("{}/decoupled/approvals", world.bank.web_url())).form(fields);
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn sends_nobody_anywhere() {
    let world = World::new().await;
    let created = consent(&world, "jonas-weber").await;
    assert_eq!(created.headers["aspsp-sca-approach"], "DECOUPLED");
    assert!(created.body["psuMessage"].as_str().unwrap().contains("app"));
    let links: Vec<_> = created.body["_links"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(links, ["scaStatus", "self", "status"]);
    assert_eq!(at(&world, &created, "scaStatus").await, json!({ "scaStatus": "started" }));
}

#[tokio::test]
async fn has_to_know_whom_to_ask() {
    let world = World::new().await;
    let refused = read(world.asking("decoupled", &order(offer())).send().await.unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "FORMAT_ERROR"));
    let refused = asked(&world, "nobody").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (401, "PSU_CREDENTIALS_INVALID"));
}

#[tokio::test]
async fn plays_the_script_when_the_third_party_asks_how_it_stands() {
    let world = World::new().await;
    for (decision, sca, status) in [("approve", "finalised", "valid"), ("refuse", "failed", "rejected")] {
        let created = consent(&world, "jonas-weber").await;
        world.decide(json!({ "decision": decision, "mood": "decoupled" })).await;
        assert_eq!(at(&world, &created, "scaStatus").await, json!({ "scaStatus": sca }));
        assert_eq!(at(&world, &created, "status").await, json!({ "consentStatus": status }));
        let consent = created.body["consentId"].as_str().unwrap().to_owned();
        let access = Access { mood: "decoupled", consent, token: None, refresh: None };
        if decision == "approve" {
            assert_eq!(world.accounts(&access).await.len(), 3, "the customer is the one who was asked");
        }
    }
}

#[tokio::test]
async fn lets_the_customer_decide_in_the_app() {
    let world = World::new().await;
    assert!(page(&world).await.contains("Nothing waits"));
    let created = consent(&world, "anna-schmidt").await;
    let html = page(&world).await;
    for text in ["Anna Schmidt", "Secure Hub TPP", "id=\"approve\"", "id=\"refuse\""] {
        assert!(html.contains(text), "{text}");
    }
    let iban = world.iban(0, 1).await;
    let id = created.body["consentId"].as_str().unwrap();
    let fields = [("consent", id), ("account", &iban), ("decision", "approve")];
    assert_eq!(decide(&world, &fields).await.status, 303);
    assert_eq!(at(&world, &created, "scaStatus").await, json!({ "scaStatus": "finalised" }));
    let access = Access { mood: "decoupled", consent: id.to_owned(), token: None, refresh: None };
    assert_eq!(world.accounts(&access).await.len(), 1);
    assert!(page(&world).await.contains("Nothing waits"));
    assert_eq!(decide(&world, &fields).await.status, 410);
}

#[tokio::test]
async fn keeps_a_script_for_another_mood_away() {
    let world = World::new().await;
    world.decide(json!({ "decision": "refuse", "mood": "decoupled" })).await;
    world.access("redirect").await;
    let created = consent(&world, "anna-schmidt").await;
    assert_eq!(at(&world, &created, "status").await, json!({ "consentStatus": "rejected" }));
}
