//! Slots that are taken before the call: in one write, by one holder, in a session that has not ended.

use super::*;

async fn load(hub: &InProcess, session: &str) -> Loaded<Session> {
    hub.deps().store.load(session).await.unwrap().unwrap()
}

fn trail() -> Arc<Trail> {
    Arc::new(Trail::new(RequestId::from_random([7; 16])))
}

/// Q3: whoever has reserved and not called has lost the slot.
#[tokio::test]
async fn a_slot_whose_holder_dies_is_lost_and_never_used_twice() {
    let (bench, hub) = Bench::in_one_process().await;
    let scene = Scene::at(&bench).await;
    let key = LedgerKey::of(&AccountId::parse(scene.account.clone()).unwrap(), DataKind::Balances);
    let reserved = quota::reserve(hub.deps(), load(&hub, &scene.session).await, &[key], |_| {}).await.unwrap();
    drop(reserved);
    assert_eq!(scene.used("balances").await, 1, "it is seen");
    for _ in 0..3 {
        assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    }
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    assert_eq!(bench.reached("balances").len(), 3);
}

/// Q3: a caller who hangs up while the bank works has had its read.
#[tokio::test]
async fn a_caller_who_hangs_up_has_had_the_read() {
    let bench = Bench::start().await;
    let scene = Scene::at(&bench).await;
    bench.fault("balances", json!({"kind": "delay", "millis": 15_000}), 1).await;
    let reached = async {
        while bench.reached("balances").is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = scene.background("balances") => panic!("{answer:?}"),
        () = reached => {}
    }
    assert_eq!(scene.used("balances").await, 1);
    for _ in 0..3 {
        assert_eq!(scene.background("balances").await.status, StatusCode::OK);
    }
    assert_eq!(scene.background("balances").await.problem(), EXHAUSTED);
    assert_eq!(bench.reached("balances").len(), 4);
}

#[tokio::test]
async fn several_slots_are_taken_in_one_write_with_a_change_and_used_up_by_a_reader() {
    let (bench, hub) = Bench::in_one_process().await;
    let scene = Scene::at(&bench).await;
    let account = AccountId::parse(scene.account.clone()).unwrap();
    let keys = [DataKind::Balances, DataKind::Transactions].map(|kind| LedgerKey::of(&account, kind));
    let due = bench.now();
    let before = hub.counts();
    let loaded = load(&hub, &scene.session).await;
    let reserved =
        quota::reserve(hub.deps(), loaded, &keys, |session| session.balances_due_at = Some(due)).await.unwrap();
    assert_eq!(hub.counts().writes - before.writes, 1, "one write for all of it");
    let reader = Reader::new(Arc::clone(hub.deps()), trail(), reserved.session, Attendance::Background).unwrap();
    let mut reader = reader.with_reserved(reserved.slots);
    reader.balances(&account).await.unwrap();
    assert_eq!(hub.counts().writes - before.writes, 1, "reading took no other slot");
    let session = reader.finish().await;
    assert_eq!(session.record.balances_due_at, Some(due));
    assert_eq!((scene.used("balances").await, scene.used("transactions").await), (json!(1), json!(0)), "given back");
    assert_eq!(bench.reached("balances").len(), 1);
}

#[tokio::test]
async fn nothing_is_reserved_in_a_session_that_has_ended_meanwhile() {
    let (bench, hub) = Bench::in_one_process().await;
    let scene = Scene::at(&bench).await;
    let loaded = load(&hub, &scene.session).await;
    bench.crm().delete(&format!("/v1/sessions/{}", scene.session)).await;
    let outcome = quota::reserve(hub.deps(), loaded, &[LedgerKey::ACCOUNTS], |_| {}).await;
    assert!(matches!(outcome, Err(ReadError::NotWorking(..))), "{outcome:?}");
}

/// A change by somebody else is met again and again, and kept.
#[tokio::test]
async fn a_reservation_that_was_overtaken_keeps_what_the_other_wrote() {
    let (bench, hub) = Bench::in_one_process().await;
    let scene = Scene::at(&bench).await;
    let (old, newer) = (load(&hub, &scene.session).await, load(&hub, &scene.session).await);
    let audit = trail().record(&newer.record, AuditEvent::DirectoryStored, bench.now());
    let changed = Session { tokens_due_at: Some(bench.now()), ..newer.record.clone() };
    hub.deps().store.replace(&newer, changed, audit).await.unwrap();
    let reserved = quota::reserve(hub.deps(), old, &[LedgerKey::ACCOUNTS], |_| {}).await.unwrap();
    assert_eq!(reserved.session.record.tokens_due_at, Some(bench.now()));
    let full = [LedgerKey::ACCOUNTS, LedgerKey::ACCOUNTS, LedgerKey::ACCOUNTS, LedgerKey::ACCOUNTS];
    let outcome = quota::reserve(hub.deps(), reserved.session, &full, |_| {}).await;
    let Err(ReadError::Trouble(Trouble::Held(Held::Quota { by_bank, .. }))) = outcome else { panic!("{outcome:?}") };
    assert!(!by_bank);
}
