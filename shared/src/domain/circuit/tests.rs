use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const PROFILE: CircuitProfile =
    CircuitProfile { failures: 5, window_seconds: 60, cool_down_seconds: 30, longest_cool_down_seconds: 120 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn owner(number: u8) -> OwnerId {
    OwnerId::from_random([number; 16])
}

fn failure(id: u64, second: i64) -> Failure {
    Failure { id, failed_at: at(second), subject: 1, is_of_connection: false, others_are_well: false }
}

fn fail(circuit: &Circuit, failure: &Failure) -> Circuit {
    circuit.after_failure(failure, failure.failed_at, &PROFILE, failure.failed_at)
}

/// A circuit that five subjects' failures opened at that second.
fn opened(second: i64) -> Circuit {
    let mut circuit = Circuit::default();
    for id in 0..5 {
        circuit = fail(&circuit, &Failure { subject: u32::try_from(id).unwrap(), ..failure(id, second) });
    }
    circuit
}

fn leased(circuit: &Circuit, by: u8, second: i64) -> (Circuit, Lease) {
    let probing = circuit.probed_by(&owner(by), Duration::from_secs(10), &PROFILE, at(second)).unwrap();
    let Circuit::Probing { lease, .. } = &probing else { panic!("{probing:?}") };
    (probing.clone(), lease.clone())
}

#[test]
fn five_failures_open_it_and_a_probe_is_due_after_the_rest() {
    let circuit = opened(0);
    assert_eq!(circuit.standing(), Some(("open", Some(at(30)))));
    assert_eq!(circuit.admits(&PROFILE, at(29)), Admission::Refused(at(30)));
    assert_eq!(circuit.admits(&PROFILE, at(30)), Admission::Probe);
}

#[test]
fn the_same_failure_told_twice_counts_once() {
    let mut circuit = Circuit::default();
    for _ in 0..10 {
        circuit = fail(&circuit, &failure(1, 0));
    }
    assert_eq!(circuit.admits(&PROFILE, at(0)), Admission::Pass);
}

#[test]
fn one_probes_and_after_his_lease_another_may() {
    let (probing, lease) = leased(&opened(0), 1, 30);
    assert_eq!(lease.ends_at, at(30) + Duration::from_secs(10) + SKEW);
    assert_eq!(probing.admits(&PROFILE, at(31)), Admission::Refused(at(31) + PROBE_TAKES));
    assert_eq!(probing.probed_by(&owner(2), Duration::from_secs(10), &PROFILE, at(44)), None);
    let (taken_over, second) = leased(&probing, 2, 45);
    assert_eq!(second.owner, owner(2));
    // The first one comes late: his word counts no more.
    assert_eq!(taken_over.after_probe(&lease, Probed::Well, &PROFILE, at(46)), taken_over);
    assert!(matches!(taken_over.after_probe(&second, Probed::Well, &PROFILE, at(46)), Circuit::Trial { .. }));
}

#[test]
fn a_failed_probe_doubles_the_rest_up_to_its_bound() {
    let (mut circuit, mut second) = (opened(0), 30);
    for rest in [60, 120, 120] {
        let (probing, lease) = leased(&circuit, 1, second);
        circuit = probing.after_probe(&lease, Probed::Failed, &PROFILE, at(second));
        second += rest;
        assert_eq!(circuit.standing(), Some(("open", Some(at(second)))));
    }
}

#[test]
fn on_trial_the_first_call_decides_and_earlier_ones_do_not() {
    let (probing, lease) = leased(&opened(0), 1, 30);
    let trial = probing.after_probe(&lease, Probed::Well, &PROFILE, at(31));
    assert_eq!(trial.admits(&PROFILE, at(31)), Admission::Pass);
    assert_eq!(trial.after_success(at(30)), trial, "it began before the trial");
    let old = failure(100, 32);
    assert_eq!(trial.after_failure(&old, at(30), &PROFILE, at(32)), trial, "it began before the trial");
    assert_eq!(trial.after_success(at(31)), Circuit::default());
    let again = trial.after_failure(&old, at(31), &PROFILE, at(32));
    assert_eq!(again.standing(), Some(("open", Some(at(92)))), "a minute instead of half of one");
}

#[test]
fn the_account_that_opened_it_alone_does_not_keep_it_open_for_the_others() {
    let mut circuit = Circuit::default();
    for id in 0..5 {
        circuit = fail(&circuit, &failure(id, 0));
    }
    let (probing, lease) = leased(&circuit, 1, 30);
    let trial = probing.after_probe(&lease, Probed::Well, &PROFILE, at(30));
    let suspect = fail(&trial, &failure(10, 31));
    assert_eq!(suspect.admits(&PROFILE, at(31)), Admission::Pass, "it may be that account's own trouble");
    assert_eq!(suspect.after_success(at(31)), Circuit::default());
    let other = Failure { subject: 2, ..failure(11, 31) };
    assert!(matches!(fail(&trial, &other), Circuit::Open { .. }), "it is not");
    let broken = Failure { is_of_connection: true, ..failure(12, 31) };
    assert!(matches!(fail(&trial, &broken), Circuit::Open { .. }));
    let mut alone = trial;
    for id in 20..25 {
        alone = fail(&alone, &failure(id, 31));
    }
    assert_eq!(alone.standing(), Some(("open", Some(at(91)))), "with nobody else there, it is all there is to go by");
}

#[test]
fn a_rest_that_a_wrong_clock_made_too_long_is_not_kept() {
    let circuit = opened(100_000);
    assert_eq!(circuit.admits(&PROFILE, at(0)), Admission::Probe);
}

#[test]
fn the_record_is_what_it_was_after_the_store() {
    let mut circuits = Circuits::of(BankId::parse("bank").unwrap());
    circuits.set(Operation::Balances, opened(0));
    circuits.set(Operation::Accounts, fail(&Circuit::default(), &failure(7, 0)));
    circuits.set(Operation::Metadata, leased(&opened(0), 1, 40).0);
    circuits.set(Operation::Account, Circuit::default());
    assert_eq!(circuits.operations.len(), 3, "what has nothing to tell takes no place");
    let value = ciborium::Value::serialized(&circuits).unwrap();
    assert_eq!(value.deserialized::<Circuits>().unwrap(), circuits);
}

#[derive(Clone, Debug)]
struct Seen {
    second: i64,
    subject: u32,
    is_of_connection: bool,
    others_are_well: bool,
}

prop_compose! {
    fn seen()(second in 0_i64..200, subject in 0_u32..4, is_of_connection: bool, others_are_well: bool) -> Seen {
        Seen { second, subject, is_of_connection, others_are_well }
    }
}

/// Whether these failures, told in this order, open it: counted anew at each.
fn naive(told: &[Seen]) -> Option<usize> {
    (1..=told.len()).find(|count| {
        let now = told[*count - 1].second;
        let within: Vec<_> = told[..*count].iter().filter(|seen| now - seen.second < 60).collect();
        let is_general = |seen: &&&Seen| seen.is_of_connection || !seen.others_are_well;
        let general = within.iter().filter(is_general).count();
        let single: BTreeSet<_> = within.iter().filter(|seen| !is_general(seen)).map(|seen| seen.subject).collect();
        general + single.len() >= 5
    })
}

proptest! {
    #[test]
    fn it_opens_exactly_when_a_naive_count_says_so(mut told in prop::collection::vec(seen(), 0..40)) {
        told.sort_by_key(|seen| seen.second);
        let mut circuit = Circuit::default();
        let mut opened = None;
        for (number, seen) in told.iter().enumerate() {
            let Seen { second, subject, is_of_connection, others_are_well } = *seen;
            let failure = Failure { subject, is_of_connection, others_are_well, ..failure(number as u64, second) };
            circuit = fail(&circuit, &failure);
            if opened.is_none() && matches!(circuit, Circuit::Open { .. }) {
                opened = Some(number + 1);
            }
        }
        prop_assert_eq!(opened, naive(&told));
    }

    #[test]
    fn one_subject_among_well_ones_never_opens_it(seconds in prop::collection::vec(0_i64..100, 0..60)) {
        let mut circuit = Circuit::default();
        for (number, second) in seconds.into_iter().enumerate() {
            let failure = Failure { others_are_well: true, ..failure(number as u64, second) };
            circuit = circuit.after_failure(&failure, failure.failed_at, &PROFILE, at(100));
            prop_assert_eq!(circuit.admits(&PROFILE, at(100)), Admission::Pass);
        }
    }

    #[test]
    fn a_witness_knows_what_a_full_list_knows(
        told in prop::collection::vec((0_u32..3, any::<bool>(), 0_i64..20), 0..30),
        subject in 0_u32..3,
    ) {
        let (mut witness, mut now) = (Witness::default(), 0);
        let mut list = Vec::new();
        for (whose, good, gap) in told {
            now += gap;
            list.push((whose, good, now));
            if good { witness.saw_success(whose, at(now)) } else { witness.saw_failure(whose, at(now)) }
        }
        let last = |good: bool| list.iter().rposition(|(whose, was, _)| *whose != subject && *was == good);
        let naive = last(true).is_some_and(|place| now - list[place].2 < 60 && last(false).is_none_or(|bad| bad < place));
        prop_assert_eq!(witness.others_are_well(subject, PROFILE.window(), at(now)), naive);
    }

    #[test]
    fn at_most_one_holds_a_probe_at_a_time(tries in prop::collection::vec((0_u8..5, 0_i64..10), 1..40)) {
        let (mut circuit, mut now) = (opened(0), 25);
        let mut held: Option<Lease> = None;
        for (by, gap) in tries {
            now += gap;
            if let Some(next) = circuit.probed_by(&owner(by), Duration::from_secs(10), &PROFILE, at(now)) {
                let Circuit::Probing { lease, .. } = &next else { panic!("{next:?}") };
                prop_assert!(held.is_none_or(|held| held.ends_at <= at(now)));
                prop_assert!(now >= 30);
                held = Some(lease.clone());
                circuit = next;
            }
        }
    }
}
