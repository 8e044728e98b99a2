//! Ending a session: at once for the CRM, then at the bank, then the keys.

use http::StatusCode;
use serde_json::json;

use it::bench::Bench;

#[tokio::test]
async fn ends_everywhere_and_says_so() {
    let bench = Bench::start().await;
    for (bank, tokens) in [("oauth", "done"), ("redirect", "not_needed")] {
        let session = bench.crm().connect(bank).await;
        let account = bench.crm().first_account(&session).await;
        let ended = bench.crm().delete(&format!("/v1/sessions/{session}")).await;
        assert_eq!(ended.status, StatusCode::OK);
        assert_eq!(
            ended.body,
            json!({
                "session": session,
                "status": "ended",
                "steps": {"unusable": "done", "consent_revoked": "done", "tokens_revoked": tokens, "key_destroyed": "done"},
            })
        );
        let before = bench.bank.journal().len();
        let read = bench.crm().get(&format!("/v1/sessions/{session}/accounts/{account}/balances")).await;
        assert_eq!(read.problem(), (409, "session_ended"));
        assert_eq!(bench.bank.journal().len(), before, "nothing reaches the bank after the end");
        let again = bench.crm().delete(&format!("/v1/sessions/{session}")).await;
        assert_eq!(again.body, ended.body, "ending twice is ending once");
        assert_eq!(bench.bank.journal().len(), before);
    }
    let consents = bench.control("GET", "/consents", json!(null)).await;
    assert!(!consents.to_string().contains("\"valid\""), "{consents}");
}

#[tokio::test]
async fn destroys_the_sealed_grant() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    assert!(bench.store_as_text().await.contains("sealed"));
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    let store = bench.store_as_text().await;
    let start = store.find(&format!("\"{session}\"")).unwrap();
    let document = &store[start..];
    let document = &document[..document.find("\n    ),").unwrap_or(document.len())];
    assert!(!document.contains("sealed"), "{document}");
}

#[tokio::test]
async fn a_bank_that_is_down_does_not_keep_a_session_alive() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.fault("consent", json!({"kind": "status", "status": 503}), 1).await;
    bench.fault("revoke", json!({"kind": "status", "status": 503}), 1).await;
    let path = format!("/v1/sessions/{session}");
    let ended = bench.crm().delete(&path).await;
    assert_eq!(ended.text("status"), "ending");
    assert_eq!(
        ended.body["steps"],
        json!({
            "unusable": "done", "consent_revoked": "pending", "tokens_revoked": "pending", "key_destroyed": "pending",
        })
    );
    assert_eq!(bench.crm().accounts(&session).await.problem(), (409, "session_ended"));

    bench.advance(60);
    bench.run_upkeep().await;
    let shown = bench.crm().delete(&path).await;
    assert_eq!(
        shown.body["steps"],
        json!({
            "unusable": "done", "consent_revoked": "done", "tokens_revoked": "done", "key_destroyed": "done",
        })
    );
    assert_eq!(bench.crm().get(&path).await.text("status"), "ended");
}

#[tokio::test]
async fn an_ended_session_cannot_be_renewed_or_activated() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.crm().delete(&format!("/v1/sessions/{session}")).await;
    let body = json!({"return_url": it::bench::RETURN_URL});
    let before = bench.bank.journal().len();
    assert_eq!(
        bench.crm().post(&format!("/v1/sessions/{session}/renewal"), body).await.problem(),
        (409, "session_ended")
    );
    assert_eq!(bench.crm().activate(&session, "x").await.problem(), (409, "session_ended"));
    assert_eq!(bench.bank.journal().len(), before);
}
