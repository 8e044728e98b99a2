//! The machine against a model that looks at everything that was met each time anew.

use proptest::prelude::*;

use super::*;

fn bank() -> BankId {
    BankId::parse("bank").unwrap()
}

fn watch() -> Watch {
    Watch::new(bank(), Job::RefreshBalances, Cycle(0))
}

fn owner(name: u8) -> OwnerId {
    OwnerId::from_random([name; 16])
}

fn begin(found: Option<&Watch>, cycle: i64, name: u8, second: i64) -> Begin {
    let now = Timestamp::from_second(second).unwrap();
    Watch::begin(found, &bank(), Job::RefreshBalances, Cycle(cycle), &owner(name), now)
}

fn failure(kind: &str, of_customer: bool) -> Met {
    Met::Failure { kind: kind.to_owned(), of_customer }
}

fn answers(text: &str) -> Met {
    Met::Answers(forms_of(text.as_bytes()))
}

fn knowing(failures: &[&str], answer: &str) -> Watch {
    let mut watch = watch();
    watch.learn(&failures.iter().map(|kind| (*kind).to_owned()).collect(), &forms_of(answer.as_bytes()), Cycle(0));
    watch
}

#[test]
fn one_run_sends_canaries_and_whoever_dies_over_it_is_followed() {
    let Begin::Lead(lead) = begin(None, 7, 1, 0) else { panic!("the first leads") };
    let ends = Timestamp::from_second(40).unwrap();
    assert_eq!(begin(Some(&lead), 7, 2, 39), Begin::Elsewhere(ends));
    assert!(matches!(begin(Some(&lead), 7, 1, 39), Begin::Lead(_)), "it may go on with its own");
    assert!(matches!(begin(Some(&lead), 7, 2, 40), Begin::Lead(_)));
    let open = Watch { state: State::Open, ..*lead.clone() };
    assert_eq!(begin(Some(&open), 7, 2, 50), Begin::Open);
    assert_eq!(begin(Some(&open), 6, 2, 50), Begin::Open, "a clock that is behind begins nothing anew");
    assert!(matches!(begin(Some(&open), 8, 2, 50), Begin::Lead(_)));
    let stopped = Watch { state: State::Stopped, ..*lead };
    assert_eq!(begin(Some(&stopped), 7, 2, 50), Begin::Stopped);
    assert!(matches!(begin(Some(&stopped), 8, 2, 50), Begin::Lead(_)), "the next cycle goes on");
}

#[test]
fn the_first_cycle_learns_forms_and_stops_at_failures() {
    let mut trial = Trial::new(watch(), Cycle(0), 3, 0, 0);
    assert_eq!(trial.met(answers(r#"{"a":1}"#)), None);
    assert_eq!(trial.met(answers(r#"{"a":1,"b":"x"}"#)), None);
    assert_eq!(trial.met(failure("bank_timeout", false)), Some(Stop::NewFailure("bank_timeout".to_owned())));
}

#[test]
fn a_new_form_stops_once_and_is_known_in_the_next_cycle() {
    let mut watch = knowing(&[], r#"{"a":1}"#);
    let mut trial = Trial::new(watch.clone(), Cycle(1), 3, 0, 0);
    assert_eq!(trial.met(answers(r#"{"a":2}"#)), None);
    assert_eq!(trial.met(answers(r#"{"a":"2"}"#)), Some(Stop::NewForm));
    let (failures, forms) = trial.take_news();
    watch.learn(&failures, &forms, Cycle(1));
    let mut next = Trial::new(watch, Cycle(2), 3, 0, 0);
    assert_eq!(next.met(answers(r#"{"a":"2"}"#)), None);
}

#[test]
fn what_is_the_customers_stops_only_if_it_is_most_of_them() {
    let mut trial = Trial::new(knowing(&["consent_lost"], "{}"), Cycle(1), 3, 0, 0);
    assert_eq!(trial.met(failure("consent_lost", true)), None);
    assert_eq!(trial.met(answers("{}")), None);
    assert_eq!(trial.met(failure("consent_lost", true)), Some(Stop::Failures));
}

#[test]
fn failures_in_a_row_stop_after_the_canaries_too() {
    let mut trial = Trial::new(knowing(&["bank_unavailable"], "{}"), Cycle(1), 2, 0, 0);
    let known = || failure("bank_unavailable", false);
    for met in [answers("{}"), answers("{}"), known(), known(), answers("{}"), known(), known()] {
        assert_eq!(trial.met(met), None);
    }
    assert!(trial.is_over());
    assert_eq!(trial.met(known()), Some(Stop::Failures));
    assert_eq!(trial.met(known()), None, "it is told once");
}

#[test]
fn a_bank_without_canaries_is_never_stopped() {
    let mut trial = Trial::new(watch(), Cycle(1), 0, 0, 0);
    for _ in 0..20 {
        assert_eq!(trial.met(failure("bank_unavailable", false)), None);
    }
}

#[test]
fn what_has_not_been_met_for_a_week_is_new_again() {
    let known = knowing(&["bank_unavailable"], "{}");
    for (cycle, expected) in [(168, None), (169, Some(Stop::NewFailure("bank_unavailable".to_owned())))] {
        let mut trial = Trial::new(known.clone(), Cycle(cycle), 5, 0, 0);
        assert_eq!(trial.met(failure("bank_unavailable", false)), expected, "{cycle}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut watch = watch();
    for cycle in 0..40 {
        let text = format!("{{{}}}", (0..50).map(|n| format!("\"m{cycle}x{n}\":1")).collect::<Vec<_>>().join(","));
        watch.learn(&BTreeSet::new(), &forms_of(text.as_bytes()), Cycle(cycle));
    }
    assert_eq!(watch.forms.len(), MOST_FORMS);
    assert!(watch.forms.values().all(|last| *last > Cycle(15)), "the oldest went");
}

/// When a run is stopped, by the rules as they are written, over all that was met so far.
fn model(known: &Watch, wanted: usize, met: &[Met]) -> bool {
    (1..=met.len()).any(|length| {
        let so_far = met.get(..length).unwrap();
        let canaries = so_far.get(..wanted.min(length)).unwrap();
        let news = canaries.iter().any(|met| match met {
            Met::Failure { kind, of_customer } => !of_customer && !known.failures.contains_key(kind),
            Met::Answers(forms) => !known.forms.is_empty() && forms.iter().any(|form| !known.forms.contains_key(form)),
        });
        let is_failure = |met: &&Met| matches!(met, Met::Failure { .. });
        let most = canaries.iter().filter(is_failure).count() * 2 > wanted;
        let in_a_row = so_far.iter().rev().take_while(is_failure).count() >= wanted.max(3);
        wanted > 0 && (news || most || in_a_row)
    })
}

fn any_met() -> impl Strategy<Value = Met> {
    prop_oneof![
        4 => Just(answers(r#"{"a":1}"#)),
        1 => Just(answers(r#"{"b":1}"#)),
        2 => Just(failure("known", false)),
        1 => Just(failure("unknown", false)),
        2 => Just(failure("consent_lost", true)),
    ]
}

proptest! {
    #[test]
    fn stops_when_the_rules_say_so_and_says_it_once(
        met in proptest::collection::vec(any_met(), 0..14),
        wanted in 0_u32..5,
        has_learned: bool,
    ) {
        let known = if has_learned { knowing(&["known"], r#"{"a":1}"#) } else { watch() };
        let mut trial = Trial::new(known.clone(), Cycle(1), wanted, 0, 0);
        let told = met.iter().filter(|met| trial.met((*met).clone()).is_some()).count();
        let expected = model(&known, wanted as usize, &met);
        prop_assert_eq!((told == 1, trial.is_stopped()), (expected, expected));
        prop_assert!(told <= 1);
        prop_assert_eq!(trial.is_over(), met.len() >= wanted as usize);
    }
}
