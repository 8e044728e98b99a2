//! What is at hand of one source, and when to ask it again: the rules of the port as functions of (state, now).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;

use super::{fetch::FetchError, key_set::SetError};
use crate::ports::key_sets::{FRESH_FOR, KeySetError, MISS_PAUSE, USABLE_FOR};

/// The time between two calls to a source that fails, so that not every caller waits for the next failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);

/// What a caller gets.
pub(super) type Answer = Result<Arc<JwkSet>, KeySetError>;

/// What to do for a caller.
#[derive(Debug)]
pub(super) enum Plan {
    /// There is an answer.
    Settled(Answer),
    /// The source must be asked; nobody has since that turn.
    Ask { turn: u64 },
}

/// One source's place: its state, and the turn to ask it.
#[derive(Debug, Default)]
pub(super) struct Stock {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// When the last call failed and how, if no call has succeeded since.
    failure: Option<(Timestamp, KeySetError)>,
    /// When a call was last made because a key was missing.
    missed: Option<Timestamp>,
    /// How many calls have come to an end.
    turns: u64,
}

#[derive(Debug)]
struct Held {
    set: Arc<JwkSet>,
    since: Timestamp,
}

impl Stock {
    /// Waits until nobody else is asking.
    pub(super) async fn wait_for_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What to do for a caller who wants that key.
    pub(super) fn plan(&self, key_id: Option<&str>, now: Timestamp) -> Plan {
        self.state().plan(key_id, now)
    }

    /// The same for a caller who has waited: a call that ended meanwhile answers this caller as well.
    pub(super) fn plan_after(&self, turn: u64, key_id: Option<&str>, now: Timestamp) -> Plan {
        let state = self.state();
        let shared = (state.turns != turn).then(|| state.at_hand(now)).flatten();
        shared.map_or_else(|| state.plan(key_id, now), Plan::Settled)
    }

    /// A call begins. Counts against the misses even if its caller goes away before it ends.
    pub(super) fn begin(&self, key_id: Option<&str>, now: Timestamp) {
        self.state().begin(key_id, now);
    }

    /// A call has ended; the answer for whoever made it.
    pub(super) fn finish(&self, outcome: Result<JwkSet, FetchError>, now: Timestamp) -> Answer {
        self.state().finish(outcome, now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn plan(&self, key_id: Option<&str>, now: Timestamp) -> Plan {
        if self.wants_call(key_id, now) {
            return Plan::Ask { turn: self.turns };
        }
        self.at_hand(now).map_or(Plan::Ask { turn: self.turns }, Plan::Settled)
    }

    fn wants_call(&self, key_id: Option<&str>, now: Timestamp) -> bool {
        let failing = self.failure.as_ref().is_some_and(|(at, _)| is_within(FAILURE_PAUSE, *at, now));
        !failing && !self.satisfies(key_id, now)
    }

    /// Whether the set at hand is fresh and has the key, or has just been asked for again in vain.
    fn satisfies(&self, key_id: Option<&str>, now: Timestamp) -> bool {
        let Some(held) = self.held.as_ref().filter(|held| is_within(FRESH_FOR, held.since, now)) else {
            return false;
        };
        held.has(key_id) || self.missed.is_some_and(|at| is_within(MISS_PAUSE, at, now))
    }

    /// The set if it may still serve, or else how the last call failed.
    fn at_hand(&self, now: Timestamp) -> Option<Answer> {
        match (&self.held, &self.failure) {
            (Some(held), _) if is_within(USABLE_FOR, held.since, now) => Some(Ok(held.set.clone())),
            (_, Some((_, error))) => Some(Err(error.clone())),
            _ => None,
        }
    }

    fn begin(&mut self, key_id: Option<&str>, now: Timestamp) {
        if self.held.as_ref().is_some_and(|held| !held.has(key_id)) {
            self.missed = Some(now);
        }
    }

    fn finish(&mut self, outcome: Result<JwkSet, FetchError>, now: Timestamp) -> Answer {
        self.turns += 1;
        match outcome {
            Ok(set) => Ok(self.keep(Arc::new(set), now)),
            Err(error) => self.fail(error, now),
        }
    }

    fn keep(&mut self, set: Arc<JwkSet>, now: Timestamp) -> Arc<JwkSet> {
        self.held = Some(Held { set: set.clone(), since: now });
        self.failure = None;
        set
    }

    fn fail(&mut self, error: FetchError, now: Timestamp) -> Answer {
        let error = match error {
            FetchError::Set(SetError::PrivateKeys) => {
                self.held = None;
                KeySetError::PrivateKeys
            }
            other => KeySetError::Unavailable(Arc::new(other)),
        };
        self.failure = Some((now, error.clone()));
        self.at_hand(now).unwrap_or(Err(error))
    }
}

impl Held {
    fn has(&self, key_id: Option<&str>) -> bool {
        key_id.is_none_or(|id| self.set.find(id).is_some())
    }
}

/// Whether `now` lies in the span that begins at `start`. An instant before the start does not: when a clock was set
/// back, nothing is taken to be fresher than it is.
fn is_within(span: Duration, start: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(start);
    !age.is_negative() && age < SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use serde_json::json;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    fn set(key_ids: &[&str]) -> JwkSet {
        let key = |id: &&str| json!({"kty": "RSA", "kid": id, "n": "AQAB", "e": "AQAB"});
        let keys = key_ids.iter().map(|id| serde_json::from_value::<Jwk>(key(id)).unwrap());
        JwkSet { keys: keys.collect() }
    }

    fn failure() -> Result<JwkSet, FetchError> {
        Err(FetchError::Set(SetError::NotASet))
    }

    /// A stock that has just got key `a`.
    fn stocked() -> Stock {
        let stock = Stock::default();
        stock.finish(Ok(set(&["a"])), START).unwrap();
        stock
    }

    fn asks(plan: &Plan) -> bool {
        matches!(plan, Plan::Ask { .. })
    }

    fn serves(plan: &Plan, key_id: &str) -> bool {
        matches!(plan, Plan::Settled(Ok(set)) if set.find(key_id).is_some())
    }

    #[test]
    fn an_empty_stock_asks() {
        assert!(asks(&Stock::default().plan(None, START)));
    }

    #[test]
    fn a_fresh_set_serves_for_ten_minutes() {
        let stock = stocked();
        for key_id in [None, Some("a")] {
            assert!(serves(&stock.plan(key_id, after(0)), "a"));
            assert!(serves(&stock.plan(key_id, after(599)), "a"));
            assert!(asks(&stock.plan(key_id, after(600))));
        }
    }

    #[test]
    fn a_missing_key_asks_at_once_and_then_once_a_minute() {
        let stock = stocked();
        assert!(asks(&stock.plan(Some("b"), after(1))));
        stock.begin(Some("b"), after(1));
        stock.finish(Ok(set(&["a"])), after(1)).unwrap();
        for key_id in ["b", "c", "d"] {
            assert!(serves(&stock.plan(Some(key_id), after(60)), "a"));
        }
        assert!(asks(&stock.plan(Some("b"), after(61))));
    }

    #[test]
    fn a_call_that_was_given_up_counts_as_a_miss() {
        let stock = stocked();
        stock.begin(Some("b"), after(1));
        assert!(serves(&stock.plan(Some("b"), after(2)), "a"));
    }

    #[test]
    fn a_call_for_a_stale_set_does_not_count_as_a_miss() {
        let stock = stocked();
        stock.begin(Some("a"), after(700));
        stock.finish(Ok(set(&["a"])), after(700)).unwrap();
        assert!(asks(&stock.plan(Some("b"), after(701))));
    }

    #[test]
    fn a_failing_source_is_left_alone_for_a_while() {
        let stock = Stock::default();
        stock.finish(failure(), START).unwrap_err();
        assert!(matches!(stock.plan(None, after(9)), Plan::Settled(Err(KeySetError::Unavailable(_)))));
        assert!(asks(&stock.plan(None, after(10))));
    }

    #[test]
    fn an_old_set_serves_while_the_source_fails_for_a_day_at_most() {
        let stock = stocked();
        let day = 24 * 60 * 60;
        assert!(stock.finish(failure(), after(day - 5)).unwrap().find("a").is_some());
        assert!(serves(&stock.plan(Some("a"), after(day - 1)), "a"));
        assert!(matches!(stock.plan(Some("a"), after(day)), Plan::Settled(Err(_))));
        assert!(stock.finish(failure(), after(day)).is_err());
    }

    #[test]
    fn private_keys_end_the_trust_in_older_sets_too() {
        let stock = stocked();
        let outcome = stock.finish(Err(FetchError::Set(SetError::PrivateKeys)), after(1));
        assert!(matches!(outcome, Err(KeySetError::PrivateKeys)));
        assert!(matches!(stock.plan(Some("a"), after(2)), Plan::Settled(Err(KeySetError::PrivateKeys))));
    }

    #[test]
    fn a_call_answers_those_who_waited_for_it() {
        let stock = Stock::default();
        let Plan::Ask { turn } = stock.plan(Some("b"), START) else { unreachable!() };
        assert!(asks(&stock.plan_after(turn, Some("b"), START)), "nobody has asked yet");
        stock.finish(Ok(set(&["a"])), START).unwrap();
        assert!(serves(&stock.plan_after(turn, Some("b"), START), "a"), "a second call would bring the same");
    }

    #[test]
    fn a_failed_call_answers_those_who_waited_for_it() {
        let stock = Stock::default();
        stock.finish(failure(), START).unwrap_err();
        assert!(matches!(stock.plan_after(0, None, after(60)), Plan::Settled(Err(_))));
    }

    #[test]
    fn a_clock_set_back_makes_nothing_fresher() {
        let stock = stocked();
        assert!(asks(&stock.plan(Some("a"), after(-3600))));
        stock.begin(Some("b"), after(100));
        assert!(asks(&stock.plan(Some("b"), after(50))));
    }
}
