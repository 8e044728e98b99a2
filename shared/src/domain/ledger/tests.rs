#![expect(clippy::naive_bytecount, reason = "these bytes are the accounts' numbers")]

use proptest::{collection::vec, prelude::*};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn account(number: u8) -> AccountId {
    AccountId::parse(format!("{}A", char::from(b'A' + number).to_string().repeat(21))).unwrap()
}

fn balances() -> LedgerKey {
    LedgerKey::of(&account(0), DataKind::Balances)
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const WINDOW_SECONDS: i64 = WINDOW.as_secs();

#[test]
fn four_reads_are_given_in_any_day_also_around_midnight() {
    let mut ledger = Ledger::default();
    for seconds in [0, 1, 10 * HOUR, 20 * HOUR] {
        assert!(ledger.reserve(&[balances()], 4, at(seconds)).is_ok());
    }
    let refused = ledger.reserve(&[balances()], 4, at(23 * HOUR)).unwrap_err();
    assert_eq!(refused, Exhausted { until: at(WINDOW_SECONDS), by_bank: false });
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS - 1)).is_err());
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS)).is_ok());
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS)).is_err());
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS + 1)).is_ok());
}

#[test]
fn accounts_and_kinds_are_counted_apart() {
    let mut ledger = Ledger::default();
    let keys = [
        LedgerKey::ACCOUNTS,
        balances(),
        LedgerKey::of(&account(0), DataKind::Transactions),
        LedgerKey::of(&account(1), DataKind::Balances),
    ];
    for key in &keys {
        assert!(ledger.reserve(std::slice::from_ref(key), 1, at(0)).is_ok());
        assert!(ledger.reserve(std::slice::from_ref(key), 1, at(0)).is_err());
    }
    assert_eq!(LedgerKey::of(&account(3), DataKind::Accounts), LedgerKey::ACCOUNTS);
}

#[test]
fn several_are_taken_together_or_not_at_all() {
    let mut ledger = Ledger::default();
    let other = LedgerKey::of(&account(1), DataKind::Balances);
    ledger.reserve(std::slice::from_ref(&other), 1, at(0)).unwrap();
    let before = ledger.clone();
    assert!(ledger.reserve(&[balances(), other], 1, at(1)).is_err());
    assert_eq!(ledger, before);
    assert!(ledger.reserve(&[balances(), balances()], 1, at(1)).is_err(), "one of them would be too many");
    assert!(ledger.reserve(&[balances(), balances()], 2, at(1)).is_ok());
}

#[test]
fn what_is_given_back_can_be_taken_again_once() {
    let mut ledger = Ledger::default();
    let ticket = ledger.reserve(&[balances()], 1, at(0)).unwrap().remove(0);
    assert!(ledger.give_back(&ticket));
    assert!(!ledger.give_back(&ticket), "twice is no more than once");
    assert!(ledger.is_empty());
    assert!(ledger.reserve(&[balances()], 1, at(1)).is_ok());
}

#[test]
fn a_bank_that_says_it_is_enough_is_believed_for_its_time() {
    let mut ledger = Ledger::default();
    ledger.reserve(&[balances()], 4, at(0)).unwrap();
    ledger.fill(&balances(), at(HOUR), at(1));
    let refused = ledger.reserve(&[balances()], 4, at(2)).unwrap_err();
    assert_eq!(refused, Exhausted { until: at(HOUR), by_bank: true });
    let view = ledger.view(&balances(), 4, at(2));
    assert_eq!((view.used, view.left, view.resets_at), (1, 0, Some(at(HOUR))));
    ledger.fill(&balances(), at(60), at(3));
    assert!(ledger.reserve(&[balances()], 4, at(HOUR - 1)).is_err(), "an earlier word does not shorten a later");
    assert!(ledger.reserve(&[balances()], 4, at(HOUR)).is_ok());
}

#[test]
fn nothing_is_blocked_for_ages() {
    let mut ledger = Ledger::default();
    ledger.fill(&balances(), Timestamp::MAX, at(0));
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS)).is_ok());
    ledger.fill(&balances(), at(-5), at(WINDOW_SECONDS));
    assert!(ledger.reserve(&[balances()], 4, at(WINDOW_SECONDS)).is_ok());
}

#[test]
fn a_banks_day_ends_when_the_oldest_read_leaves() {
    let mut ledger = Ledger::default();
    assert_eq!(ledger.day_ends_at(&balances(), at(0)), at(WINDOW_SECONDS));
    ledger.reserve(&[balances()], 4, at(0)).unwrap();
    ledger.reserve(&[balances()], 4, at(HOUR)).unwrap();
    assert_eq!(ledger.day_ends_at(&balances(), at(2 * HOUR)), at(WINDOW_SECONDS));
    assert_eq!(ledger.day_ends_at(&balances(), at(DAY + HOUR / 2)), at(HOUR + WINDOW_SECONDS));
}

#[test]
fn a_clock_that_was_set_back_does_not_free_anything() {
    let mut ledger = Ledger::default();
    ledger.reserve(&[balances()], 1, at(HOUR)).unwrap();
    assert!(ledger.reserve(&[balances()], 1, at(0)).is_err());
    assert!(ledger.reserve(&[balances()], 1, at(WINDOW_SECONDS)).is_err());
    assert!(ledger.reserve(&[balances()], 1, at(HOUR + WINDOW_SECONDS)).is_ok());
}

#[test]
fn a_clock_that_was_a_year_ahead_locks_nobody_out_for_a_year() {
    let mut ledger = Ledger::default();
    ledger.reserve(&[balances()], 1, at(365 * DAY)).unwrap();
    assert!(ledger.reserve(&[balances()], 1, at(0)).is_err(), "the read was made, whenever it was");
    assert!(ledger.reserve(&[balances()], 1, at(WINDOW_SECONDS)).is_ok());
}

#[test]
fn token_refreshes_have_a_budget_of_their_own() {
    let mut ledger = Ledger::default();
    ledger.reserve_token_refresh(2, at(0)).unwrap();
    ledger.reserve_token_refresh(2, at(5)).unwrap();
    let refused = ledger.reserve_token_refresh(2, at(6)).unwrap_err();
    assert_eq!(refused, Exhausted { until: at(WINDOW_SECONDS), by_bank: false });
    assert!(ledger.reserve(&[balances()], 1, at(6)).is_ok());
    assert!(ledger.reserve_token_refresh(2, at(WINDOW_SECONDS)).is_ok());
}

#[test]
fn what_is_stored_is_small_and_comes_back() {
    let mut ledger = Ledger::default();
    let keys: Vec<_> = (0..20).map(|number| LedgerKey::of(&account(number), DataKind::Balances)).collect();
    for seconds in 0..4 {
        ledger.reserve(&keys, 4, at(seconds)).unwrap();
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&ledger, &mut bytes).unwrap();
    assert!(bytes.len() < 2_200, "{} bytes for twenty accounts that are used up", bytes.len());
    assert_eq!(ciborium::from_reader::<Ledger, _>(bytes.as_slice()).unwrap(), ledger);
}

/// What an instance does, so much later than the one before.
#[derive(Clone, Debug)]
enum Step {
    /// Reads those accounts, all or none; the store told the time so many seconds too late; the calls reach the bank so
    /// many seconds later.
    Read { accounts: Vec<u8>, late: i64, under_way: i64 },
    /// Has reserved, and the call surely did not leave.
    GiveBack(u8),
    /// The bank calls the limit met.
    Fill { account: u8, seconds: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    // A call leaves within RESERVED_FOR and reaches the bank within a minute of leaving.
    let under_way = 0..i64::try_from(RESERVED_FOR.as_secs()).unwrap() + 60;
    prop_oneof![
        6 => (vec(0_u8..3, 1..4), 0_i64..=8, under_way).prop_map(|(accounts, late, under_way)| Step::Read {
            accounts,
            late,
            under_way
        }),
        1 => (0_u8..3).prop_map(Step::GiveBack),
        1 => (0_u8..3, -10_i64..30 * HOUR).prop_map(|(account, seconds)| Step::Fill { account, seconds }),
    ]
}

fn key(number: u8) -> LedgerKey {
    LedgerKey::of(&account(number), DataKind::Balances)
}

proptest! {
    /// Whatever instances do at whatever times: in no 24 hours of the true time do more calls reach the bank than it allows.
    #[test]
    fn no_day_of_the_true_time_holds_more_than_the_limit(
        limit in 1_u32..6,
        steps in vec((0_i64..9 * HOUR, step()), 1..60),
    ) {
        let (mut ledger, mut now) = (Ledger::default(), 0);
        let mut reached: Vec<(u8, i64)> = Vec::new();
        for (pause, step) in steps {
            now += pause;
            match step {
                Step::Read { accounts, late, under_way } => {
                    let keys: Vec<_> = accounts.iter().map(|number| key(*number)).collect();
                    if ledger.reserve(&keys, limit, at(now + late)).is_ok() {
                        reached.extend(accounts.iter().map(|number| (*number, now + under_way)));
                    }
                }
                Step::GiveBack(number) => {
                    if let Ok(tickets) = ledger.reserve(&[key(number)], limit, at(now)) {
                        prop_assert!(tickets.iter().all(|ticket| ledger.give_back(ticket)));
                    }
                }
                Step::Fill { account, seconds } => ledger.fill(&key(account), at(now + seconds), at(now)),
            }
        }
        for (number, start) in &reached {
            let within = reached.iter().filter(|(other, seen)| other == number && (0..DAY).contains(&(seen - start)));
            prop_assert!(within.count() <= usize::try_from(limit).unwrap());
        }
    }

    /// A ledger that only counts in a list, and forgets nothing, decides the same.
    #[test]
    fn decides_as_a_naive_list_does(limit in 1_u32..6, steps in vec((0_i64..9 * HOUR, step()), 1..60)) {
        let (mut ledger, mut now) = (Ledger::default(), 0);
        let mut taken: Vec<(u8, i64)> = Vec::new();
        let mut blocked = [i64::MIN; 3];
        for (pause, step) in steps {
            now += pause;
            let used = |taken: &[(u8, i64)], number: u8| {
                taken.iter().filter(|(other, read)| *other == number && now - read < WINDOW_SECONDS).count()
            };
            let most = usize::try_from(limit).unwrap();
            match step {
                Step::Read { accounts, .. } => {
                    let fits = |number: &u8| {
                        let wanted = accounts.iter().filter(|other| *other == number).count();
                        blocked[usize::from(*number)] <= now && used(&taken, *number) + wanted <= most
                    };
                    let expected = accounts.iter().all(fits);
                    let keys: Vec<_> = accounts.iter().map(|number| key(*number)).collect();
                    prop_assert_eq!(ledger.possible_at(
                        &(0..3).map(|number| {
                            let wanted = accounts.iter().filter(|other| **other == number).count();
                            (key(number), u32::try_from(wanted).unwrap())
                        }).filter(|(_, wanted)| *wanted > 0).collect::<Vec<_>>(), limit, at(now)).is_none(), expected);
                    let outcome = ledger.reserve(&keys, limit, at(now));
                    prop_assert_eq!(outcome.is_ok(), expected);
                    match outcome {
                        Ok(_) => taken.extend(accounts.iter().map(|number| (*number, now))),
                        Err(exhausted) => prop_assert!(exhausted.until > at(now)),
                    }
                }
                Step::GiveBack(number) => {
                    if let Ok(tickets) = ledger.reserve(&[key(number)], limit, at(now)) {
                        ledger.give_back(&tickets[0]);
                    }
                }
                Step::Fill { account, seconds } => {
                    ledger.fill(&key(account), at(now + seconds), at(now));
                    if seconds > 0 {
                        let place = &mut blocked[usize::from(account)];
                        *place = (*place).max(now + seconds.min(WINDOW_SECONDS));
                    }
                }
            }
            for number in 0..3_u8 {
                let view = ledger.view(&key(number), limit, at(now));
                prop_assert_eq!(view.used, u32::try_from(used(&taken, number)).unwrap());
                let is_blocked = blocked[usize::from(number)] > now;
                prop_assert_eq!(view.left, if is_blocked { 0 } else { limit - view.used });
                prop_assert_eq!(view.exhausted.is_some(), view.left == 0);
                prop_assert_eq!(view.exhausted.is_some_and(|gone| gone.by_bank), is_blocked);
            }
        }
    }

    /// A clock that is set back, however often, gives nobody more: by its owner's own true time.
    #[test]
    fn setting_the_clock_back_gives_nothing(limit in 1_u32..6, steps in vec((0_i64..9 * HOUR, 0_i64..HOUR), 1..60)) {
        let (mut ledger, mut now, mut behind) = (Ledger::default(), 0, 0);
        let mut reached = Vec::new();
        for (pause, step) in steps {
            (now, behind) = (now + pause, behind + step);
            if ledger.reserve(&[balances()], limit, at(now - behind)).is_ok() {
                reached.push(now);
            }
        }
        for start in &reached {
            let within = reached.iter().filter(|seen| (0..DAY).contains(&(**seen - start)));
            prop_assert!(within.count() <= usize::try_from(limit).unwrap());
        }
    }
}
