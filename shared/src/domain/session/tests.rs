//! The life of a session, step by step.

use std::time::Duration;

use super::*;
use crate::testing::samples;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn session() -> Session {
    let id = SessionId::from_random([1; 16]);
    let (tenant, bank) = (TenantId::parse("acme").unwrap(), BankId::parse("bank").unwrap());
    Session::begun(id, tenant, bank, Pseudonym::from_hash([0; 32]), NOW)
}

fn access() -> Access {
    let access = samples::access(NOW);
    let consent = ConsentTerms { valid_until: Some("1970-01-10".parse().unwrap()), ..access.consent };
    let (stale_at, ends_at) = (Some(NOW), Some(NOW));
    let grant = StoredGrant { access_stale_at: stale_at, access_ends_at: ends_at, refreshable: true, ..access.grant };
    Access { consent, grant, ..access }
}

fn attempt(stage: AttemptStage) -> Attempt {
    Attempt {
        flow: FlowId::from_hash([0; 32]),
        return_url: "https://crm.example/back".parse().unwrap(),
        started_at: NOW,
        expires_at: NOW + Duration::from_mins(1),
        look_again_at: None,
        stage,
        kept: None,
        is_decoupled: false,
        ends_others: false,
    }
}

#[test]
fn the_status_follows_the_attempt_until_there_is_access() {
    let mut session = session();
    assert_eq!(session.status(NOW), SessionStatus::RenewalRequired);
    session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
    assert_eq!(session.status(NOW), SessionStatus::AwaitingPsu);
    session.attempt = Some(attempt(AttemptStage::AwaitingActivation(Box::new(access()))));
    assert_eq!(session.status(NOW), SessionStatus::AwaitingActivation);
    session.access = Some(access());
    assert_eq!(session.status(NOW), SessionStatus::Active);
}

#[test]
fn an_attempt_that_ran_out_says_so_without_anybody_writing() {
    let mut session = session();
    session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
    let late = NOW + Duration::from_mins(1);
    assert_eq!(session.status(late), SessionStatus::RenewalRequired);
    assert_eq!(session.lapse_reason(late), Some(LapseReason::ScaExpired));
}

#[test]
fn a_consent_works_through_its_last_day_and_no_longer() {
    let mut session = session();
    session.access = Some(access());
    let last: Timestamp = "1970-01-10T23:59:59Z".parse().unwrap();
    assert!(session.working_access(last).is_some());
    let after: Timestamp = "1970-01-11T00:00:00Z".parse().unwrap();
    assert!(session.working_access(after).is_none());
    assert_eq!(session.lapse_reason(after), Some(LapseReason::ConsentExpired));
}

#[test]
fn a_failed_renewal_leaves_the_consent_in_force() {
    let mut session = session();
    session.access = Some(access());
    session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
    assert_eq!(session.status(NOW + Duration::from_hours(1)), SessionStatus::Active);
}

#[test]
fn ending_is_at_once_for_the_crm_and_destroys_the_grant_when_the_bank_is_done() {
    let mut session = session();
    session.access = Some(access());
    session.end(NOW);
    assert_eq!(session.status(NOW), SessionStatus::Ending);
    assert!(session.working_access(NOW).is_none());
    assert_eq!(session.due_at, Some(NOW));

    session.retiring[0].consent = StepState::Done;
    session.settle();
    assert!(session.retiring[0].grant.is_some());
    session.retiring[0].tokens = StepState::NotSupported;
    session.settle();
    assert!(session.retiring[0].grant.is_none());
    assert_eq!(session.status(NOW), SessionStatus::Ending, "the last good answers are still there");
    session.note_erasure(true, NOW);
    assert_eq!(session.status(NOW), SessionStatus::Ended);
    let second_look = session.due_at.unwrap();
    session.note_erasure(true, second_look);
    assert_eq!(session.due_at, None);
}

#[test]
fn ending_a_session_that_never_got_anywhere_leaves_nothing_to_do() {
    let mut session = session();
    session.attempt = Some(attempt(AttemptStage::AwaitingPsu));
    session.end(NOW);
    assert_eq!(session.status(NOW), SessionStatus::Ended);
    assert_eq!(session.due_at, None);
}

#[test]
fn a_grant_awaiting_activation_is_ended_too() {
    let mut session = session();
    session.attempt = Some(attempt(AttemptStage::AwaitingActivation(Box::new(access()))));
    session.end(NOW);
    assert_eq!(session.status(NOW), SessionStatus::Ending);
    assert_eq!(session.retiring.len(), 1);
}

#[test]
fn generations_only_rise() {
    let mut session = session();
    assert_eq!((session.next_generation(), session.next_generation()), (1, 2));
}

#[test]
fn a_token_that_counted_as_lost_can_be_found_and_nothing_else() {
    let mut session = session();
    session.note_lapse(LapseReason::TokenLost, NOW);
    session.find_token();
    assert_eq!(session.lapse, None);
    session.note_lapse(LapseReason::GrantRefused, NOW);
    session.find_token();
    assert!(session.lapse.is_some());
}

/// During a rolling deployment, and after it, both releases read what the other one wrote (F10).
mod releases {
    use serde_json::{Value, json};

    use super::*;

    /// A session as the first release wrote it, with everything in it. Never changed: what is in a store stays there.
    const OF_THE_FIRST: &str = include_str!("../../../tests/stored/first-release.json");

    #[test]
    fn reads_what_the_first_release_wrote() {
        let session: Session = serde_json::from_str(OF_THE_FIRST).unwrap();
        assert_eq!(session.status(NOW), SessionStatus::Active);
        assert_eq!(session.retiring.len(), 1);
        assert!(session.access.unwrap().refresh.lease.is_some());
    }

    #[test]
    fn passes_over_what_a_later_release_adds() {
        let mut later: Value = serde_json::from_str(OF_THE_FIRST).unwrap();
        for place in ["", "/access", "/access/consent", "/access/grant", "/access/refresh", "/attempt", "/retiring/0"] {
            later.pointer_mut(place).unwrap()["of_a_later_release"] = json!({"more": [1]});
        }
        let session: Session = serde_json::from_value(later).unwrap();
        assert_eq!(session.status(NOW), SessionStatus::Active);
    }
}

#[test]
fn nothing_is_refreshed_by_itself_where_no_consent_works() {
    let due = || {
        let mut session = session();
        session.access = Some(access());
        (session.balances_due_at, session.tokens_due_at) = (Some(NOW), Some(NOW));
        session
    };
    let ends: [fn(&mut Session); 3] = [
        |session| session.end(NOW),
        |session| session.yield_to_newer(NOW),
        |session| session.note_lapse(LapseReason::TokenLost, NOW),
    ];
    for end in ends {
        let mut session = due();
        end(&mut session);
        assert_eq!((session.balances_due_at, session.tokens_due_at), (None, None));
    }
    let mut session = due();
    session.note_lapse(LapseReason::TokenLost, NOW);
    session.find_token();
    assert_eq!((session.balances_due_at, session.tokens_due_at), (Some(NOW), Some(NOW)), "due, and so put in order");
}
