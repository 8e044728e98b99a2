use proptest::prelude::*;

use super::*;

fn owner(number: u8) -> OwnerId {
    OwnerId::from_random([number; 16])
}

fn profile(calls: u32, seconds: u32) -> SpikeProfile {
    SpikeProfile { calls, seconds, longest_wait_millis: 2_000, queue: 100 }
}

fn shares() -> Shares {
    Shares::of(BankId::parse("bank").unwrap())
}

#[test]
fn a_plan_is_never_more_than_the_budget() {
    for (calls, seconds, window, lanes) in
        [(50, 1, 10, 500), (1, 1, 10, 10), (1, 3, 10, 3), (4, 3600, 3600, 4), (100, 3600, 360, 10), (11, 60, 55, 10)]
    {
        let plan = Plan::of(&profile(calls, seconds));
        assert_eq!((plan.window.as_secs(), plan.lanes), (window, lanes), "{calls} in {seconds} s");
    }
}

#[test]
fn one_alone_gets_what_it_wants_and_leaves_something_to_newcomers() {
    let plan = Plan { window: Duration::from_secs(10), lanes: 500 };
    let (taken, lanes) = shares().take(&owner(1), 40, &plan, 7);
    assert_eq!(lanes, 40);
    let (taken, lanes) = taken.take(&owner(1), 1_000, &plan, 7);
    assert_eq!(lanes, 468, "a sixteenth is left");
    let (taken, newcomer) = taken.take(&owner(2), 1_000, &plan, 7);
    assert_eq!(newcomer, 32);
    let (next, lanes) = taken.take(&owner(1), 1_000, &plan, 8);
    assert_eq!(lanes, 234, "an even part, now that there are two");
    assert_eq!(next.take(&owner(2), 1_000, &plan, 8).1, 234);
    assert_eq!(next.held_by(&owner(1), 8), 234);
    assert_eq!(next.held_by(&owner(1), 9), 0, "a share ends with its window");
}

#[test]
fn who_got_nothing_is_counted_in_the_next_window() {
    let plan = Plan { window: Duration::from_secs(10), lanes: 2 };
    let (taken, _) = shares().take(&owner(1), 5, &plan, 1);
    let (taken, _) = taken.take(&owner(2), 5, &plan, 1);
    let (taken, nothing) = taken.take(&owner(3), 5, &plan, 1);
    assert_eq!(nothing, 0);
    assert_eq!(taken.take(&owner(3), 5, &plan, 2).1, 1);
}

#[test]
fn a_clock_that_is_a_window_behind_keeps_the_others_window() {
    let plan = Plan { window: Duration::from_secs(10), lanes: 100 };
    let (taken, _) = shares().take(&owner(1), 80, &plan, 8);
    let (behind, _) = taken.take(&owner(2), 80, &plan, 7);
    assert_eq!(behind.held_by(&owner(1), 8), 80);
    assert!(behind.given() <= 100);
}

#[test]
fn the_record_is_what_it_was_after_the_store() {
    let plan = Plan { window: Duration::from_secs(10), lanes: 100 };
    let (taken, _) = shares().take(&owner(1), 80, &plan, 8);
    let (taken, _) = taken.take(&owner(2), 80, &plan, 9);
    let value = ciborium::Value::serialized(&taken).unwrap();
    assert_eq!(value.deserialized::<Shares>().unwrap(), taken);
}

#[test]
fn an_even_part_leaves_a_lane_to_who_is_still_awaited() {
    let plan = Plan { window: Duration::from_secs(10), lanes: 10 };
    let before = (1..4).fold(shares(), |shares, who| shares.take(&owner(who), 1, &plan, 3).0);
    let (after, first) = before.take(&owner(1), 500, &plan, 4);
    let (after, second) = after.take(&owner(2), 500, &plan, 4);
    let (_, third) = after.take(&owner(3), 500, &plan, 4);
    assert_eq!((first, second, third), (7, 2, 1));
}

/// One instance of a simulated fleet.
struct Instance {
    owner: OwnerId,
    pacer: Pacer,
    window: Option<u64>,
}

/// What an instance does after a while: how many milliseconds, who, and how many lanes it wants if it asks for more.
type Step = (u64, u8, Option<u32>);

/// Runs a fleet whose instances try to call as often as they can. Answers when calls left, in microseconds.
fn run(plan: &Plan, steps: &[Step], most: u8) -> Vec<(u64, u8)> {
    let mut shares = shares();
    let mut fleet: Vec<_> = (0..most)
        .map(|number| Instance { owner: owner(number), pacer: Pacer::of(plan.window), window: None })
        .collect();
    let (mut now, mut left) = (0, Vec::new());
    for (gap, who, more) in steps {
        now += gap * 1_000;
        let instance = &mut fleet[usize::from(who % most)];
        let (wall, steady) = (Timestamp::from_microsecond(now.cast_signed()).unwrap(), Duration::from_micros(now));
        let window = plan.window_of(wall);
        if instance.window != Some(window) || more.is_some() {
            let (next, lanes) = shares.take(&instance.owner, more.unwrap_or(1), plan, window);
            assert!(next.given() <= plan.lanes, "more is given out than there is");
            shares = next;
            instance.window = Some(window);
            instance.pacer.share(lanes, steady, steady + plan.left(wall));
        }
        if instance.pacer.turn(steady) == Turn::Go {
            left.push((now, who % most));
        }
    }
    left
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_u64..800, any::<u8>(), prop::option::of(1_u32..200)), 1..300)
}

proptest! {
    #[test]
    fn the_fleet_keeps_to_the_rate_in_every_interval(
        steps in steps(), calls in 1_u32..100, seconds in 1_u32..20, most in 1_u8..6,
    ) {
        let plan = Plan::of(&profile(calls, seconds));
        let left = run(&plan, &steps, most);
        for first in 0..left.len() {
            for last in first..left.len() {
                let time = u128::from(left[last].0 - left[first].0);
                let made = (last - first + 1) as u128;
                // What the rate allows in that time, and one for each instance.
                let allowed = time * u128::from(calls) / (u128::from(seconds) * 1_000_000) + u128::from(most) + 1;
                prop_assert!(made <= allowed, "{made} calls in {time} µs");
            }
        }
    }

    #[test]
    fn who_asks_in_two_windows_gets_something_while_there_is_enough(
        wishes in prop::collection::vec((0_u8..5, 1_u32..500), 1..60), lanes in 10_u32..500,
    ) {
        let plan = Plan { window: Duration::from_secs(10), lanes };
        let mut shares = shares();
        for (who, wanted) in wishes {
            shares = shares.take(&owner(who), wanted, &plan, 3).0;
            prop_assert!(shares.given() <= lanes);
        }
        let everybody: Vec<_> = shares.seats.keys().cloned().collect();
        for one in everybody {
            let (next, lanes) = shares.take(&one, 500, &plan, 4);
            prop_assert!(lanes >= 1);
            shares = next;
        }
    }

    #[test]
    fn a_wait_is_as_long_as_was_told(lanes in 1_u32..1_000, before in 0_u32..20) {
        let mut pacer = Pacer::of(Duration::from_secs(10));
        pacer.share(lanes, Duration::ZERO, Duration::from_secs(1_000));
        prop_assert_eq!(pacer.turn(Duration::ZERO), Turn::Go);
        let told = pacer.wait(before, Duration::ZERO);
        let mut now = Duration::ZERO;
        for _ in 0..=before {
            let Turn::Wait(time) = pacer.turn(now) else { panic!("it was not saved up for") };
            now += time;
            prop_assert_eq!(pacer.turn(now), Turn::Go);
        }
        // A microsecond for each rounding.
        prop_assert!(now >= told && now <= told + Duration::from_micros(u64::from(before) + 1));
        let enough = pacer.lanes_for(before, told.max(Duration::from_micros(1)), now);
        prop_assert!(enough <= lanes.max(1));
    }
}
