//! Each incident, seen from the third party.

use std::collections::BTreeSet;

use reqwest::{Client, Method, Version};
use sandbox_bank::{Incident, Mood};
use serde_json::{Value, json};

use crate::tpp::{Access, Answer, World, client, offer, order, read, request_id};

const YEAR: &str = "bookingStatus=booked&dateFrom=2025-11-20";

async fn play(world: &World, name: &str) {
    let answer = world.control(Method::POST, "/incidents", json!({ "name": name })).await;
    assert_eq!(answer.status, 201, "{name}: {answer:?}");
}

async fn end(world: &World) {
    assert_eq!(world.control(Method::DELETE, "/incidents", Value::Null).await.status, 204);
}

/// The bytes of an answer to a data call.
async fn bytes(world: &World, access: &Access, path: &str) -> Vec<u8> {
    let answer = world.data(access, path).header("PSU-IP-Address", "192.0.2.7").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// A world with access to an account whose transactions take several pages.
async fn world() -> (World, Access, String) {
    let world = World::new().await;
    let access = world.access("oauth").await;
    let account = world.accounts(&access).await[0].clone();
    (world, access, format!("/accounts/{account}/transactions?{YEAR}"))
}

fn next(page: &Answer) -> &str {
    page.body["transactions"]["_links"]["next"]["href"].as_str().unwrap()
}

#[tokio::test]
async fn are_listed_with_their_sources() {
    let world = World::new().await;
    play(&world, "bom").await;
    let told = world.control(Method::GET, "/incidents", Value::Null).await.body;
    let all = told["incidents"].as_array().unwrap();
    assert_eq!(all.len(), Incident::all().len());
    let on: Vec<_> = all.iter().filter(|one| one["on"] == true).map(|one| one["name"].clone()).collect();
    assert_eq!(on, ["bom"]);
    let dns = all.iter().find(|one| one["name"] == "dns_gone").unwrap();
    assert_eq!(dns["source"], "openbankingspace/tpp-issues #31");
    for wrong in [json!({ "name": "flood" }), json!({}), json!({ "name": "bom", "times": 0 })] {
        assert_eq!(world.control(Method::POST, "/incidents", wrong).await.status, 400);
    }
}

#[tokio::test]
async fn play_in_one_mood_and_so_often() {
    let world = World::new().await;
    world.bank.play_incident("html_500", Some(Mood::Redirect), Some(2)).await.unwrap();
    assert_eq!(world.get("/oauth/v1/accounts").await.status, 400);
    for status in [500, 500, 400] {
        assert_eq!(world.get("/redirect/v1/accounts").await.status, status);
    }
    let narrowed = json!({ "name": "html_500", "operation": "balances" });
    assert_eq!(world.control(Method::POST, "/incidents", narrowed).await.status, 201);
    assert_eq!(world.get("/redirect/v1/accounts").await.status, 400);
    assert_eq!(world.get("/redirect/v1/accounts/1/balances").await.status, 500);
    world.bank.end_incidents().await.unwrap();
    assert_eq!(world.get("/redirect/v1/accounts/1/balances").await.status, 400);
    assert!(world.bank.play_incident("flood", None, None).await.is_err());
}

#[tokio::test]
async fn lead_pages_astray() {
    let (world, access, list) = world().await;
    let here = format!("/oauth/v1{list}");
    for (name, start) in [
        ("next_to_itself", here.clone()),
        ("next_null_host", format!("https://null{here}")),
        ("next_other_resource", here.replace("/transactions", "/balances")),
        ("next_relative", "?bookingStatus=booked".to_owned()),
    ] {
        play(&world, name).await;
        let page = world.attended(&access, &list).await;
        assert!(next(&page).starts_with(&start), "{name}: {}", next(&page));
        end(&world).await;
    }
}

#[tokio::test]
async fn make_single_things_of_transactions_wrong() {
    let (world, access, list) = world().await;
    let page = async |name: &str| {
        play(&world, name).await;
        let bytes = bytes(&world, &access, &list).await;
        end(&world).await;
        bytes
    };
    let ids = |bytes: &[u8]| {
        let page: Value = serde_json::from_slice(bytes).unwrap();
        let booked = page["transactions"]["booked"].as_array().unwrap().clone();
        booked.iter().map(|one| one["transactionId"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(ids(&page("missing_transaction_ids").await).iter().all(Option::is_none));
    let doubled = ids(&page("duplicate_transaction_ids").await);
    assert_eq!(doubled.iter().collect::<BTreeSet<_>>().len(), doubled.len() / 2);
    let text = async |name: &str| String::from_utf8(page(name).await).unwrap();
    assert!(text("duplicate_json_members").await.contains("\"amount\":\"0.01\",\"amount\":\""));
    assert!(text("huge_amount").await.contains(&"9".repeat(40)));
    assert!(text("bom").await.starts_with('\u{feff}'));
    assert!(text("local_time_dates").await.contains("T00:00:00\""));
    assert!(String::from_utf8(page("invalid_utf8").await).is_err());
}

#[tokio::test]
async fn show_an_account_that_nobody_consented_to() {
    let (world, access, _) = world().await;
    play(&world, "accounts_not_in_consent").await;
    let accounts = world.accounts(&access).await;
    assert_eq!(accounts.len(), 3);
    assert_eq!(world.attended(&access, &format!("/accounts/{}/balances", accounts[2])).await.status, 404);
}

#[tokio::test]
async fn write_booleans_as_texts() {
    let (world, access, _) = world().await;
    play(&world, "string_booleans").await;
    let consent = world.get(&format!("/oauth/v1/consents/{}", access.consent)).await.body;
    assert_eq!(consent["recurringIndicator"], "true");
}

#[tokio::test]
async fn answer_with_limits_that_make_no_sense() {
    let (world, access, _) = world().await;
    play(&world, "limit_headers_negative").await;
    let answer = world.attended(&access, "/accounts").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "ACCESS_EXCEEDED"));
    assert_eq!(answer.headers["retry-after"], "-3600");
    assert_eq!(answer.headers["x-ratelimit-remaining"], "-1");
    end(&world).await;
    play(&world, "retry_after_huge").await;
    let answer = world.attended(&access, "/accounts").await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "31556952000000");
}

#[tokio::test]
async fn answer_with_html() {
    let world = World::new().await;
    for (name, status) in [("html_500", 500), ("html_200_maintenance", 200)] {
        play(&world, name).await;
        let answer = world.get("/redirect/v1/accounts").await;
        assert_eq!(answer.status, status);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        end(&world).await;
    }
}

#[tokio::test]
async fn rotate_and_answer_in_another_way_than_ever() {
    let world = World::new().await;
    world.control(Method::POST, "/tokens", json!({ "rotation": "family" })).await;
    let access = world.access("oauth").await;
    play(&world, "id_token_algorithm_changed").await;
    let fresh = world.refresh(access.refresh.as_ref().unwrap()).await;
    assert!(fresh.body["id_token"].as_str().unwrap().starts_with("eyJ"));
    end(&world).await;
    play(&world, "other_content_type").await;
    let fresh = world.refresh(fresh.body["refresh_token"].as_str().unwrap()).await;
    assert_eq!(fresh.headers["content-type"], "text/plain; charset=utf-8");
    end(&world).await;
    play(&world, "rotate_then_504").await;
    let token = fresh.body["refresh_token"].as_str().unwrap();
    assert_eq!(world.refresh(token).await.status, 504);
    end(&world).await;
    assert_eq!(world.refresh(token).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn let_nobody_connect() {
    let world = World::new().await;
    assert_eq!(world.get("/redirect/v1/accounts").await.status, 400);
    play(&world, "dns_gone").await;
    let error = world.api(Method::GET, "/redirect/v1/accounts").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    end(&world).await;
    assert_eq!(world.get("/redirect/v1/accounts").await.status, 400);
    play(&world, "dns_gone").await;
    world.bank.stop().await;
}

#[tokio::test]
async fn overrun_a_maintenance_by_the_banks_clock() {
    let world = World::new().await;
    play(&world, "maintenance_overrun").await;
    let waiting = async || {
        let answer = world.get("/redirect/v1/accounts").await;
        (answer.status.as_u16(), answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned()))
    };
    assert_eq!(waiting().await, (503, Some("50400".to_owned())));
    world.advance(15 * 3600).await;
    assert_eq!(waiting().await, (503, Some("60".to_owned())));
    world.advance(3600).await;
    assert_eq!(waiting().await, (400, None));
}

#[tokio::test]
async fn end_consents_early_or_refuse_them() {
    let (world, access, _) = world().await;
    play(&world, "consent_dead_after_24_uses").await;
    for _ in 0..24 {
        assert_eq!(world.attended(&access, "/accounts").await.status, 200);
    }
    assert_eq!(world.attended(&access, "/accounts").await.code(), "CONSENT_EXPIRED");
    play(&world, "validity_refused_by_milliseconds").await;
    let mut body = order(offer());
    body["validUntil"] = json!("2027-05-20");
    assert_eq!(read(world.asking("redirect", &body).send().await.unwrap()).await.status, 422);
    end(&world).await;
    assert_eq!(read(world.asking("redirect", &body).send().await.unwrap()).await.status, 201);
}

#[tokio::test]
async fn end_pem_texts_with_empty_lines() {
    let world = World::new().await;
    let pem = async || {
        let url = format!("{}/pki/ca.pem", world.bank.control_url());
        world.plain.get(url).send().await.unwrap().text().await.unwrap()
    };
    let plain = pem().await;
    assert_eq!(plain, world.bank.pki().ca);
    play(&world, "pem_extra_newlines").await;
    assert_eq!(pem().await, format!("{plain}\n\n"));
    assert_eq!(world.control(Method::GET, "/pki/server-key.pem", Value::Null).await.status, 404);
}

#[tokio::test]
async fn keep_the_customer_at_the_bank() {
    let world = World::new().await;
    play(&world, "sca_page_swallows_customer").await;
    let created = world.consent("redirect", offer()).await;
    world.decide(json!({ "decision": "approve" })).await;
    let page = read(world.plain.get(world.sca_address(&created).await).send().await.unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.as_str().unwrap().contains("<form"));
    let status = world.get(created.body["_links"]["status"]["href"].as_str().unwrap()).await;
    assert_eq!(status.body["consentStatus"], "received");
}

#[tokio::test]
async fn name_pending_entries_for_a_while_only() {
    let (world, access, list) = world().await;
    play(&world, "pending_becomes_booked").await;
    let page = world.attended(&access, &list.replace("=booked", "=both")).await;
    let pending = page.body["transactions"]["pending"].as_array().unwrap();
    assert!(pending.iter().all(|one| one["transactionId"].is_string()));
}

#[tokio::test]
async fn refuse_half_a_set_of_headers() {
    let (world, access, _) = world().await;
    play(&world, "half_psu_headers_refused").await;
    assert_eq!(world.attended(&access, "/accounts").await.code(), "FORMAT_ERROR");
}

#[tokio::test]
async fn echo_the_request_id_of_somebody_else() {
    let (world, access, _) = world().await;
    play(&world, "wrong_request_id_echoed").await;
    let request = world.data(&access, "/accounts").build().unwrap();
    let sent = request.headers()["x-request-id"].clone();
    let answer = world.tpp.execute(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_ne!(answer.headers()["x-request-id"], sent);
}

#[tokio::test]
async fn send_a_body_of_no_chunks() {
    let (world, access, list) = world().await;
    play(&world, "empty_chunked_body").await;
    let over_http1: Client = {
        let pki = world.bank.pki();
        let ca = reqwest::Certificate::from_pem(pki.ca.as_bytes()).unwrap();
        let identity = reqwest::Identity::from_pem(pki.qwac.as_bytes()).unwrap();
        Client::builder().tls_certs_only([ca]).identity(identity).no_proxy().http1_only().build().unwrap()
    };
    let path = list.split_once("/transactions").unwrap().0;
    for client in [over_http1, client(&world.bank, Some(&world.bank.pki().qwac))] {
        let url = format!("{}/oauth/v1{path}/balances", world.bank.api_url());
        let request = client.get(url).header("X-Request-ID", request_id()).header("Consent-ID", &access.consent);
        let answer = request.bearer_auth(access.token.as_ref().unwrap()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("content-length")), (200, None));
        if answer.version() == Version::HTTP_11 {
            assert_eq!(answer.headers()["transfer-encoding"], "chunked");
        }
        assert!(answer.bytes().await.unwrap().is_empty());
    }
}
