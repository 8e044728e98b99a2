//! Which changes are worth which event.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        code_hash::CodeHash,
        consent::ConsentTerms,
        event::{FirstEnd, Need},
        ids::{BankId, Pseudonym, SessionId, TenantId},
        session::{Access, LapseReason},
    },
    testing::samples,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn begun() -> Session {
    let (tenant, bank) = (TenantId::parse("acme").unwrap(), BankId::parse("bank").unwrap());
    Session::begun(SessionId::from_random([1; 16]), tenant, bank, Pseudonym::from_hash([0; 32]), NOW)
}

fn connected_by(code: &[u8]) -> Session {
    let access = samples::access(NOW);
    let consent = ConsentTerms { valid_until: Some("1970-03-31".parse().unwrap()), ..access.consent };
    let access = Access { consent, activation: CodeHash::of(code), ..access };
    Session { access: Some(access), ..begun() }
}

fn lapsed(reason: LapseReason) -> Session {
    let mut session = connected_by(b"code");
    session.note_lapse(reason, NOW);
    session
}

fn ended(reason: LapseReason) -> Vec<News> {
    vec![News::Ended { reason: Some(reason) }]
}

#[test]
fn a_consent_in_force_connects_once_and_a_renewal_connects_again() {
    let (first, second) = (connected_by(b"one"), connected_by(b"two"));
    assert_eq!(between(&begun(), &first), [News::Connected]);
    assert_eq!(between(&first, &first), []);
    assert_eq!(between(&first, &second), [News::Connected]);
    assert_eq!(between(&lapsed(LapseReason::ConsentExpired), &second), [News::Connected]);
}

#[test]
fn every_end_tells_why_and_only_once() {
    let before = connected_by(b"code");
    for reason in [LapseReason::ConsentExpired, LapseReason::ConsentRevoked, LapseReason::GrantRefused] {
        let after = lapsed(reason);
        assert_eq!(between(&before, &after), ended(reason));
        assert_eq!(between(&after, &after), []);
    }
    let mut yielded = before.clone();
    yielded.yield_to_newer(NOW);
    assert_eq!(between(&before, &yielded), ended(LapseReason::ConsentReplaced));
    let mut closed = before.clone();
    closed.end(NOW);
    assert_eq!(between(&before, &closed), [News::Ended { reason: None }]);
    assert_eq!(between(&lapsed(LapseReason::TokenLost), &closed), [News::Ended { reason: None }]);
    assert_eq!(between(&closed, &closed), []);
}

#[test]
fn a_token_that_was_not_lost_after_all_connects_again() {
    let before = lapsed(LapseReason::TokenLost);
    let mut after = before.clone();
    after.find_token();
    assert_eq!(between(&before, &after), [News::Connected]);
}

#[test]
fn an_authorisation_that_came_to_nothing_is_told_where_no_consent_is_in_force() {
    let mut after = begun();
    after.abandon_attempt(LapseReason::ScaDenied, NOW);
    assert_eq!(between(&begun(), &after), ended(LapseReason::ScaDenied));
    let before = connected_by(b"code");
    let mut still = before.clone();
    still.abandon_attempt(LapseReason::ScaDenied, NOW);
    assert_eq!(between(&before, &still), [], "the consent in force stays");
}

#[test]
fn reminders_and_needs_are_told_when_they_change() {
    let before = connected_by(b"code");
    let mut after = before.clone();
    after.access.as_mut().unwrap().reminded = Some(14);
    let ends_at = "1970-04-01T00:00:00Z".parse().unwrap();
    assert_eq!(between(&before, &after), [News::RenewalDue { days: 14, what: FirstEnd::Consent, ends_at }]);
    assert_eq!(between(&after, &after), []);
    let mut needing = after.clone();
    needing.access.as_mut().unwrap().needs = Some(Need::BringPsu);
    assert_eq!(between(&after, &needing), [News::ActionNeeded { action: Need::BringPsu }]);
    assert_eq!(between(&needing, &needing), []);
    assert_eq!(between(&needing, &after), [], "that it works again is no event");
}

#[test]
fn each_reminder_is_due_once_and_only_the_closest_of_those_that_were_slept_through() {
    let mut session = connected_by(b"code");
    let ends_at = session.access.as_ref().unwrap().ends_at().unwrap();
    let mut due = Vec::new();
    for hours in 0..=(90 * 24) {
        let now = NOW + Duration::from_hours(hours);
        let access = session.access.as_mut().unwrap();
        if let Some(days) = access.due_reminder(now) {
            assert_eq!(access.next_reminder_at(), Some(now), "it was due at this hour");
            access.reminded = Some(days);
            due.push((days, ends_at.duration_since(now).as_hours() / 24));
            assert_eq!(access.due_reminder(now), None);
        }
    }
    assert_eq!(due, [(30, 30), (14, 14), (7, 7), (1, 1)]);
    let asleep = connected_by(b"code").access.unwrap();
    assert_eq!(asleep.due_reminder(ends_at - Duration::from_hours(10 * 24)), Some(14));
}

#[test]
fn a_consent_that_is_short_from_the_start_is_not_announced_to_end_in_more_days_than_it_has() {
    let mut access = connected_by(b"code").access.unwrap();
    access.consent.valid_until = Some("1970-01-10".parse().unwrap());
    assert_eq!(access.due_reminder(NOW), None);
    assert_eq!(access.next_reminder_at(), Some(NOW + Duration::from_hours(3 * 24)));
    access.grant.chain_ends_at = Some(NOW + Duration::from_hours(2 * 24));
    assert_eq!(access.next_reminder_at(), Some(NOW + Duration::from_hours(24)), "the chain ends first");
    access.reminded = Some(1);
    assert_eq!(access.next_reminder_at(), None);
}

#[test]
fn upkeep_looks_at_reminders_and_at_the_end() {
    let mut session = connected_by(b"code");
    session.schedule();
    let ends_at = session.access.as_ref().unwrap().ends_at().unwrap();
    assert_eq!(session.due_at, Some(ends_at - Duration::from_hours(30 * 24)));
    session.access.as_mut().unwrap().reminded = Some(1);
    session.schedule();
    assert_eq!(session.due_at, Some(ends_at));
    session.note_lapse(LapseReason::ConsentExpired, ends_at);
    assert_eq!(session.due_at, None);
}
