//! Refreshing tokens (promise P5), judged by what reached the bank's token endpoint.

use std::collections::BTreeMap;

use http::StatusCode;
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::json;

use it::bench::Bench;

/// Refreshes that reached the bank.
fn refreshes(bench: &Bench) -> Vec<JournalEntry> {
    let is_refresh = |entry: &JournalEntry| entry.grant_type.as_deref() == Some("refresh_token");
    bench.reached("token").into_iter().filter(is_refresh).collect()
}

/// How often each refresh token was used.
fn uses(bench: &Bench) -> Vec<usize> {
    let mut uses = BTreeMap::new();
    for entry in refreshes(bench) {
        *uses.entry(entry.token_sha256).or_insert(0) += 1;
    }
    uses.into_values().collect()
}

#[tokio::test]
async fn refreshes_when_the_access_token_is_old_and_only_then() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    assert!(refreshes(&bench).is_empty());
    bench.advance(301);
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    assert_eq!(refreshes(&bench).len(), 1);
}

#[tokio::test]
async fn many_callers_at_once_cause_one_refresh() {
    for rotation in [Rotation::None, Rotation::Grace, Rotation::Family] {
        let bench = Bench::with_rotation(rotation).await;
        let session = bench.crm().connect("oauth").await;
        let presence = bench.crm().presence(&session);
        bench.advance(280);
        let path = format!("/v1/sessions/{session}/accounts");
        let (crm, attended) = (bench.crm(), [("psu-presence", presence.as_str())]);
        let calls = (0..16).map(|_| crm.get_with(&path, &attended));
        let statuses: Vec<_> = futures::future::join_all(calls).await.iter().map(|answer| answer.status).collect();
        assert!(statuses.iter().all(|status| *status == StatusCode::OK), "{rotation:?}: {statuses:?}");
        assert_eq!(refreshes(&bench).len(), 1, "{rotation:?}");
    }
}

#[tokio::test]
async fn follows_rotation_through_many_generations() {
    for rotation in [Rotation::None, Rotation::Grace, Rotation::Family] {
        let bench = Bench::with_rotation(rotation).await;
        let session = bench.crm().connect("oauth").await;
        for _ in 0..4 {
            bench.advance(301);
            let presence = bench.crm().presence(&session);
            let answer =
                bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &[("psu-presence", &presence)]).await;
            assert_eq!(answer.status, StatusCode::OK, "{rotation:?}: {:?}", answer.body);
        }
        let expected: &[usize] = if rotation == Rotation::None { &[4] } else { &[1, 1, 1, 1] };
        assert_eq!(uses(&bench), expected, "{rotation:?}");
    }
}

#[tokio::test]
async fn a_token_that_the_bank_refuses_early_is_refreshed_once() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    // The bank's clock runs ahead: the token is dead there before it is here.
    bench.control("POST", "/clock", json!({"advance_seconds": 400})).await;
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    assert_eq!(refreshes(&bench).len(), 1);
    assert_eq!(bench.reached("accounts").len(), 2, "the read is repeated once");
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_again_inside_the_lease_and_once_after_it() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.advance(301);
    bench.fault("token", json!({"kind": "rotate_then_504"}), 1).await;
    assert_eq!(bench.crm().accounts(&session).await.problem(), (502, "bank_unavailable"));
    let resting = bench.crm().accounts(&session).await;
    assert_eq!(resting.problem(), (503, "refresh_busy"), "inside the lease nobody asks, and nobody is kept waiting");
    assert!(resting.headers.contains_key("retry-after"));
    assert_eq!(refreshes(&bench).len(), 1);

    bench.advance(50);
    let answer = bench.crm().accounts(&session).await;
    assert_eq!(answer.problem(), (409, "consent_lost"), "{:?}", answer.body);
    assert_eq!((answer.text("reason").as_str(), answer.text("next_action").as_str()), ("token_lost", "renew_consent"));
    assert_eq!(uses(&bench), [2], "twice in all");
    let again = bench.crm().accounts(&session).await;
    assert_eq!(again.problem(), (409, "consent_lost"));
    assert_eq!(uses(&bench), [2], "never a third time");
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.text("status"), "renewal_required");
}

#[tokio::test]
async fn a_lost_answer_costs_nothing_where_the_bank_forgives() {
    for rotation in [Rotation::None, Rotation::Grace] {
        let bench = Bench::with_rotation(rotation).await;
        let session = bench.crm().connect("oauth").await;
        bench.advance(301);
        bench.fault("token", json!({"kind": "rotate_then_504"}), 1).await;
        assert_eq!(bench.crm().accounts(&session).await.problem(), (502, "bank_unavailable"), "{rotation:?}");
        bench.advance(50);
        assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "{rotation:?}");
        assert_eq!(uses(&bench), [2], "{rotation:?}");
    }
}

#[tokio::test]
async fn invalid_grant_ends_the_consent_once_and_is_not_repeated() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.advance(301);
    let refusal = json!({"kind": "body", "status": 400, "content_type": "application/json", "body": "{\"error\":\"invalid_grant\"}"});
    bench.fault("token", refusal, 1).await;
    for _ in 0..3 {
        assert_eq!(bench.crm().accounts(&session).await.problem(), (409, "consent_lost"));
    }
    assert_eq!(refreshes(&bench).len(), 1);
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.text("reason"), "grant_refused");
}

#[tokio::test]
async fn a_fault_of_the_registration_keeps_the_tokens() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.advance(301);
    let refusal = json!({"kind": "body", "status": 401, "content_type": "application/json", "body": "{\"error\":\"invalid_client\"}"});
    bench.fault("token", refusal, 1).await;
    assert_eq!(bench.crm().accounts(&session).await.problem(), (502, "bank_rejected_client"));
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "nothing was lost and nothing blocks");
    assert_eq!(uses(&bench), [2]);
}

#[tokio::test]
async fn an_unusable_success_counts_as_a_lost_answer() {
    for body in ["", "[]", "{}", "<html>", "{\"access_token\":\"a\",\"token_type\":\"mac\"}"] {
        let bench = Bench::start().await;
        let session = bench.crm().connect("oauth").await;
        bench.advance(301);
        bench
            .fault("token", json!({"kind": "body", "status": 200, "content_type": "application/json", "body": body}), 1)
            .await;
        assert_eq!(bench.crm().accounts(&session).await.problem(), (502, "bank_response_invalid"), "{body}");
        bench.advance(50);
        assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "{body}");
        assert_eq!(uses(&bench), [2], "{body}");
    }
}

/// T7: the token endpoint fails while the old access token has half a minute left.
#[tokio::test]
async fn a_token_that_still_lives_is_used_while_the_refresh_rests() {
    for status in [500, 502, 503, 504] {
        let bench = Bench::start().await;
        let session = bench.crm().connect("oauth").await;
        bench.advance(280);
        bench.fault("token", json!({"kind": "status", "status": status}), 1).await;
        for _ in 0..2 {
            assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "{status}");
        }
        assert_eq!(uses(&bench), [1], "{status}: nobody asks again inside the lease");
        bench.advance(21);
        assert_eq!(bench.crm().accounts(&session).await.problem(), (503, "refresh_busy"), "{status}: it has ended");
        bench.advance(30);
        assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "{status}");
        assert_eq!(uses(&bench), [2], "{status}");
    }
}

/// T8: a refusal that says nothing of the grant leaves it as it is.
#[tokio::test]
async fn a_refusal_without_a_reason_keeps_the_tokens() {
    for (media, body) in [("text/html", "<html>"), ("application/json", ""), ("application/json", "[]")] {
        let bench = Bench::start().await;
        let session = bench.crm().connect("oauth").await;
        bench.advance(301);
        let refusal = json!({"kind": "body", "status": 400, "content_type": media, "body": body});
        bench.fault("token", refusal, 1).await;
        let answer = bench.crm().accounts(&session).await;
        assert_eq!(answer.problem(), (502, "bank_rejected_request"), "{body}");
        assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK, "{body}: the tokens were kept");
        assert_eq!(uses(&bench), [2], "{body}");
    }
}

/// T18: the bank closes the connection as the refresh is written. It is not written again on another one.
#[tokio::test]
async fn a_connection_that_closes_under_a_refresh_is_not_asked_twice() {
    for (rotation, in_the_end) in [(Rotation::Grace, (200, "")), (Rotation::Family, (409, "consent_lost"))] {
        let bench = Bench::with_rotation(rotation).await;
        let session = bench.crm().connect("oauth").await;
        bench.advance(301);
        // The bank has used the token by then.
        bench.fault("token", json!({"kind": "close"}), 1).await;
        assert_eq!(bench.crm().accounts(&session).await.problem(), (502, "bank_unreachable"));
        assert_eq!(refreshes(&bench).len(), 1);
        assert_eq!(bench.crm().accounts(&session).await.problem(), (503, "refresh_busy"));
        bench.advance(50);
        assert_eq!(bench.crm().accounts(&session).await.problem(), in_the_end, "{rotation:?}");
        assert_eq!(uses(&bench), [2], "{rotation:?}");
    }
}

#[tokio::test]
async fn the_chain_of_refresh_tokens_has_an_end_that_is_told() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    let path = format!("/v1/sessions/{session}");
    let first = bench.crm().get(&path).await.body["ends"]["refresh_chain_at"].clone();
    bench.advance(301);
    bench.crm().accounts(&session).await;
    assert_eq!(
        bench.crm().get(&path).await.body["ends"]["refresh_chain_at"],
        first,
        "a refresh does not lengthen the chain"
    );
}

#[tokio::test]
async fn ending_while_a_refresh_runs_ends_the_new_tokens_too() {
    let bench = Bench::start().await;
    let session = bench.crm().connect("oauth").await;
    bench.advance(301);
    bench.fault("token", json!({"kind": "delay", "millis": 800}), 1).await;
    let crm = bench.crm();
    let read = crm.accounts(&session);
    let end = async {
        while refreshes(&bench).is_empty() {
            tokio::task::yield_now().await;
        }
        crm.delete(&format!("/v1/sessions/{session}")).await
    };
    let (read, ended) = tokio::join!(read, end);
    assert_eq!(read.problem(), (409, "session_ended"));
    assert_eq!(ended.status, StatusCode::OK);
    assert_eq!(bench.crm().get(&format!("/v1/sessions/{session}")).await.text("status"), "ended");
    assert_eq!(bench.reached("revoke").len(), 2, "the old tokens and the new ones");
}
