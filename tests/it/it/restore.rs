//! A store that was put back to an earlier time: what banks remember and the store does not must cost no customer's consent
//! that is whole, no read too many, and no token used twice.

use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;
use it::bench::{Bench, hub_side::in_process::InProcess};
use shared::{
    domain::ids::{RequestId, SessionId},
    flows::{
        restore::{self, Evidence, Settled},
        trail::Trail,
    },
    ports::documents::{Collection, Document, Found, Key, Query, Write},
    telemetry::Format,
    testing::logs::Captured,
};

/// Every document of the store.
async fn all(bench: &Bench) -> Vec<(Key, Found)> {
    let mut all = Vec::new();
    for collection in Collection::ALL {
        let query = Query { collection, equal: vec![], until: None, after: None, limit: 10_000 };
        let found = bench.documents().find(&query).await.unwrap();
        all.extend(found.into_iter().map(|found| (Key::new(collection, found.id.clone()), found)));
    }
    all
}

/// A copy of the store, as a backup is.
async fn backup(bench: &Bench) -> Vec<(Key, Document)> {
    all(bench).await.into_iter().map(|(key, found)| (key, found.stored.document)).collect()
}

/// Makes the store what the copy is.
async fn put_back(bench: &Bench, backup: &[(Key, Document)]) {
    let writes: Vec<_> = all(bench)
        .await
        .into_iter()
        .filter(|(key, _)| backup.iter().all(|(kept, _)| kept != key))
        .map(|(key, found)| Write::Delete(key, found.stored.version))
        .chain(backup.iter().map(|(key, document)| Write::Put(key.clone(), document.clone())))
        .collect();
    for writes in writes.chunks(10) {
        bench.documents().commit(writes).await.unwrap();
    }
}

async fn settle(bench: &Bench, hub: &Arc<InProcess>, evidence: &Evidence, apply: bool) -> Settled {
    let trail = Trail::new(RequestId::from_random([8; 16]));
    restore::run(hub.deps(), &trail, evidence, bench.now(), apply).await.unwrap()
}

/// How often each refresh token reached the bank, the most often used first.
fn uses(bench: &Bench) -> Vec<usize> {
    let mut uses = BTreeMap::new();
    for entry in bench.reached("token").into_iter().filter(|entry| entry.grant_type.as_deref() == Some("refresh_token"))
    {
        *uses.entry(entry.token_sha256).or_insert(0) += 1;
    }
    let mut uses: Vec<_> = uses.into_values().collect();
    uses.sort_unstable_by(|a, b| b.cmp(a));
    uses
}

async fn start() -> (Bench, Arc<InProcess>) {
    let (bench, hub) = Bench::in_one_process().await;
    bench.allow_several_consents().await;
    (bench, hub)
}

/// The reason for everything below: without care the bank sees a token that it has replaced.
#[tokio::test]
async fn a_store_put_back_without_care_shows_the_bank_a_token_that_it_has_replaced() {
    let (bench, _) = start().await;
    let session = bench.crm().connect("oauth").await;
    let backup = backup(&bench).await;
    bench.advance(301);
    assert_eq!(bench.crm().accounts(&session).await.status, StatusCode::OK);
    put_back(&bench, &backup).await;
    bench.advance(301);
    assert_eq!(bench.crm().accounts(&session).await.problem(), (409, "consent_lost"));
    assert_eq!(uses(&bench), [2], "used again, and the bank has ended the family");
}

#[tokio::test]
async fn after_a_restore_tokens_that_were_used_meanwhile_never_reach_the_bank_again() {
    let (bench, hub) = start().await;
    let (used, untouched) = (bench.crm().connect("oauth").await, bench.crm().connect("oauth").await);
    let backup = backup(&bench).await;
    let (log, guard) = Captured::on_this_thread(Format::Stackdriver, "off");
    bench.advance(301);
    assert_eq!(bench.crm().accounts(&used).await.status, StatusCode::OK);
    let later = bench.crm().connect("oauth").await;
    drop(guard);
    put_back(&bench, &backup).await;

    let evidence = Evidence::read(&log.text()).unwrap();
    let settled = settle(&bench, &hub, &evidence, true).await;
    assert_eq!((settled.sessions, settled.closed, settled.given_up), (2, 1, 1), "{settled:?}");
    assert!(!settled.unknown.contains(&SessionId::parse(&used).unwrap()));
    bench.advance(301);
    let before = bench.bank.journal().len();
    assert_eq!(bench.crm().accounts(&used).await.problem(), (409, "consent_lost"));
    let view = bench.crm().get(&format!("/v1/sessions/{used}")).await;
    assert_eq!((view.text("status"), view.text("reason")), ("renewal_required".into(), "token_lost".into()));
    assert_eq!(bench.bank.journal().len(), before, "nothing of that session reaches the bank");
    assert_eq!(bench.crm().accounts(&untouched).await.status, StatusCode::OK);
    assert_eq!(bench.crm().accounts(&later).await.problem(), (404, "not_found"));
    assert_eq!(uses(&bench), [1, 1], "no token twice");

    bench.advance(301);
    let again = settle(&bench, &hub, &evidence, true).await;
    assert_eq!((again.sessions, again.given_up), (2, 0), "to do it again gives up nothing more");
    assert_eq!(bench.crm().accounts(&untouched).await.status, StatusCode::OK);
}

#[tokio::test]
async fn after_a_restore_no_day_has_more_reads_than_were_agreed() {
    let (bench, hub) = start().await;
    let session = bench.crm().connect("redirect").await;
    let account = bench.crm().first_account(&session).await;
    let path = format!("/v1/sessions/{session}/accounts/{account}/balances");
    let read = async || bench.crm().get(&path).await;
    for _ in 0..2 {
        assert_eq!(read().await.status, StatusCode::OK);
    }
    let backup = backup(&bench).await;
    let (log, guard) = Captured::on_this_thread(Format::Stackdriver, "off");
    for _ in 0..2 {
        assert_eq!(read().await.status, StatusCode::OK);
    }
    drop(guard);
    put_back(&bench, &backup).await;
    settle(&bench, &hub, &Evidence::read(&log.text()).unwrap(), true).await;
    let refused = read().await;
    assert_eq!((refused.problem(), refused.text("limited_by")), ((429, "quota_exhausted"), "hub".into()));
    let presence = bench.crm().presence(&session);
    let attended = bench.crm().get_with(&path, &[("psu-presence", &presence)]).await;
    assert_eq!(attended.status, StatusCode::OK, "who is there is served: {:?}", attended.body);
    bench.advance(24 * 3600 + 299);
    assert_eq!(read().await.problem(), (429, "quota_exhausted"));
    bench.advance(2);
    for _ in 0..4 {
        assert_eq!(read().await.status, StatusCode::OK);
    }
    assert_eq!(read().await.problem(), (429, "quota_exhausted"));
}

#[tokio::test]
async fn without_the_stream_every_session_is_taken_to_have_been_used() {
    let (bench, hub) = start().await;
    let rotating = bench.crm().connect("oauth").await;
    let without_tokens = bench.crm().connect("redirect").await;
    let before = bench.store_as_text().await;
    let told = settle(&bench, &hub, &Evidence::None, false).await;
    assert_eq!((told.sessions, told.closed, told.given_up), (2, 2, 1), "{told:?}");
    assert_eq!(bench.store_as_text().await, before, "to look changes nothing");
    assert_eq!(settle(&bench, &hub, &Evidence::None, true).await, told);
    assert_eq!(bench.crm().accounts(&rotating).await.problem(), (409, "consent_lost"));
    assert_eq!(bench.crm().accounts(&without_tokens).await.problem(), (429, "quota_exhausted"));
}

#[tokio::test]
async fn sessions_that_were_ended_or_begun_meanwhile_are_named() {
    let (bench, hub) = start().await;
    let ended = bench.crm().connect("oauth").await;
    let backup = backup(&bench).await;
    let (log, guard) = Captured::on_this_thread(Format::Stackdriver, "off");
    let path = format!("/v1/sessions/{ended}");
    assert_eq!(bench.crm().delete(&path).await.text("status"), "ended");
    let begun = bench.crm().connect("redirect").await;
    bench.crm().first_account(&begun).await;
    drop(guard);
    put_back(&bench, &backup).await;
    let settled = settle(&bench, &hub, &Evidence::read(&log.text()).unwrap(), true).await;
    let ids = |ids: &[SessionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ids(&settled.ended_at_bank), std::slice::from_ref(&ended));
    assert_eq!(ids(&settled.unknown), [begun]);
    assert_eq!(bench.crm().get(&path).await.text("status"), "active", "the store knows nothing of the end");
    assert_eq!(bench.crm().delete(&path).await.text("status"), "ended", "the CRM ends it once more");
}
