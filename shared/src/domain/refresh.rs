//! The refresh protocol's decisions (promise P5), as pure functions.
//!
//! A refresh token is precious: used twice it may kill every token of the customer. So every use is recorded before
//! the call ([`RefreshAttempt`]) under a lease ([`Lease`]), both written by compare-and-set on the session. Whoever finds
//! a live lease waits and adopts the winner's result. Whoever finds a dead lease with an attempt whose outcome nobody
//! wrote down knows that the outcome is *unknown*, and [`next_step`] says what the bank's rotation mode allows then.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{bank::Rotation, ids::OwnerId};

/// How long a holder may take: longer than any bank call may last, so that a live holder never loses it.
pub const LEASE: Duration = Duration::from_secs(45);

/// How far the clocks of two instances may be apart. One whose clock is ahead sees a lease end so much sooner.
pub const SKEW: Duration = Duration::from_secs(5);

/// How often a refresh token may be used, under [`Rotation::Family`], while the outcome of its first use is unknown.
const MOST_USES: u32 = 2;

/// The right to refresh, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub owner: OwnerId,
    /// Until when.
    pub ends_at: Timestamp,
}

/// One use of a refresh token, written down before the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshAttempt {
    /// The generation of the grant whose refresh token is used.
    pub generation: u64,
    /// Counts uses of this generation's refresh token, from 1.
    pub number: u32,
    /// When.
    pub started_at: Timestamp,
}

/// Who is refreshing, and what is known of the last use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshState {
    /// The lease, if somebody took one and has not given it back.
    pub lease: Option<Lease>,
    /// The last use whose outcome is not written down.
    pub attempt: Option<RefreshAttempt>,
    /// The holder has given up without knowing the outcome: nobody need wait for it, but nobody may ask again either
    /// before the lease ends.
    #[serde(default)]
    pub gave_up: bool,
}

/// What may be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody is at it until then: wait, read again, adopt the result.
    Wait(Timestamp),
    /// Somebody has given up; nobody may ask again before then.
    Rest(Timestamp),
    /// Write this state by compare-and-set, then call.
    Call(RefreshState),
    /// The token was used, the outcome is unknown, and using it again is not allowed: the grant is lost.
    Lost,
}

/// What may be done about a stale grant of this generation.
pub fn next_step(state: &RefreshState, generation: u64, rotation: Rotation, owner: &OwnerId, now: Timestamp) -> Step {
    if let Some(lease) = state.lease.as_ref().filter(|lease| lease.ends_at > now) {
        return if state.gave_up { Step::Rest(lease.ends_at) } else { Step::Wait(lease.ends_at) };
    }
    let uses = state.attempt.as_ref().filter(|attempt| attempt.generation == generation).map_or(0, |last| last.number);
    // Elsewhere the old token is good until a newer one was used, and whatever is unknown was never used.
    if rotation == Rotation::Family && uses >= MOST_USES {
        return Step::Lost;
    }
    Step::Call(RefreshState {
        lease: Some(Lease { owner: owner.clone(), ends_at: now + LEASE }),
        attempt: Some(RefreshAttempt { generation, number: uses.saturating_add(1), started_at: now }),
        gave_up: false,
    })
}

/// What is known after a call that brought no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The bank surely did not use the token up: it never saw the request, or refused it for another reason.
    NotUsed,
    /// The bank is closed and says so: it did not use the token up, and need not be asked again at once.
    Closed,
    /// The bank may have used the token up.
    Unknown,
}

/// The state to write after a call that brought no tokens. After an unknown outcome the lease stays: nobody asks
/// again before it ends. A use that was none is taken back, but not those before it: their outcome is unknown still.
pub fn after_failure(state: &RefreshState, failure: Failure) -> RefreshState {
    match failure {
        Failure::NotUsed => RefreshState { lease: None, attempt: without_last_use(state), gave_up: false },
        Failure::Closed => RefreshState { attempt: without_last_use(state), gave_up: true, ..state.clone() },
        Failure::Unknown => RefreshState { gave_up: true, ..state.clone() },
    }
}

fn without_last_use(state: &RefreshState) -> Option<RefreshAttempt> {
    let attempt = state.attempt.as_ref().filter(|attempt| attempt.number > 1)?;
    Some(RefreshAttempt { number: attempt.number - 1, ..attempt.clone() })
}

impl RefreshState {
    /// Whether a call that lasts so long would surely end before anybody's clock says that the lease does. Where this does
    /// not hold, the holder has come late (its commit was slow, its process stood still), and somebody else may be at it
    /// before the call is over.
    pub fn covers(&self, call: Duration, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.ends_at >= now + call + SKEW)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner(name: u8) -> OwnerId {
        OwnerId::from_random([name; 16])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn called(step: Step) -> RefreshState {
        match step {
            Step::Call(state) => state,
            other => panic!("expected a call, got {other:?}"),
        }
    }

    #[test]
    fn the_first_takes_the_lease_and_the_second_waits() {
        let state = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        let step = next_step(&state, 3, Rotation::Family, &owner(2), at(1));
        assert_eq!(step, Step::Wait(at(0) + LEASE));
    }

    #[test]
    fn in_a_family_one_more_use_is_allowed_after_a_lost_answer_and_no_third() {
        let first = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        let second = called(next_step(&first, 3, Rotation::Family, &owner(2), at(60)));
        assert_eq!(second.attempt.as_ref().unwrap().number, 2);
        assert_eq!(next_step(&second, 3, Rotation::Family, &owner(3), at(120)), Step::Lost);
    }

    #[test]
    fn a_bank_that_is_closed_is_asked_again_and_again_but_not_before_the_lease_ends() {
        let mut state = RefreshState::default();
        for round in 0..10 {
            let asked = called(next_step(&state, 3, Rotation::Family, &owner(1), at(round * 60)));
            state = after_failure(&asked, Failure::Closed);
            let rest = next_step(&state, 3, Rotation::Family, &owner(2), at(round * 60 + 44));
            assert_eq!(rest, Step::Rest(at(round * 60) + LEASE));
        }
        assert_eq!(state.attempt, None);
    }

    #[test]
    fn elsewhere_asking_again_is_harmless_but_waits_for_the_lease() {
        for rotation in [Rotation::None, Rotation::Grace] {
            let mut state = RefreshState::default();
            for round in 0..10 {
                state = called(next_step(&state, 3, rotation, &owner(1), at(round * 60)));
                let too_soon = next_step(&state, 3, rotation, &owner(2), at(round * 60 + 44));
                assert!(matches!(too_soon, Step::Wait(_)));
            }
            assert_eq!(state.attempt.unwrap().number, 10);
        }
    }

    #[test]
    fn a_new_generation_starts_counting_anew() {
        let first = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        let next = called(next_step(&first, 4, Rotation::Family, &owner(1), at(60)));
        assert_eq!(next.attempt.unwrap().number, 1);
    }

    #[test]
    fn a_token_surely_unused_may_be_used_at_once() {
        let first = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        let state = after_failure(&first, Failure::NotUsed);
        assert!(matches!(next_step(&state, 3, Rotation::Family, &owner(2), at(1)), Step::Call(_)));
        let state = after_failure(&first, Failure::Unknown);
        assert!(matches!(next_step(&state, 3, Rotation::Family, &owner(2), at(1)), Step::Rest(_)));
    }

    #[test]
    fn a_use_that_was_none_does_not_make_an_earlier_one_forgotten() {
        let first = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        let lost = after_failure(&first, Failure::Unknown);
        let second = called(next_step(&lost, 3, Rotation::Family, &owner(2), at(60)));
        let back = after_failure(&second, Failure::NotUsed);
        let again = called(next_step(&back, 3, Rotation::Family, &owner(2), at(61)));
        assert_eq!(again.attempt.as_ref().unwrap().number, 2);
        assert_eq!(next_step(&again, 3, Rotation::Family, &owner(3), at(120)), Step::Lost);
    }

    #[test]
    fn a_lease_covers_calls_that_end_before_it_does() {
        let state = called(next_step(&RefreshState::default(), 3, Rotation::Family, &owner(1), at(0)));
        assert!(state.covers(Duration::from_secs(40), at(0)));
        assert!(state.covers(Duration::from_secs(30), at(10)));
        assert!(!state.covers(Duration::from_secs(30), at(11)));
        assert!(!RefreshState::default().covers(Duration::ZERO, at(0)));
    }

    proptest! {
        /// Whatever instances come at whatever times, a rotated token is never used more than twice, and never while
        /// a lease is alive.
        #[test]
        fn no_schedule_uses_a_rotated_token_more_than_twice(steps in proptest::collection::vec((0_u8..4, 0_i64..90), 1..40)) {
            let (mut state, mut now, mut uses, mut lease_ends) = (RefreshState::default(), 0, 0, at(-1));
            for (name, pause) in steps {
                now += pause;
                if let Step::Call(next) = next_step(&state, 7, Rotation::Family, &owner(name), at(now)) {
                    prop_assert!(at(now) >= lease_ends);
                    uses += 1;
                    lease_ends = next.lease.as_ref().unwrap().ends_at;
                    state = next;
                }
            }
            prop_assert!(uses <= 2);
        }
    }
}
