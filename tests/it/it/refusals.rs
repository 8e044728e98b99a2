//! What banks refuse, and what the hub makes of it: the table of meanings, held against what really happens.

use http::StatusCode;
use serde_json::{Value, json};
use shared::{
    domain::meaning::Meaning,
    http::{problem::Code, trouble},
    protocol::berlin_group::codes::{self, Status},
};

use it::bench::{Bench, crm::Answer};

/// A refusal in the bank's first shape.
fn refusal(status: u16, code: Option<&str>) -> Value {
    let body = code.map_or(String::new(), |code| {
        json!({"tppMessages": [{"category": "ERROR", "code": code, "text": "canary"}]}).to_string()
    });
    json!({"kind": "body", "status": status, "content_type": "application/json", "body": body})
}

/// The same in the other shape (RFC 9457).
fn problem_details(status: u16, code: &str) -> Value {
    let body = json!({"type": "https://bank.example/p", "title": "canary", "code": code}).to_string();
    json!({"kind": "body", "status": status, "content_type": "application/problem+json", "body": body})
}

/// A connected session, and where its first account's balances are.
async fn connected(bench: &Bench, bank: &str) -> (String, String) {
    let session = bench.crm().connect(bank).await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/balances");
    (session, path)
}

/// The balances, with the PSU there.
async fn attended(bench: &Bench, session: &str, path: &str) -> Answer {
    let presence = bench.crm().presence(session);
    bench.crm().get_with(path, &[("psu-presence", &presence)]).await
}

/// Meanings that change how the session stands or that the hub mends by itself; each has a test of its own.
fn is_acted_upon(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::TokenRejected | Meaning::ConsentExpired | Meaning::AccountUnknown)
}

fn some_status(status: Status) -> u16 {
    match status {
        Status::Is(status) => status,
        Status::Redirection => 307,
        Status::ClientError => 400,
        Status::ServerError => 503,
    }
}

#[tokio::test]
async fn every_row_of_the_table_is_the_problem_that_it_says_it_is() {
    let bench = Bench::with_limits("[circuit]\nfailures = 1000\n[operations.every]\nrepeated = false").await;
    let (session, path) = connected(&bench, "oauth").await;
    let mut tried = 0;
    for (status, code, meaning) in codes::TABLE.iter().filter(|row| !is_acted_upon(row.2)) {
        let status = some_status(*status);
        bench.fault("balances", refusal(status, *code), 1).await;
        let before = (bench.reached("balances").len(), bench.reached("consent_status").len());
        let answer = attended(&bench, &session, &path).await;
        let expected: Code = trouble::meaning(*meaning);
        let what = format!("{status} {code:?}");
        assert_eq!(answer.problem(), (expected.status().as_u16(), expected.name()), "{what}");
        assert_eq!(answer.body["next_action"], json!(expected.next_action()), "{what}");
        assert!(!answer.body.to_string().contains("canary"), "{what}");
        assert_eq!(bench.reached("balances").len(), before.0 + 1, "{what} is not repeated");
        let asks = matches!(meaning, Meaning::ConsentInvalid | Meaning::ConsentUnknown | Meaning::StateConflict);
        assert_eq!(bench.reached("consent_status").len(), before.1 + usize::from(asks), "{what}");
        tried += 1;
    }
    assert!(tried > 40, "{tried} rows");
    assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK, "none of them ends the session");
}

#[tokio::test]
async fn both_shapes_of_a_refusal_say_the_same() {
    let bench = Bench::start().await;
    let (session, path) = connected(&bench, "redirect").await;
    for (status, code, problem) in [
        (403, "SERVICE_BLOCKED", (502, "bank_rejected_client")),
        (401, "PSU_CREDENTIALS_INVALID", (409, "psu_authentication_failed")),
        (400, "RESOURCE_BLOCKED", (409, "account_unavailable")),
    ] {
        for shape in [refusal(status, Some(code)), problem_details(status, code)] {
            bench.fault("balances", shape, 1).await;
            assert_eq!(attended(&bench, &session, &path).await.problem(), problem, "{code}");
        }
    }
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_call_repeated() {
    for (status, code) in [(401, Some("TOKEN_EXPIRED")), (401, None)] {
        let bench = Bench::start().await;
        let (session, path) = connected(&bench, "oauth").await;
        let tokens = bench.reached("token").len();
        bench.fault("balances", refusal(status, code), 1).await;
        assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK, "{code:?}");
        assert_eq!((bench.reached("balances").len(), bench.reached("token").len()), (2, tokens + 1), "{code:?}");
    }
}

#[tokio::test]
async fn an_account_that_the_bank_forgot_is_looked_for_once() {
    let bench = Bench::start().await;
    let (session, path) = connected(&bench, "oauth").await;
    let lists = bench.reached("accounts").len();
    bench.fault("balances", refusal(404, Some("RESOURCE_UNKNOWN")), 1).await;
    let answer = attended(&bench, &session, &path).await;
    assert_eq!(answer.problem(), (409, "account_unavailable"), "its handle is still the same");
    assert_eq!((bench.reached("accounts").len(), bench.reached("balances").len()), (lists + 1, 1));
    assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_account_with_a_new_handle_is_found_again() {
    let bench = Bench::start().await;
    let (session, path) = connected(&bench, "oauth").await;
    let raw = [("accept", "application/vnd.hub.raw+json")];
    let listed = bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &raw).await;
    let mut other = listed.body.clone();
    other["accounts"][0]["resourceId"] = json!("00000000-0000-4000-8000-000000000000");
    let stale = json!({"kind": "body", "status": 200, "content_type": "application/json", "body": other.to_string()});
    bench.fault("accounts", stale, 1).await;
    bench.crm().accounts(&session).await;
    assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK, "the true handle is asked for again");
    assert_eq!(bench.reached("balances").len(), 2);
}

#[tokio::test]
async fn where_closed_accounts_are_gone_404_says_so() {
    let bench = Bench::with_limits("[data]\naccounts = { closed_absent = true }").await;
    let (session, path) = connected(&bench, "oauth").await;
    bench.fault("balances", refusal(404, None), 1).await;
    assert_eq!(attended(&bench, &session, &path).await.problem(), (409, "account_unavailable"));
    let plain = Bench::start().await;
    let (session, path) = connected(&plain, "oauth").await;
    plain.fault("balances", refusal(404, None), 1).await;
    assert_eq!(attended(&plain, &session, &path).await.problem(), (502, "bank_rejected_request"));
}

#[tokio::test]
async fn a_bank_s_own_rules_come_before_the_table() {
    let rules = "[[data.errors]]\nstatus = 403\ntext_contains = \"used up\"\nmeaning = \"consent_expired\"\n\
                 [[data.errors]]\ncode = \"OWN_17\"\nmeaning = \"account_blocked\"";
    let bench = Bench::with_limits(rules).await;
    let (session, path) = connected(&bench, "oauth").await;
    bench.fault("balances", refusal(400, Some("OWN_17")), 1).await;
    assert_eq!(attended(&bench, &session, &path).await.problem(), (409, "account_unavailable"));
    let body = json!({"kind": "body", "status": 403, "content_type": "text/plain", "body": "your consent is used up"});
    bench.fault("balances", body, 1).await;
    assert_eq!(attended(&bench, &session, &path).await.problem(), (409, "consent_lost"));
    let shown = bench.crm().get(&format!("/v1/sessions/{session}")).await;
    assert_eq!(shown.text("status"), "renewal_required");
}

#[tokio::test]
async fn a_bank_that_calls_consents_expired_too_soon_is_not_believed() {
    let bench = Bench::with_limits("[data]\nlapsing = { not_before_days = 30 }").await;
    let (session, path) = connected(&bench, "oauth").await;
    bench.fault("balances", refusal(401, Some("CONSENT_EXPIRED")), 1).await;
    let answer = attended(&bench, &session, &path).await;
    assert_eq!(answer.problem(), (502, "bank_unavailable"), "it calls the consent valid as well");
    assert_eq!((answer.text("next_action").as_str(), bench.reached("consent_status").len()), ("wait", 2));
    assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK, "the session works on");
}

#[tokio::test]
async fn without_tokens_a_bare_401_is_a_question_about_the_consent() {
    let bench = Bench::start().await;
    let (session, path) = connected(&bench, "redirect").await;
    let asked = bench.reached("consent_status").len();
    bench.fault("balances", refusal(401, None), 1).await;
    assert_eq!(attended(&bench, &session, &path).await.problem(), (502, "bank_unavailable"));
    assert_eq!(bench.reached("consent_status").len(), asked + 1);
    assert_eq!(attended(&bench, &session, &path).await.status, StatusCode::OK, "the session works on");
}
