//! What schedules have found, each as a story of its own.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{bank::Rotation, ids::SessionId, presence::Attendance, session::SessionStatus},
    flows::{disconnect, read::ReadError, read::Reader},
};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    clients::{Answer, Outside, Wish},
    fleet::Fleet,
    schedule::begin,
    world::{Blow, Fate, Health, Mishap, Mode, World},
};

/// Three instances on a calm stage.
async fn stage(rotation: Rotation) -> Outside {
    stage_for(Mode::Tokens(rotation)).await
}

async fn stage_for(mode: Mode) -> Outside {
    let (world, _) = World::new(1, mode, false);
    let fleet = Fleet::of(&world, 3);
    let session = SessionId::from_random([7; 16]);
    begin(&world, &fleet.instance(0), &session).await;
    Outside { world, fleet, session }
}

impl Outside {
    fn asking(&self, instance: usize, wish: Wish) -> JoinHandle<Answer> {
        let (outside, instance) = (self.clone(), self.fleet.instance(instance));
        tokio::spawn(async move { outside.ask(&instance, wish).await })
    }

    async fn end(&self, instance: usize) {
        let instance = self.fleet.instance(instance);
        let loaded = self.load(&instance).await.unwrap();
        disconnect::disconnect(&instance.deps, &self.trail(), loaded).await.unwrap();
        self.world.ended.now();
    }

    fn status(&self) -> SessionStatus {
        let clock = &self.fleet.instance(0).deps;
        self.world.contents.session().unwrap().status(clock.now())
    }

    fn uses(&self) -> Vec<u32> {
        self.world.bank.inner().refresh.iter().map(|token| token.uses).collect()
    }

    fn complaints(&self) -> Vec<String> {
        self.world.verdict().0
    }
}

/// The next use: the commit of the lease goes well, the call has this fate.
fn call(fate: Fate) -> [Fate; 2] {
    [Fate::SMOOTH, fate]
}

/// The caller stands still for so many seconds, before its effect or after.
fn frozen(seconds: u64, before: bool) -> Fate {
    Fate { blow: Some((Blow::Freeze(Duration::from_secs(seconds)), before)), ..Fate::SMOOTH }
}

const CRASH_AFTER: Fate = Fate { blow: Some((Blow::Crash, false)), ..Fate::SMOOTH };

#[tokio::test(start_paused = true)]
async fn a_session_that_was_looked_at_long_ago_is_looked_at_again() {
    let outside = stage(Rotation::Family).await;
    let instance = outside.fleet.instance(0);
    let loaded = outside.load(&instance).await.unwrap();
    outside.end(1).await;
    sleep(Duration::from_secs(11)).await;
    let mut reader = Reader::new(Arc::clone(&instance.deps), outside.trail(), loaded, Attendance::Background).unwrap();
    let outcome = reader.accounts().await.map(drop);
    assert!(matches!(outcome, Err(ReadError::NotWorking(..))), "{outcome:?}");
    assert!(outside.complaints().is_empty(), "{:?}", outside.complaints());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_long_in_coming_is_not_used() {
    let outside = stage(Rotation::Family).await;
    outside.world.script([Fate { after: Duration::from_secs(15), ..Fate::SMOOTH }]);
    let holder = outside.asking(0, Wish::Newer);
    sleep(Duration::from_secs(1)).await;
    outside.end(1).await;
    holder.await.unwrap();
    assert_eq!(outside.uses(), [0]);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_come_after_all_make_a_lost_consent_work_again() {
    let outside = stage(Rotation::Family).await;
    declared_lost_under(&outside, [Fate::SMOOTH, Fate::SMOOTH, frozen(100, true)]).await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(outside.status(), SessionStatus::Active);
    assert!(matches!(outside.asking(2, Wish::Newer).await.unwrap(), Answer::Good));
    assert!(outside.uses().iter().all(|uses| *uses <= 1), "{:?}", outside.uses());
}

#[tokio::test(start_paused = true)]
async fn a_use_that_was_none_makes_a_lost_consent_work_again() {
    let outside = stage(Rotation::Family).await;
    declared_lost_under(&outside, [frozen(100, false)]).await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(outside.status(), SessionStatus::Active);
    assert!(matches!(outside.asking(2, Wish::Newer).await.unwrap(), Answer::Good));
    assert_eq!(outside.uses(), [1, 0]);
}

/// One instance ends with the lease in its hand, a second one fares as told, and a third one finds two uses of unknown
/// outcome.
async fn declared_lost_under(outside: &Outside, second: impl IntoIterator<Item = Fate>) {
    outside.world.script([CRASH_AFTER]);
    drop(outside.asking(0, Wish::Newer));
    sleep(Duration::from_mins(1)).await;
    outside.world.script(second);
    drop(outside.asking(1, Wish::Newer));
    sleep(Duration::from_mins(1)).await;
    let lost = outside.asking(2, Wish::Newer).await.unwrap();
    assert!(matches!(lost, Answer::NotWorking(_, SessionStatus::RenewalRequired)), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_qwac_costs_one_refresh_and_no_consent() {
    for rotation in [Rotation::None, Rotation::Grace, Rotation::Family] {
        let outside = stage(rotation).await;
        outside.world.bank.inner().end_access();
        assert!(matches!(outside.asking(0, Wish::Accounts).await.unwrap(), Answer::Good));
        assert_eq!((outside.uses()[0], outside.status()), (1, SessionStatus::Active));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_qwac_in_the_midst_of_another_s_refresh_costs_no_consent() {
    let outside = stage(Rotation::Family).await;
    outside.world.script(call(frozen(10, false)));
    let first = outside.asking(0, Wish::Newer);
    sleep(Duration::from_secs(1)).await;
    outside.world.bank.inner().end_access();
    let second = outside.asking(1, Wish::Accounts);
    assert!(matches!(second.await.unwrap(), Answer::Good));
    assert!(matches!(first.await.unwrap(), Answer::Good));
    assert_eq!((outside.uses(), outside.status()), (vec![1, 1, 0], SessionStatus::Active));
}

#[tokio::test(start_paused = true)]
async fn under_a_grace_lost_answers_never_cost_the_consent() {
    let outside = stage(Rotation::Grace).await;
    for _ in 0..4 {
        outside.world.script(call(Fate { mishap: Mishap::LosesAnswer, ..Fate::SMOOTH }));
        assert!(matches!(outside.asking(0, Wish::Newer).await.unwrap(), Answer::NotNow(_)));
        sleep(Duration::from_secs(51)).await;
    }
    assert!(matches!(outside.asking(1, Wish::Newer).await.unwrap(), Answer::Good));
    assert_eq!((outside.uses()[0], outside.status()), (5, SessionStatus::Active));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_can_wait_for_a_refresh_whose_caller_is_gone() {
    let outside = stage(Rotation::Family).await;
    let instance = outside.fleet.instance(0);
    outside.world.script(call(Fate { after: Duration::from_secs(5), ..Fate::SMOOTH }));
    let caller = outside.asking(0, Wish::Newer);
    sleep(Duration::from_secs(1)).await;
    caller.abort();
    instance.deps.work.close();
    instance.deps.work.wait().await;
    let session = outside.world.contents.session().unwrap();
    assert_eq!((session.generation, outside.uses()), (2, vec![1, 0]));
}

#[tokio::test(start_paused = true)]
async fn an_end_in_the_midst_of_a_refresh_revokes_the_new_tokens_too() {
    for rotation in [Rotation::None, Rotation::Grace, Rotation::Family] {
        let outside = stage(rotation).await;
        outside.world.script(call(Fate { after: Duration::from_secs(5), ..Fate::SMOOTH }));
        let holder = outside.asking(0, Wish::Newer);
        sleep(Duration::from_secs(1)).await;
        outside.end(1).await;
        let answer = holder.await.unwrap();
        assert!(matches!(answer, Answer::NotWorking(_, SessionStatus::Ended)), "{answer:?}");
        assert!(!outside.world.bank.inner().refresh.last().unwrap().is_alive, "{rotation:?}");
    }
}

/// The circuit is open, and its first rest is over.
async fn circuit_at_rest() -> Outside {
    let outside = stage_for(Mode::Reads).await;
    outside.world.be(Health::WithoutData);
    for _ in 0..3 {
        assert!(matches!(outside.asking(0, Wish::Attended).await.unwrap(), Answer::NotNow(_)));
    }
    sleep(Duration::from_secs(40)).await;
    outside.world.be(Health::Well);
    outside
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_lease_was_long_in_coming_is_left_to_others() {
    let outside = circuit_at_rest().await;
    outside.world.script([Fate { after: Duration::from_secs(20), ..Fate::SMOOTH }]);
    assert!(matches!(outside.asking(0, Wish::Attended).await.unwrap(), Answer::NotNow(_)));
    assert_eq!(outside.world.gate.probes(), 0);
    sleep(Duration::from_secs(20)).await;
    assert!(matches!(outside.asking(1, Wish::Attended).await.unwrap(), Answer::Good));
    assert_eq!((outside.world.gate.probes(), outside.complaints()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn many_callers_cause_one_probe_and_the_circuit_closes() {
    let outside = circuit_at_rest().await;
    let callers: Vec<_> = (0..12).map(|caller| outside.asking(caller % 3, Wish::Attended)).collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(matches!(outside.asking(0, Wish::Attended).await.unwrap(), Answer::Good));
    assert_eq!((outside.world.gate.probes(), outside.complaints()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_nobody_can_reach_costs_no_slot() {
    let outside = stage_for(Mode::Reads).await;
    outside.world.be(Health::Gone);
    for caller in 0..10 {
        assert!(matches!(outside.asking(caller % 3, Wish::Background).await.unwrap(), Answer::NotNow(_)));
    }
    outside.world.be(Health::Well);
    sleep(Duration::from_mins(3)).await;
    for caller in 0..4 {
        let answer = outside.asking(caller % 3, Wish::Background).await.unwrap();
        assert!(matches!(answer, Answer::Good), "{answer:?}");
    }
    let refused = outside.asking(0, Wish::Background).await.unwrap();
    assert!(matches!(&refused, Answer::NotNow(why) if why.contains("Quota")), "{refused:?}");
    assert!(outside.complaints().is_empty(), "{:?}", outside.complaints());
}
