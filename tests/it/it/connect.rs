//! Connecting an account at a bank, the whole way, in both moods; and what a CRM can get wrong when it starts.

use http::{Method, StatusCode};
use serde_json::json;

use it::bench::{Bench, RETURN_URL, browser::Browser, crm::parameter};

#[tokio::test]
async fn connects_and_reads_in_both_moods() {
    let bench = Bench::start().await;
    for bank in ["oauth", "redirect"] {
        let session = bench.crm().connect(bank).await;
        let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
        assert_eq!(
            (shown.text("status").as_str(), shown.body["consent"]["status"].as_str()),
            ("active", Some("valid"))
        );
        let account = bench.crm().first_account(&session).await;
        let balances = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
        assert!(!balances.body["balances"].as_array().unwrap().is_empty(), "{:?}", balances.body);
        let transactions = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/transactions")).await;
        assert!(!transactions.body["transactions"].as_array().unwrap().is_empty(), "{:?}", transactions.body);
    }
}

#[tokio::test]
async fn the_crm_never_sees_what_the_bank_gave() {
    let bench = Bench::start().await;
    let (session, back) = bench.crm().journey("oauth", &Browser::new()).await;
    assert_eq!(back.query_pairs().map(|(key, _)| key.into_owned()).collect::<Vec<_>>(), ["session", "activation_code"]);
    assert_eq!(parameter(&back, "session"), session);
    let reached = bench.reached("token");
    assert_eq!(reached.len(), 1, "one code, redeemed once");
}

#[tokio::test]
async fn a_session_tells_every_end_and_which_comes_first() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    let ends = &shown.body["ends"];
    for end in ["consent_at", "refresh_chain_at", "certificate_at", "bank_maximum_at"] {
        assert!(ends[end].is_string(), "{end} in {ends}");
    }
    let earliest = ends.as_object().unwrap().values().filter_map(|end| end.as_str()).min().unwrap().to_owned();
    assert_eq!(ends["first"]["at"], json!(earliest));
    assert_eq!(shown.body["consent"]["frequency_per_day"], json!(4));
}

#[tokio::test]
async fn the_bank_sees_the_psu_only_if_presence_was_proven() {
    let bench = Bench::start().await;
    let crm = bench.crm();
    let mut claims = crm.claims();
    claims["psu"] = json!("customer-4711");
    claims["psu_ip"] = json!("198.51.100.7");
    claims["psu_user_agent"] = json!("Canary/1.0");
    let token = crm.sign(
        &jsonwebtoken::Header {
            kid: Some("key-1".to_owned()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256)
        },
        &claims,
    );
    let body = json!({"bank": "oauth", "psu": "customer-4711", "return_url": RETURN_URL});
    let started = crm.call(Method::POST, "/v1/sessions", Some(body.clone()), &[("psu-presence", &token)]).await;
    assert_eq!(started.status, StatusCode::CREATED, "{:?}", started.body);
    assert!(bench.reached("consents")[0].headers.contains(&"psu-user-agent".to_owned()));

    let elsewhere = json!({"bank": "oauth", "psu": "somebody-else", "return_url": RETURN_URL});
    let refused = crm.call(Method::POST, "/v1/sessions", Some(elsewhere), &[("psu-presence", &token)]).await;
    assert_eq!(refused.problem(), (401, "presence_invalid"));

    let forged = crm
        .call(
            Method::POST,
            "/v1/sessions",
            Some(body),
            &[("psu-user-agent", "Forged/1.0"), ("psu-ip-address", "203.0.113.9")],
        )
        .await;
    assert_eq!(forged.status, StatusCode::CREATED);
    assert!(
        !bench.reached("consents")[1].headers.contains(&"psu-user-agent".to_owned()),
        "headers of the CRM are not the PSU's"
    );
}

#[tokio::test]
async fn refuses_a_start_that_is_not_right_and_changes_nothing() {
    let bench = Bench::start().await;
    let good = json!({"bank": "oauth", "psu": "customer-4711", "return_url": RETURN_URL});
    let with = |member: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    let cases = [
        (with("bank", json!("nowhere")), (400, "bank_unknown")),
        (with("bank", json!("../oauth")), (400, "bank_unknown")),
        (with("psu", json!("anna@example.org")), (400, "psu_reference_rejected")),
        (with("psu", json!("DE89370400440532013000")), (400, "psu_reference_rejected")),
        (with("psu", json!("")), (400, "psu_reference_rejected")),
        (with("return_url", json!("https://evil.example/back")), (400, "return_url_unregistered")),
        (with("return_url", json!("//evil.example")), (400, "return_url_unregistered")),
        (with("return_url", json!("javascript:alert(1)")), (400, "return_url_unregistered")),
        (with("return_url", json!("https://crm.example@evil.example/back")), (400, "return_url_unregistered")),
        (with("return_url", json!("https://crm.example\\@evil.example/back")), (400, "return_url_unregistered")),
        (with("return_url", json!(format!("{RETURN_URL}?x=1"))), (400, "return_url_unregistered")),
        (with("status", json!("active")), (400, "request_invalid")),
        (with("bank", json!(7)), (400, "request_invalid")),
        (json!([]), (400, "request_invalid")),
        (json!({"bank": "oauth"}), (400, "request_invalid")),
        (with("psu", json!("x".repeat(70_000))), (413, "body_too_large")),
    ];
    let before = bench.store_as_text().await;
    for (body, expected) in cases {
        let answer = bench.crm().post("/v1/sessions", body.clone()).await;
        let shown = body.to_string().chars().take(120).collect::<String>();
        assert_eq!(answer.problem(), expected, "{shown}");
    }
    assert_eq!(bench.store_as_text().await, before);
    assert!(bench.bank.journal().is_empty(), "the bank was not asked");
}

#[tokio::test]
async fn refuses_bodies_that_are_not_json() {
    let bench = Bench::start().await;
    let crm = bench.crm();
    let token = format!("Bearer {}", crm.token());
    let http = reqwest::Client::new();
    for (media, body, status, code) in [
        ("text/plain", "{}", 415, "media_type_unsupported"),
        ("application/x-www-form-urlencoded", "bank=oauth", 415, "media_type_unsupported"),
        ("application/json", "{", 400, "request_invalid"),
        (
            "application/json",
            "{\"bank\":\"oauth\",\"bank\":\"oauth\",\"psu\":\"a\",\"return_url\":\"b\"}",
            400,
            "request_invalid",
        ),
        ("application/json", "\u{0}", 400, "request_invalid"),
    ] {
        let request = http
            .post(format!("{}/v1/sessions", bench.url))
            .header("authorization", &token)
            .header("content-type", media);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{media} {body}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{media} {body}");
    }
}

#[tokio::test]
async fn an_authorisation_link_binds_the_first_browser() {
    let bench = Bench::start().await;
    let link = bench.crm().start("oauth").await.text("authorize_url");
    let (first, second) = (Browser::new(), Browser::new());
    let opened = first.open(&link).await;
    assert_eq!(opened.status, StatusCode::FOUND);
    let cookie = opened.headers["set-cookie"].to_str().unwrap();
    for attribute in ["__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert_eq!(opened.headers["referrer-policy"], "no-referrer");
    assert_eq!(opened.headers["cache-control"], "no-store");
    let again = first.open(&link).await;
    assert_eq!((again.status, again.location()), (StatusCode::FOUND, opened.location()), "a reload changes nothing");
    let taken = second.open(&link).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.body.contains("link_taken"), "{}", taken.body);
}

#[tokio::test]
async fn links_that_do_not_exist_or_have_ended_lead_nowhere() {
    let bench = Bench::start().await;
    let link = bench.crm().start("oauth").await.text("authorize_url");
    let unknown = format!("{}/authorize/{}", bench.url, "A".repeat(43));
    assert_eq!(Browser::new().open(&unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(Browser::new().open(&format!("{link}A")).await.status, StatusCode::NOT_FOUND);
    bench.advance(3600);
    let late = Browser::new().open(&link).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert!(late.body.contains("link_expired"));
}

#[tokio::test]
async fn a_link_preview_uses_nothing_up() {
    let bench = Bench::start().await;
    let link = bench.crm().start("oauth").await.text("authorize_url");
    let before = bench.store_as_text().await;
    let http = reqwest::Client::new();
    for method in [Method::HEAD, Method::OPTIONS, Method::POST] {
        assert_eq!(http.request(method, &link).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(bench.store_as_text().await, before);
    assert_eq!(Browser::new().open(&link).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn tells_which_banks_there_are() {
    let bench = Bench::start().await;
    let listed = bench.crm().get("/v1/banks").await;
    let oauth = bench.crm().get("/v1/banks/oauth").await.body;
    insta::assert_json_snapshot!(oauth, @r#"
    {
      "assurance": "stable",
      "background": true,
      "bic": "SANDDEFFXXX",
      "consent_days": 180,
      "consent_kinds": [
        "bank_offered",
        "dedicated",
        "all_accounts"
      ],
      "country": "DE",
      "dialect": "berlin-group",
      "id": "oauth",
      "name": "Sandbox oauth",
      "one_off_consents": true,
      "psu_corporate_id": "optional",
      "psu_id": "optional",
      "version": "1.3"
    }
    "#);
    assert!(listed.body["banks"].as_array().unwrap().contains(&oauth));
    assert_eq!(bench.crm().get("/v1/banks/nowhere").await.problem(), (404, "not_found"));
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_bounded_too() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let bench = Bench::start().await;
    let token = bench.crm().token();
    // A front may wait for the end of the body, which never comes.
    let function = bench.function_urls().swap_remove(0);
    let mut stream = tokio::net::TcpStream::connect(function.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..5 {
        // The hub may answer and stop reading before everything is sent.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
    assert!(bench.bank.journal().is_empty());
}
