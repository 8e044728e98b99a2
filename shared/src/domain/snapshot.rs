//! The last good answer of a bank to a question without the PSU, kept for when the bank cannot be asked.
//!
//! It is sealed for its place and for the instant at which the bank answered: a ciphertext that was moved to another
//! document, or dated anew, does not open. What is told of its age is therefore always true.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    data_kind::DataKind,
    ids::{AccountId, SessionId, SnapshotId, TenantId},
    place::Place,
    sealed::Sealed,
    session::Session,
};

/// How long an answer is kept: 30 days.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// One last good answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// In which session it was given.
    pub session: SessionId,
    /// Whose session that is.
    pub tenant: TenantId,
    /// What was asked for.
    pub kind: DataKind,
    /// About which account; none if it is about all.
    pub account: Option<AccountId>,
    /// When the bank answered, in whole milliseconds.
    pub as_of_at: Timestamp,
    /// From when on it is not told any more.
    pub expires_at: Timestamp,
    /// The answer, in the hub's model and as the bank wrote it.
    pub sealed: Sealed,
}

/// Which answer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In which session.
    pub session: SessionId,
    /// Whose session that is.
    pub tenant: TenantId,
    /// What is asked for.
    pub kind: DataKind,
    /// About which account; none if it is about all.
    pub account: Option<AccountId>,
}

impl Question {
    /// A question in that session.
    pub fn of(session: &Session, kind: DataKind, account: Option<&AccountId>) -> Self {
        Self { session: session.id.clone(), tenant: session.tenant.clone(), kind, account: account.cloned() }
    }

    /// The name of the document with the answer.
    pub fn id(&self) -> SnapshotId {
        SnapshotId::of(&self.session, self.kind, self.account.as_ref())
    }

    /// Where the sealed answer of that instant lives.
    pub fn place(&self, as_of: Timestamp) -> Place {
        Place {
            collection: "snapshots",
            document: self.id().into(),
            field: "answer",
            tenant: self.tenant.clone(),
            generation: u64::try_from(as_of.as_millisecond()).unwrap_or(0),
        }
    }

    /// The sealed answer of that instant, under a consent that ends then, as it is kept.
    pub fn answered(self, as_of: Timestamp, consent_ends_at: Option<Timestamp>, sealed: Sealed) -> Snapshot {
        let Self { session, tenant, kind, account } = self;
        let expires_at = end_of(as_of);
        let expires_at = consent_ends_at.map_or(expires_at, |end| end.min(expires_at));
        Snapshot { session, tenant, kind, account, as_of_at: as_of, expires_at, sealed }
    }
}

impl Snapshot {
    /// The document's name.
    pub fn id(&self) -> SnapshotId {
        SnapshotId::of(&self.session, self.kind, self.account.as_ref())
    }

    /// Where the sealed answer lives.
    pub fn place(&self) -> Place {
        let Self { session, tenant, kind, account, .. } = self.clone();
        Question { session, tenant, kind, account }.place(self.as_of_at)
    }

    /// Whether it may still be told. What stands in clear is not believed beyond what the sealed instant allows.
    pub fn is_current(&self, now: Timestamp) -> bool {
        now < self.expires_at.min(end_of(self.as_of_at))
    }
}

/// The instant in whole milliseconds, rounded down: what an answer's seal is bound to.
pub fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn end_of(as_of: Timestamp) -> Timestamp {
    as_of.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question() -> Question {
        Question {
            session: SessionId::from_random([1; 16]),
            tenant: TenantId::parse("acme").unwrap(),
            kind: DataKind::Balances,
            account: Some(AccountId::from_hash([2; 16])),
        }
    }

    fn snapshot(as_of: Timestamp, consent_ends_at: Option<Timestamp>) -> Snapshot {
        question().answered(as_of, consent_ends_at, Sealed::from_bytes(vec![1]))
    }

    #[test]
    fn an_instant_of_its_own_is_a_place_of_its_own() {
        let as_of = Timestamp::UNIX_EPOCH + Duration::from_millis(1);
        assert_ne!(question().place(as_of), question().place(as_of + Duration::from_millis(1)));
        assert_eq!(snapshot(as_of, None).place(), question().place(as_of));
    }

    #[test]
    fn a_later_end_in_clear_is_not_believed() {
        let now = Timestamp::UNIX_EPOCH;
        let stretched = Snapshot { expires_at: Timestamp::MAX, ..snapshot(now, None) };
        assert!(
            stretched.is_current(now + KEPT_FOR - Duration::from_millis(1)) && !stretched.is_current(now + KEPT_FOR)
        );
    }

    proptest! {
        #[test]
        fn is_told_for_thirty_days_but_not_beyond_the_consent(consent in prop::option::of(0..60_u64), day in 0..60_u64) {
            let as_of = Timestamp::UNIX_EPOCH;
            let days = |days: u64| as_of + Duration::from_hours(24 * days);
            let told = snapshot(as_of, consent.map(days)).is_current(days(day));
            prop_assert_eq!(told, day < 30 && consent.is_none_or(|end| day < end));
        }

        #[test]
        fn whole_milliseconds_are_never_later(nanoseconds in 0..i64::MAX) {
            let at = Timestamp::from_nanosecond(nanoseconds.into()).unwrap();
            let whole = whole_milliseconds(at);
            prop_assert!(whole <= at && at.duration_since(whole).as_millis() == 0);
            prop_assert_eq!(whole_milliseconds(whole), whole);
        }
    }
}
