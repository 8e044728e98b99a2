//! The answers against the Berlin Group's own schemas, where those are at hand: `SPECS_DIR` names the
//! directory that holds `berlin-group/`. The document's licence keeps it out of this repository.

use std::path::PathBuf;

use jsonschema::Draft;
use serde_json::{Value, json};

use crate::tpp::{Answer, World, offer, order, read};

const DOCUMENT: &str = "berlin-group/psd2-api_v1.3.11-2021-10-01v1.yaml";

/// The document, or `None` with a word about it.
fn document() -> Option<Value> {
    let Some(directory) = std::env::var_os("SPECS_DIR") else {
        println!("skipped: SPECS_DIR does not say where {DOCUMENT} is");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(directory).join(DOCUMENT)).unwrap();
    Some(serde_saphyr::from_str(&text).unwrap())
}

/// What is wrong with a body by a schema of the document. `OpenAPI` 3.0 schemas are closest to draft 4.
fn mistakes(document: &Value, pointer: &str, body: &Value) -> Vec<String> {
    let schema = json!({ "allOf": [{ "$ref": format!("#{pointer}") }], "components": document["components"] });
    let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    validator.iter_errors(body).map(|mistake| format!("{}: {mistake}", mistake.instance_path())).collect()
}

fn check(document: &Value, pointer: &str, what: &str, body: &Value) {
    let mistakes = mistakes(document, pointer, body);
    assert!(mistakes.is_empty(), "{what}: {mistakes:?}\n{body}");
}

fn schema(name: &str) -> String {
    format!("/components/schemas/{name}")
}

#[test]
fn notices_a_wrong_answer() {
    let Some(document) = document() else { return };
    let consent = json!({ "consentStatus": "granted", "consentId": "1", "_links": { "self": { "href": 1 } } });
    assert_eq!(mistakes(&document, &schema("consentsResponse-201"), &consent).len(), 2);
    assert_eq!(mistakes(&document, &schema("consentStatusResponse-200"), &json!({})).len(), 1);
}

#[tokio::test]
async fn answers_as_the_published_schemas_say() {
    let Some(document) = document() else { return };
    let world = World::new().await;
    for mood in ["oauth", "redirect"] {
        let created = world.consent(mood, offer()).await;
        check(&document, &schema("consentsResponse-201"), "consent", &created.body);
        let access = world.access(mood).await;
        let consent = format!("/{mood}/v1/consents/{}", access.consent);
        let authorisations = world.get(&format!("{consent}/authorisations")).await;
        let authorisation = authorisations.body["authorisationIds"][0].as_str().unwrap().to_owned();
        check(&document, &schema("authorisations"), "authorisations", &authorisations.body);
        for (path, name) in [
            (consent.clone(), "consentInformationResponse-200_json"),
            (format!("{consent}/status"), "consentStatusResponse-200"),
            (format!("{consent}/authorisations/{authorisation}"), "scaStatusResponse"),
        ] {
            check(&document, &schema(name), &path, &world.get(&path).await.body);
        }
        data(&world, &document, &access).await;
    }
}

async fn data(world: &World, document: &Value, access: &crate::tpp::Access) {
    let account = world.accounts(access).await[0].clone();
    let list = format!("/accounts/{account}/transactions?bookingStatus=both&dateFrom=2026-01-01");
    let page = world.attended(access, &list).await.body;
    let one = page["transactions"]["booked"][0]["transactionId"].as_str().unwrap().to_owned();
    for (path, pointer) in [
        ("/accounts?withBalance=true".to_owned(), schema("accountList")),
        (format!("/accounts/{account}?withBalance=true"), response("OK_200_AccountDetails")),
        (format!("/accounts/{account}/balances"), schema("readAccountBalanceResponse-200")),
        (list, schema("transactionsResponse-200_json")),
        (format!("/accounts/{account}/transactions/{one}"), response("OK_200_TransactionDetails")),
    ] {
        let answer = world.attended(access, &path).await;
        assert_eq!(answer.status, 200);
        check(document, &pointer, &path, &answer.body);
    }
}

#[tokio::test]
async fn starts_and_confirms_authorisations_as_the_published_schemas_say() {
    let Some(document) = document() else { return };
    let world = World::new().await;
    let unsigned = json!({ "signatures": { "explicit": "ignored" } });
    world.control(reqwest::Method::POST, "/policy", unsigned).await;
    let created = world.consent("explicit", offer()).await;
    check(&document, &schema("consentsResponse-201"), "consent", &created.body);
    let link = created.body["_links"]["startAuthorisation"]["href"].as_str().unwrap();
    let started = read(world.api(reqwest::Method::POST, link).send().await.unwrap()).await;
    check(&document, &schema("startScaprocessResponse"), "start", &started.body);
    world.decide(json!({ "decision": "approve" })).await;
    let back = world.visit(started.body["_links"]["scaRedirect"]["href"].as_str().unwrap()).await;
    let sca_status = world.get(started.body["_links"]["scaStatus"]["href"].as_str().unwrap()).await;
    check(&document, &schema("scaStatusResponse"), "unconfirmed", &sca_status.body);
    let code = json!({ "confirmationCode": crate::tpp::parameter(&back, "confirmationCode") });
    let link = started.body["_links"]["confirmation"]["href"].as_str().unwrap();
    let confirmed = read(world.api(reqwest::Method::PUT, link).json(&code).send().await.unwrap()).await;
    check(&document, &schema("authorisationConfirmationResponse"), "confirmation", &confirmed.body);

    let request = world.asking("decoupled", &order(offer())).header("PSU-ID", "anna-schmidt");
    let created = read(request.send().await.unwrap()).await;
    check(&document, &schema("consentsResponse-201"), "decoupled", &created.body);
}

#[tokio::test]
async fn tells_cards_and_standing_orders_as_the_published_schemas_say() {
    let Some(document) = document() else { return };
    let world = World::new().await;
    let habits = json!({ "booking_statuses": ["booked", "both", "all"], "pending": "same_reference" });
    world.control(reqwest::Method::POST, "/policy", habits).await;
    let access = world.access("redirect").await;
    let list = world.attended(&access, "/card-accounts?withBalance=true").await.body;
    let card = list["cardAccounts"][0]["resourceId"].as_str().unwrap();
    check(&document, &schema("cardAccountList"), "cards", &list);
    let account = world.accounts(&access).await[0].clone();
    for (path, pointer) in [
        (format!("/card-accounts/{card}"), response("OK_200_CardAccountDetails")),
        (format!("/card-accounts/{card}/balances"), schema("readCardAccountBalanceResponse-200")),
        (
            format!("/card-accounts/{card}/transactions?bookingStatus=both&dateFrom=2026-01-01"),
            schema("cardAccountsTransactionsResponse200"),
        ),
        (
            format!("/accounts/{account}/transactions?bookingStatus=all&dateFrom=2026-01-01&withBalance=true"),
            schema("transactionsResponse-200_json"),
        ),
    ] {
        let answer = world.attended(&access, &path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        check(&document, &pointer, &path, &answer.body);
    }
    world.control(reqwest::Method::POST, "/policy", json!({ "download": true })).await;
    let year = format!("/accounts/{account}/transactions?bookingStatus=booked&dateFrom=2025-11-20");
    check(&document, &schema("transactionsResponse-200_json"), "download", &world.attended(&access, &year).await.body);
}

fn response(name: &str) -> String {
    format!("/components/responses/{name}/content/application~1json/schema")
}

#[tokio::test]
async fn refuses_as_the_published_schemas_say() {
    let Some(document) = document() else { return };
    let world = World::new().await;
    let access = world.access("redirect").await;
    let xml = world.data(&access, "/accounts").header("Accept", "text/xml");
    let put = world.api(reqwest::Method::PUT, "/redirect/v1/consents");
    let refusals: [(Answer, &str); 5] = [
        (read(world.asking("redirect", &order(json!({}))).send().await.unwrap()).await, "Error400_NG_AIS"),
        (world.get("/redirect/v1/consents/none").await, "Error403_NG_AIS"),
        (world.attended(&access, "/accounts/none").await, "Error404_NG_AIS"),
        (read(put.send().await.unwrap()).await, "Error405_NG_AIS"),
        (read(xml.send().await.unwrap()).await, "Error406_NG_AIS"),
    ];
    for (answer, name) in refusals {
        assert!(name.contains(answer.status.as_str()), "{answer:?}");
        check(&document, &schema(name), name, &answer.body);
    }
    for _ in 0..4 {
        world.background(&access, "/accounts").await;
    }
    check(&document, &schema("Error429_NG_AIS"), "429", &world.background(&access, "/accounts").await.body);
    world.advance(200 * 86_400).await;
    check(&document, &schema("Error401_NG_AIS"), "401", &world.attended(&access, "/accounts").await.body);
}
