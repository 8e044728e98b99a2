//! The outbox against what it promises.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::{data_kind::DataKind, session::LapseReason};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const REFRESHED: News = News::Refreshed { data: DataKind::Balances };

fn numbers(outbox: &Outbox) -> Vec<u64> {
    outbox.pending.iter().map(|event| event.number).collect()
}

#[test]
fn pauses_grow_to_an_hour_and_are_spread() {
    let middle: Vec<_> = (1..9).map(|tries| pause(tries, 127).as_secs()).collect();
    assert_eq!(middle, [9, 29, 89, 269, 809, 2_428, 3_597, 3_597]);
    assert_eq!((pause(1, 0), pause(1, 255)), (Duration::from_secs(8), Duration::from_secs(12)));
    assert_eq!(pause(u32::MAX, 255), LONGEST_PAUSE * 6 / 5);
}

#[test]
fn a_receiver_may_ask_for_a_longer_pause_and_for_no_shorter_one() {
    let asked = |seconds| rest(1, 0, Some(Duration::from_secs(seconds))).as_secs();
    assert_eq!(
        [asked(0), asked(8), asked(9), asked(3_600), asked(3_601), asked(u64::MAX)],
        [8, 8, 9, 3_600, 3_600, 3_600]
    );
    assert_eq!(rest(4, 127, None), pause(4, 127));
}

#[test]
fn an_event_is_given_up_after_two_days_and_the_next_one_tells_it() {
    let mut outbox = Outbox::default();
    outbox.add(News::Connected, NOW);
    outbox.add(News::Ended { reason: Some(LapseReason::ConsentRevoked) }, NOW);
    assert!(outbox.take(1));
    outbox.add(News::Connected, NOW + Duration::from_secs(5));
    let before = NOW + TRIED_FOR - Duration::from_secs(1);
    outbox.claim(before);
    assert!(matches!(outbox.fail(2, 1, pause(1, 0), before), Failed::Again(_)));
    let late = NOW + TRIED_FOR;
    outbox.claim(late);
    assert_eq!(outbox.fail(2, 2, pause(2, 0), late), Failed::GivenUp(Some(late)));
    assert_eq!((numbers(&outbox), outbox.missed()), (vec![3], 1));
    assert!(outbox.take(3));
    outbox.add(News::Connected, late);
    assert_eq!(outbox.missed(), 0, "told once");
}

#[test]
fn of_too_many_the_oldest_newer_data_go_and_nothing_goes_untold() {
    let mut outbox = Outbox::default();
    outbox.add(REFRESHED, NOW);
    outbox.add(News::Connected, NOW);
    for _ in 2..MOST_PENDING {
        outbox.add(REFRESHED, NOW);
    }
    outbox.add(News::Ended { reason: None }, NOW);
    assert_eq!(outbox.pending.len(), MOST_PENDING);
    assert_eq!(numbers(&outbox)[..3], [1, 2, 4], "the first may be under way, the second is not of newer data");
    outbox.take(1);
    outbox.take(2);
    assert_eq!(outbox.missed(), 1);
    let mut others = Outbox::default();
    for _ in 0..=MOST_PENDING {
        others.add(News::Connected, NOW);
    }
    assert_eq!(numbers(&others)[..2], [1, 3]);
}

#[test]
fn what_came_late_changes_nothing() {
    let mut outbox = Outbox::default();
    outbox.add(News::Connected, NOW);
    outbox.add(REFRESHED, NOW);
    outbox.claim(NOW);
    outbox.claim(NOW);
    assert_eq!(outbox.fail(1, 1, pause(1, 0), NOW), Failed::Outrun, "a later try is under way");
    assert!(outbox.take(1), "taken is taken, whoever sent it");
    assert!(!outbox.take(1));
    assert_eq!(outbox.fail(1, 2, pause(2, 0), NOW), Failed::Outrun);
}

/// What a deliverer holds in its hands.
#[derive(Clone, Copy, Debug)]
struct Sending {
    number: u64,
    tries: u32,
}

#[derive(Clone, Copy, Debug)]
enum Move {
    /// Something happens to the session.
    Happens,
    /// A deliverer looks; if an event is due it claims and begins to send.
    Looks(usize),
    /// The receiver takes what that deliverer sends; the deliverer dies before it writes it down.
    TakenAndDies(usize),
    /// The receiver takes it and the deliverer writes it down.
    Taken(usize),
    /// The receiver refuses it.
    Refused(usize),
    /// Time passes, in seconds.
    Passes(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = 0..3_usize;
    let any = prop_oneof![
        2 => Just(Move::Happens),
        6 => one.clone().prop_map(Move::Looks),
        1 => one.clone().prop_map(Move::TakenAndDies),
        4 => one.clone().prop_map(Move::Taken),
        2 => one.prop_map(Move::Refused),
        3 => (1..40_u64).prop_map(Move::Passes),
        1 => (1_800..40_000_u64).prop_map(Move::Passes),
    ];
    prop::collection::vec(any, 0..200)
}

proptest! {
    /// Three deliverers, any of which may die or come late at any step. The receiver sees events in order, none is left
    /// out but those that the next one counts as missing, and each is sent again until it was taken or given up.
    #[test]
    fn in_order_at_least_once_and_gaps_are_told(moves in moves()) {
        let mut outbox = Outbox::default();
        let mut due: Option<Timestamp> = None;
        let mut now = NOW;
        let mut hands: [Option<Sending>; 3] = [None; 3];
        let mut seen: BTreeSet<u64> = BTreeSet::new();
        let mut given_up: BTreeSet<u64> = BTreeSet::new();
        for step in moves {
            match step {
                Move::Happens => {
                    outbox.add(News::Connected, now);
                    due.get_or_insert(now);
                }
                Move::Looks(who) => {
                    if outbox.head().is_some() && due.is_some_and(|due| due <= now) {
                        due = outbox.claim(now);
                        let head = outbox.head().unwrap();
                        hands[who] = Some(Sending { number: head.number, tries: head.tries });
                        let earlier = 1..head.number;
                        for number in earlier.filter(|number| !seen.contains(number)) {
                            prop_assert!(given_up.contains(&number), "{number} was left out");
                        }
                    }
                }
                Move::TakenAndDies(who) => {
                    seen.extend(hands[who].take().map(|sending| sending.number));
                }
                Move::Taken(who) => {
                    let Some(Sending { number, .. }) = hands[who].take() else { continue };
                    seen.insert(number);
                    let earlier = 1..number;
                    for number in earlier {
                        prop_assert!(seen.contains(&number) || given_up.contains(&number), "{number} came after a later one");
                    }
                    if outbox.take(number) {
                        due = outbox.head().map(|_| now);
                    }
                }
                Move::Refused(who) => {
                    let Some(Sending { number, tries }) = hands[who].take() else { continue };
                    match outbox.fail(number, tries, pause(tries, 0), now) {
                        Failed::Again(at) => {
                            prop_assert!(at > now);
                            due = Some(at);
                        }
                        Failed::GivenUp(at) => {
                            given_up.insert(number);
                            due = at;
                        }
                        Failed::Outrun => {}
                    }
                }
                Move::Passes(seconds) => now += Duration::from_secs(seconds),
            }
            prop_assert_eq!(due.is_some(), outbox.head().is_some(), "what waits is due some time, and nothing else is");
        }
        // Left to itself, all that waits arrives.
        while let Some(at) = due {
            now = now.max(at);
            outbox.claim(now);
            let (number, missed) = (outbox.head().unwrap().number, outbox.missed());
            let untold = (outbox.taken + 1..number).count();
            prop_assert_eq!(u64::try_from(untold).unwrap(), missed);
            seen.insert(number);
            prop_assert!(outbox.take(number));
            due = outbox.head().map(|_| now);
        }
        prop_assert_eq!(outbox.taken.max(given_up.last().copied().unwrap_or(0)), outbox.last);
        prop_assert!((1..=outbox.last).all(|number| seen.contains(&number) || given_up.contains(&number)));
    }
}
