//! The end of a schedule: all is well again, and every consent must be usable, or say why not, within one lease.

use std::time::Duration;

use shared::{
    domain::{
        bank::Rotation,
        grant::Grant,
        purpose::Purpose,
        refresh::LEASE,
        secret::ExposeSecret,
        session::{LapseReason, Session, SessionStatus},
    },
    ports::clock::Clock,
};
use tokio::time::{Instant, sleep};

use crate::{
    bank::number,
    clients::{Answer, Outside, Wish},
    judge::{self, DAY, LIMIT},
    world::Mode,
};

/// How much longer than a lease it may take: clocks differ, a caller waits, another must ask.
const ROOM: Duration = Duration::from_secs(15);

/// The longest that a circuit stays open when the bank is well again: its longest rest, the lease of a probe whose holder
/// has crashed, and room.
const REST: Duration = Duration::from_mins(5);

/// How often upkeep may have to come until everything is ended at the bank.
const UPKEEP: u32 = 20;

/// Judges what is left. Answers how it ended, in a word.
pub async fn judge(outside: &Outside) -> &'static str {
    let wish = if outside.world.mode == Mode::Reads { Wish::Attended } else { Wish::Accounts };
    let ending = match settled(outside, wish).await {
        Some(Answer::Good) if outside.world.mode == Mode::Reads => four_a_day(outside).await,
        Some(Answer::Good) => usable(outside).await,
        Some(Answer::NotWorking(_, SessionStatus::Ended | SessionStatus::Ending)) => ended(outside).await,
        Some(Answer::NotWorking(session, _)) => lost(outside, &session).await,
        other => {
            outside.world.complain(format!("V3: the consent is stuck: {other:?}"));
            "stuck"
        }
    };
    // What still runs must come to its end to be counted.
    sleep(Duration::from_mins(3)).await;
    for instance in outside.fleet.lives() {
        judge::audit(&outside.world, &instance.life);
    }
    ending
}

/// When a day is over, every slot has come free, and no more than there are (P4).
async fn four_a_day(outside: &Outside) -> &'static str {
    sleep(DAY + Duration::from_mins(10)).await;
    for read in 1..=LIMIT {
        let answer = outside.ask(&outside.fleet.any(), Wish::Background).await;
        if !matches!(answer, Answer::Good) {
            outside.world.complain(format!("P4: read {read} of a fresh day is refused: {answer:?}"));
        }
    }
    match outside.ask(&outside.fleet.any(), Wish::Background).await {
        Answer::NotNow(why) if why.contains("Quota") => "read",
        other => {
            outside.world.complain(format!("P4: one read too many is answered with {other:?}"));
            "read too often"
        }
    }
}

/// The answer that stands within one lease, or the rest of a circuit; the last one if none does.
async fn settled(outside: &Outside, wish: Wish) -> Option<Answer> {
    let began = Instant::now();
    let mut last = None;
    let (time, pause) = match outside.world.mode {
        Mode::Reads => (REST, Duration::from_secs(5)),
        Mode::Tokens(_) => (LEASE + ROOM, Duration::from_millis(500)),
    };
    while began.elapsed() < time {
        match outside.ask(&outside.fleet.any(), wish).await {
            Answer::NotNow(why) => last = Some(Answer::NotNow(why)),
            answer => return Some(answer),
        }
        sleep(pause).await;
    }
    last
}

/// One more refresh, and what is stored is what the bank granted last (V4).
async fn usable(outside: &Outside) -> &'static str {
    let world = &outside.world;
    match settled(outside, Wish::Newer).await {
        Some(Answer::Good) => {}
        // The CRM's word was still on its way.
        Some(Answer::NotWorking(_, SessionStatus::Ended | SessionStatus::Ending)) => return ended(outside).await,
        // Its access token lived on although its refresh token did not.
        Some(Answer::NotWorking(session, _)) => return lost(outside, &session).await,
        other => {
            world.complain(format!("V3: a usable consent does not refresh: {other:?}"));
            return "stuck";
        }
    }
    let session = at_rest(outside).await;
    if session.access.is_none() {
        return ended(outside).await;
    }
    let stored = tokens(outside, &session).await;
    let inner = world.bank.inner();
    let granted = (inner.access.len() - 1, inner.refresh.len() - 1);
    drop(inner);
    if stored != granted {
        world.complain(format!("V4: access and refresh token {stored:?} are stored, {granted:?} were granted last"));
    }
    "usable"
}

/// The session when nobody is refreshing it any more: a request from the time of trouble may still be at it.
async fn at_rest(outside: &Outside) -> Session {
    loop {
        let session = outside.world.contents.session().unwrap();
        let lease = session.access.as_ref().and_then(|access| access.refresh.lease.as_ref());
        if lease.is_none_or(|lease| lease.ends_at <= outside.fleet.any().life.clock.now()) {
            return session;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// The numbers of the access and refresh token that a session holds.
async fn tokens(outside: &Outside, session: &Session) -> (usize, usize) {
    let grant = &session.access.as_ref().unwrap().grant;
    let (place, vault) = (session.grant_place(grant.generation), outside.fleet.any().deps.vault.clone());
    let text = vault.open(Purpose::Tokens, &place, &grant.sealed).await.unwrap();
    let tokens = Grant::from_plaintext(text.expose_secret()).unwrap().tokens.unwrap();
    let access = number(tokens.access.expose_secret(), "access").unwrap();
    (access, number(tokens.refresh.unwrap().expose_secret(), "refresh").unwrap())
}

/// Nobody but the hub can lose a consent here. Under `family` it may be lost if the bank has killed it, or if two uses remain
/// of unknown outcome; elsewhere never.
async fn lost(outside: &Outside, session: &Session) -> &'static str {
    let world = &outside.world;
    let (_, refresh) = tokens(outside, session).await;
    let is_family = world.bank.rotation == Rotation::Family;
    if is_family && !world.bank.honours(refresh) {
        return "lost";
    }
    let reason = session.lapse.as_ref().map(|lapse| lapse.reason);
    let attempt = session.access.as_ref().and_then(|access| access.refresh.attempt.as_ref());
    let used_up = attempt.is_some_and(|attempt| attempt.number == 2) && reason == Some(LapseReason::TokenLost);
    if is_family && used_up {
        return "given up";
    }
    world.complain(format!("the consent is declared lost without need: {reason:?}"));
    "lost"
}

/// Whatever was granted is ended at the bank.
async fn ended(outside: &Outside) -> &'static str {
    let world = &outside.world;
    for _ in 0..UPKEEP {
        let instance = outside.fleet.any();
        let session = world.contents.session().unwrap();
        if session.status(instance.life.clock.now()) == SessionStatus::Ended {
            break;
        }
        let due =
            session.due_at.map_or(Duration::ZERO, |due| due.duration_since(instance.life.clock.now()).unsigned_abs());
        sleep(due + Duration::from_secs(6)).await;
        outside.keep_up_once(&instance).await;
    }
    let session = world.contents.session().unwrap();
    if session.status(outside.fleet.any().life.clock.now()) != SessionStatus::Ended {
        world.complain(format!("V10: the end is not settled: {:?}", session.retiring));
    }
    if !world.bank.inner().is_over {
        world.complain("V10: the consent was not ended at the bank");
    }
    let is_newest_alive = world.bank.inner().refresh.last().is_some_and(|token| token.is_alive);
    if is_newest_alive && !world.weather.may_lose_tokens() {
        world.complain("V10: the newest refresh token was not revoked");
    }
    "ended"
}
