use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        data_kind::DataKind,
        event::News,
        grant::StoredGrant,
        ids::{AccountId, BankId, Pseudonym, SessionId, TenantId},
        ledger::LedgerKey,
        session::{Access, SessionStatus},
    },
    testing::samples,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn session() -> Session {
    let id = SessionId::from_random([1; 16]);
    let (tenant, bank) = (TenantId::parse("acme").unwrap(), BankId::parse("bank").unwrap());
    let access = samples::access(NOW);
    let grant = StoredGrant { refreshable: true, chain_ends_at: None, ..access.grant };
    let mut consent = access.consent;
    consent.valid_until = None;
    let mut session = Session::begun(id, tenant, bank, Pseudonym::from_hash([0; 32]), NOW);
    session.access = Some(Access { consent, grant, ..samples::access(NOW) });
    session.balances_due_at = Some(NOW);
    session
}

fn key() -> LedgerKey {
    LedgerKey::of(&AccountId::from_hash([2; 16]), DataKind::Balances)
}

#[test]
fn a_token_that_a_family_may_have_replaced_is_given_up_and_no_other() {
    for (rotation, refreshed, expected) in [
        (Some(Rotation::Family), true, true),
        (Some(Rotation::Family), false, false),
        (Some(Rotation::Grace), true, false),
        (Some(Rotation::None), true, false),
        (None, true, false),
    ] {
        let mut session = session();
        let forgotten = Forgotten { refreshed, ..Forgotten::default() };
        assert_eq!(session.settle_restore(forgotten, rotation, NOW, NOW), expected, "{rotation:?} {refreshed}");
        let status = if expected { SessionStatus::RenewalRequired } else { SessionStatus::Active };
        assert_eq!(session.status(NOW), status);
        assert_eq!(session.balances_due_at.is_none(), expected, "nobody comes to it without being asked");
    }
}

#[test]
fn what_has_no_refresh_token_or_works_no_more_has_nothing_to_give_up() {
    let family = Some(Rotation::Family);
    let mut without = session();
    without.access.as_mut().unwrap().grant.refreshable = false;
    assert!(!without.settle_restore(Forgotten::ANYTHING, family, NOW, NOW));
    let mut lapsed = session();
    lapsed.note_lapse(LapseReason::ConsentRevoked, NOW);
    assert!(!lapsed.settle_restore(Forgotten::ANYTHING, family, NOW, NOW));
    assert_eq!(lapsed.lapse_reason(NOW), Some(LapseReason::ConsentRevoked));
    let mut ended = session();
    ended.end(NOW);
    let before = ended.ledger.clone();
    assert!(!ended.settle_restore(Forgotten::ANYTHING, family, NOW, NOW));
    assert_eq!(ended.ledger, before);
}

#[test]
fn no_event_gets_the_number_of_one_that_was_sent_and_forgotten() {
    let mut session = session();
    session.tell(News::Connected, NOW);
    session.settle_restore(Forgotten::default(), None, NOW, NOW);
    session.tell(News::Connected, NOW);
    let numbers: Vec<_> = session.outbox.pending.iter().map(|event| event.number).collect();
    assert_eq!(numbers, [1, 1002]);
    assert!(session.event_taken(1, NOW));
    assert_eq!(session.outbox.missed(), 1000);
}

proptest! {
    /// Whatever was read before the store was put back and after, no day has more reads than are allowed: those in the
    /// restored ledger, those forgotten, and those after.
    #[test]
    fn no_day_has_more_reads_for_a_restore(
        kept in proptest::collection::vec(0_u64..90_000, 0..4),
        forgotten in proptest::collection::vec(0_u64..90_000, 0..5),
        lost in 1_u64..200_000,
        tries in proptest::collection::vec(0_u64..20_000, 0..60),
    ) {
        let mut session = session();
        let mut now = NOW;
        let mut reads = Vec::new();
        for pause in kept {
            now += Duration::from_secs(pause);
            if session.ledger.reserve(&[key()], 4, now).is_ok() {
                reads.push(now);
            }
        }
        // What happened meanwhile was within the limit, by a ledger that is gone.
        let mut gone = session.ledger.clone();
        let mut then = now;
        let lost_until = now + Duration::from_secs(lost);
        for pause in forgotten {
            then += Duration::from_secs(pause);
            if then <= lost_until && gone.reserve(&[key()], 4, then).is_ok() {
                reads.push(then);
            }
        }
        now = lost_until;
        session.settle_restore(Forgotten::ANYTHING, None, lost_until, now);
        for pause in tries {
            now += Duration::from_secs(pause);
            if session.ledger.reserve(&[key()], 4, now).is_ok() {
                reads.push(now);
            }
        }
        for first in &reads {
            let day = reads.iter().filter(|read| *read >= first && read.duration_since(*first).as_secs() < 24 * 3600);
            prop_assert!(day.count() <= 4, "{reads:?}");
        }
        let late = now + Duration::from_hours(49);
        prop_assert!(session.ledger.reserve(&[key()], 4, late).is_ok(), "nobody is locked out for ever");
    }
}
