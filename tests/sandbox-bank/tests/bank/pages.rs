//! The customer's pages, driven as a browser drives them: by links and forms.

use reqwest::Method;
use serde_json::{Value, json};

use crate::tpp::{Answer, CALLBACK, NOK, World, offer, parameter, read};

/// The value of an attribute in the first tag that contains `marker`.
fn attribute(page: &Answer, marker: &str, name: &str) -> String {
    let html = page.body.as_str().unwrap();
    let start = html[..html.find(marker).unwrap()].rfind('<').unwrap();
    let tag = &html[start..start + html[start..].find('>').unwrap()];
    let value = &tag[tag.find(&format!("{name}=\"")).unwrap() + name.len() + 2..];
    value[..value.find('"').unwrap()].to_owned()
}

async fn open(world: &World, address: &str) -> Answer {
    read(world.plain.get(address).send().await.unwrap()).await
}

async fn submit(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    read(world.plain.post(world.bank.web_url().to_owned() + path).form(fields).send().await.unwrap()).await
}

/// Logs somebody in and gives the consent page and the visit's token.
async fn logged_in(world: &World, access: Value, mood: &str, customer: &str) -> (Answer, String) {
    let created = world.consent(mood, access).await;
    let login = open(world, &world.sca_address(&created).await).await;
    assert_eq!(login.status, 200);
    let visit = attribute(&login, "name=\"visit\"", "value");
    let password = attribute(&login, "id=\"password\"", "value");
    let page = submit(world, "/sca/login", &[("visit", &visit), ("customer", customer), ("password", &password)]).await;
    (page, visit)
}

fn contains(page: &Answer, text: &str) -> bool {
    page.body.as_str().unwrap().contains(text)
}

#[tokio::test]
async fn leads_through_login_and_choice_to_the_third_party() {
    let world = World::new().await;
    let (page, visit) = logged_in(&world, offer(), "oauth", "anna-schmidt").await;
    for text in ["Secure Hub TPP", "PSDDE-FAKENCA-HUB001", "2027-05-19", "id=\"approve\"", "id=\"refuse\""] {
        assert!(contains(&page, text), "{text}");
    }
    let iban = world.iban(0, 1).await;
    assert!(contains(&page, &format!("<input type=\"checkbox\" name=\"account\" value=\"{iban}\" checked>")));
    let done = submit(&world, "/sca/decision", &[("visit", &visit), ("account", &iban), ("decision", "approve")]).await;
    assert_eq!(done.status, 303);
    assert!(done.location().starts_with(CALLBACK));
    assert!(parameter(done.location(), "code").is_some());
    let consents = world.control(Method::GET, "/consents", Value::Null).await.body;
    assert_eq!(consents["consents"][0]["accounts"], json!([iban]));
}

#[tokio::test]
async fn has_the_ids_that_browser_tests_rely_on() {
    let world = World::new().await;
    let created = world.consent("redirect", offer()).await;
    let login = open(&world, &world.sca_address(&created).await).await;
    for id in ["<select id=\"customer\"", "<button id=\"login\"", "anna-schmidt", "jonas-weber", "tischlerei-nordlicht"]
    {
        assert!(contains(&login, id), "{id}");
    }
}

#[tokio::test]
async fn shows_the_progress_to_the_third_party() {
    let world = World::new().await;
    logged_in(&world, offer(), "redirect", "anna-schmidt").await;
    let consents = world.control(Method::GET, "/consents", Value::Null).await.body;
    let consent = consents["consents"][0]["id"].as_str().unwrap();
    let list = world.get(&format!("/redirect/v1/consents/{consent}/authorisations")).await.body;
    let id = list["authorisationIds"][0].as_str().unwrap();
    let status = world.get(&format!("/redirect/v1/consents/{consent}/authorisations/{id}")).await;
    assert_eq!(status.body["scaStatus"], "psuAuthenticated");
}

#[tokio::test]
async fn takes_anything_but_a_clear_yes_for_a_no() {
    let world = World::new().await;
    for decision in ["refuse", "maybe"] {
        let (_, visit) = logged_in(&world, offer(), "redirect", "anna-schmidt").await;
        let done = submit(&world, "/sca/decision", &[("visit", &visit), ("decision", decision)]).await;
        assert_eq!((done.status.as_u16(), done.location()), (303, NOK));
    }
}

#[tokio::test]
async fn asks_again_when_no_account_is_ticked_or_the_password_is_wrong() {
    let world = World::new().await;
    let (_, visit) = logged_in(&world, offer(), "redirect", "anna-schmidt").await;
    let again = submit(&world, "/sca/decision", &[("visit", &visit), ("decision", "approve")]).await;
    assert_eq!(again.status, 200);
    assert!(contains(&again, "role=\"alert\"") && contains(&again, "id=\"approve\""));
    let fields = [("visit", visit.as_str()), ("customer", "jonas-weber"), ("password", "guess")];
    let again = submit(&world, "/sca/login", &fields).await;
    assert!(contains(&again, "role=\"alert\"") && contains(&again, "id=\"login\""));
}

#[tokio::test]
async fn lists_named_accounts_and_offers_no_approval_for_those_of_others() {
    let world = World::new().await;
    let access = json!({ "balances": [{ "iban": world.iban(1, 2).await }] });
    let (page, visit) = logged_in(&world, access.clone(), "redirect", "jonas-weber").await;
    assert!(contains(&page, "US dollar account") && !contains(&page, "name=\"account\""));
    let done = submit(&world, "/sca/decision", &[("visit", &visit), ("decision", "approve")]).await;
    assert_eq!(done.location(), CALLBACK);
    let (page, _) = logged_in(&world, access, "redirect", "anna-schmidt").await;
    assert!(!contains(&page, "id=\"approve\"") && contains(&page, "id=\"refuse\""));
}

#[tokio::test]
async fn closes_a_request_once_it_is_answered() {
    let world = World::new().await;
    let created = world.consent("redirect", offer()).await;
    let address = world.sca_address(&created).await;
    let login = open(&world, &address).await;
    let visit = attribute(&login, "name=\"visit\"", "value");
    world.decide(json!({ "decision": "refuse" })).await;
    world.visit(&address).await;
    assert_eq!(open(&world, &address).await.status, 410);
    let fields = [("visit", visit.as_str()), ("customer", "anna-schmidt"), ("password", "sandbox")];
    assert_eq!(submit(&world, "/sca/login", &fields).await.status, 410);
    assert_eq!(submit(&world, "/sca/decision", &[("visit", "made-up"), ("decision", "approve")]).await.status, 410);
}

#[tokio::test]
async fn decides_nothing_before_the_login() {
    let world = World::new().await;
    let created = world.consent("redirect", offer()).await;
    let login = open(&world, &world.sca_address(&created).await).await;
    let visit = attribute(&login, "name=\"visit\"", "value");
    let iban = world.iban(0, 0).await;
    let fields = [("visit", visit.as_str()), ("account", iban.as_str()), ("decision", "approve")];
    assert_eq!(submit(&world, "/sca/decision", &fields).await.status, 410);
    let status = world.get(created.body["_links"]["status"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body["consentStatus"], "received");
}

#[tokio::test]
async fn sends_pages_that_nobody_can_frame_fill_or_keep() {
    let world = World::new().await;
    for path in ["/", "/nothing", "/redirect/sca/a/b", "/oauth/authorize"] {
        let page = open(&world, &format!("{}{path}", world.bank.web_url())).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert!(!contains(&page, "<script"));
    }
}

#[tokio::test]
async fn leaves_decisions_to_the_browser_again_when_told_so() {
    let world = World::new().await;
    world.decide(json!({ "decision": "approve", "times": 100 })).await;
    world.decide(json!({ "decision": "browser" })).await;
    let created = world.consent("redirect", offer()).await;
    assert_eq!(open(&world, &world.sca_address(&created).await).await.status, 200);
}

#[tokio::test]
async fn begins_no_visit_for_a_mere_look() {
    let world = World::new().await;
    world.decide(json!({ "decision": "approve" })).await;
    let created = world.consent("oauth", offer()).await;
    let address = world.sca_address(&created).await;
    assert_eq!(world.plain.head(&address).send().await.unwrap().status(), 204);
    assert!(parameter(&world.visit(&address).await, "code").is_some());
}
