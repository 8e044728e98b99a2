//! The schedule: even, never twice, never missed, outside of maintenance, and in time for tokens.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        bank::{BackgroundProfile, OAuthProfile, PsuProfile},
        consent::ConsentStatus,
        grant::StoredGrant,
        session::SHARDS,
    },
    testing::samples,
};

fn bank(refreshes_per_day: u32) -> Bank {
    let background = BackgroundProfile { refreshes_per_day, reads_per_day: 24, ..BackgroundProfile::default() };
    Bank { background, ..samples::bank() }
}

fn terms(frequency_per_day: u32) -> ConsentTerms {
    ConsentTerms { status: ConsentStatus::Valid, valid_until: None, frequency_per_day, recurring: true }
}

/// An id of random bits that are the same in every run.
fn id(number: u64) -> SessionId {
    let [one, other] = [number, !number].map(|bits| mixed(mixed(bits, 1), 2).to_be_bytes());
    let mut all = [0; 16];
    all[..8].copy_from_slice(&one);
    all[8..].copy_from_slice(&other);
    SessionId::from_random(all)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn only_what_bank_and_consent_allow_is_planned() {
    let none = |bank: &Bank, consent: &ConsentTerms| next_balances(bank, &id(1), consent, at(0)).is_none();
    assert!(none(&bank(0), &terms(4)));
    assert!(none(&bank(2), &ConsentTerms { recurring: false, ..terms(4) }));
    let attended_only = Bank { psu: PsuProfile { background: false, ..PsuProfile::default() }, ..bank(2) };
    assert!(none(&attended_only, &terms(4)));
    assert_eq!(interval(&bank(4), &terms(2)), Some(DAY / 2), "the consent allows fewer");
}

/// Q7: ten thousand sessions that begin at one instant do not come back at one.
#[test]
fn ten_thousand_sessions_are_spread_over_the_interval_and_the_shards() {
    let (bank, consent) = (bank(2), terms(4));
    let mut hours = BTreeMap::new();
    let mut in_shards = BTreeMap::new();
    for number in 0..10_000 {
        let id = id(number);
        let due = next_balances(&bank, &id, &consent, at(1_800_000_000)).unwrap();
        *hours.entry(due.as_second() / 3600).or_insert(0) += 1;
        *in_shards.entry(id.shard(SHARDS)).or_insert(0) += 1;
    }
    let fullest = *hours.values().max().unwrap();
    assert!(fullest < 1_000, "833 on average: {hours:?}");
    assert!(in_shards.values().all(|count| (500..750).contains(count)), "625 on average: {in_shards:?}");
}

#[test]
fn tokens_are_due_well_before_they_end_and_only_if_a_refresh_helps() {
    let oauth = OAuthProfile { idle_lifetime: Some(30 * DAY), ..samples::oauth("https://bank.example") };
    let bank = Bank { oauth: Some(oauth), ..samples::bank() };
    let access = |chain: Option<i64>, refreshable| {
        let mut access = access(refreshable);
        access.grant.idle_ends_at = Some(at(0) + 30 * DAY);
        access.grant.chain_ends_at = chain.map(at);
        access
    };
    for number in 0..1_000 {
        let due = tokens_due(&bank, &id(number), &access(None, true)).unwrap();
        assert!(due > at(0) + 24 * DAY && due <= at(0) + 27 * DAY, "{due}");
    }
    assert_eq!(tokens_due(&bank, &id(1), &access(None, false)), None, "there is no refresh token");
    assert_eq!(tokens_due(&bank, &id(1), &access(Some(29 * 86_400), true)), None, "the chain ends first");
    assert!(tokens_due(&bank, &id(1), &access(Some(31 * 86_400), true)).is_some());
    assert_eq!(tokens_due(&samples::bank(), &id(1), &access(None, true)), None, "nothing ends for want of use");
}

fn access(refreshable: bool) -> Access {
    let access = samples::access(at(0));
    let grant =
        StoredGrant { access_stale_at: Some(at(270)), access_ends_at: Some(at(300)), refreshable, ..access.grant };
    Access { consent: terms(4), grant, ..access }
}

fn window(hour: i8, minutes: u16) -> MaintenanceWindow {
    MaintenanceWindow { weekday: None, from: jiff::civil::Time::constant(hour, 0, 0, 0), minutes }
}

proptest! {
    /// Against the grid written down place by place: the next is the earliest after now.
    #[test]
    fn the_next_is_the_earliest_place_after_now(number: u64, second in 0_i64..4_000_000_000, a_day in 1_u32..=24) {
        let (id, interval) = (id(number), DAY / a_day);
        let now = at(second);
        let turn = now.as_microsecond() / i64::try_from(interval.as_micros()).unwrap();
        let earliest = (turn - 3..turn + 4).map(|turn| place(&id, interval, turn)).filter(|place| *place > now).min();
        let next = next_balances(&bank(a_day), &id, &terms(24), now).unwrap();
        prop_assert_eq!(Some(next), earliest);
        prop_assert!(next.duration_since(now) <= jiff::SignedDuration::try_from(interval + interval / 10).unwrap());
    }

    /// However often and whenever a job claims, a session comes no more often than the bank is to be asked.
    #[test]
    fn no_more_a_day_than_the_document_says(number: u64, a_day in 1_u32..=24, late in proptest::collection::vec(0_i64..7_200, 200)) {
        let (bank, id) = (bank(a_day), id(number));
        let mut now = at(1_800_000_000);
        let mut runs = Vec::new();
        for seconds in late {
            now = next_balances(&bank, &id, &terms(24), now).unwrap() + Duration::from_secs(seconds.unsigned_abs());
            runs.push(now);
        }
        for (begin, first) in runs.iter().enumerate() {
            let day = runs[begin..].iter().take_while(|run| **run < *first + DAY).count();
            // One that is late falls into the day though its place was before it; jitter moves one over the other edge.
            prop_assert!(day <= a_day as usize + 2, "{day}");
        }
    }

    #[test]
    fn nothing_is_planned_into_maintenance(number: u64, second in 0_i64..4_000_000_000, hour in 0_i8..24, minutes in 1_u16..600) {
        let windows = vec![window(hour, minutes), window((hour + 5) % 24, 60)];
        let bank = Bank { maintenance: windows.clone(), ..bank(2) };
        let next = next_balances(&bank, &id(number), &terms(4), at(second)).unwrap();
        prop_assert!(next > at(second));
        prop_assert!(windows.iter().all(|window| window.covering(next).is_none()));
    }

    #[test]
    fn what_is_put_off_comes_back_after_the_hindrance_and_not_at_once(number: u64, second in 0_i64..4_000_000_000, ahead in -100_i64..10_000) {
        let (now, until) = (at(second), at(second + ahead));
        let interval = DAY / 2;
        let back = put_off(&id(number), interval, until, now);
        prop_assert!(back >= until && back >= now + interval / 24);
        prop_assert!(back < until.max(now + interval / 24) + interval / 24);
    }

    #[test]
    fn the_margin_of_tokens_fits_into_their_life(number: u64, hours in 1_u64..5_000) {
        let idle = Duration::from_hours(hours);
        let oauth = OAuthProfile { idle_lifetime: Some(idle), ..samples::oauth("https://bank.example") };
        let bank = Bank { oauth: Some(oauth), ..samples::bank() };
        let mut access = access(true);
        access.grant.idle_ends_at = Some(at(0) + idle);
        let due = tokens_due(&bank, &id(number), &access).unwrap();
        prop_assert!(due > at(0));
        let left = (at(0) + idle).duration_since(due);
        prop_assert!(left >= jiff::SignedDuration::try_from(idle / 10).unwrap());
        prop_assert!(idle <= 7 * DAY || left >= jiff::SignedDuration::from_hours(24));
        let again = tokens_again(&bank, &id(number), due);
        prop_assert!(again > due && again < at(0) + idle, "a failure leaves time for another try");
    }
}
