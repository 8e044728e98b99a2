//! Which run of a job works at which shard. The lease saves reads and bounds how much is under way at once; that nothing
//! is done twice is held by the sessions themselves, each of which is claimed by compare-and-set.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ids::OwnerId, refresh::SKEW};

/// How long a run may take, with what the clocks of two instances may be apart. The hub ends every request sooner.
pub const LEASE: Duration = Duration::from_secs(35).saturating_add(SKEW);

/// A job that refreshes what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Job {
    /// Reads balances.
    RefreshBalances,
    /// Refreshes tokens that would end for want of use.
    RefreshTokens,
}

impl Job {
    /// The name in routes, ids and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RefreshBalances => "refresh-balances",
            Self::RefreshTokens => "refresh-tokens",
        }
    }

    /// The field of a session that says when it is due.
    pub const fn due_field(self) -> &'static str {
        match self {
            Self::RefreshBalances => "balances_due_at",
            Self::RefreshTokens => "tokens_due_at",
        }
    }
}

/// The right to run a job over a shard, for a while, and how far runs have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLease {
    /// The job.
    pub job: Job,
    /// The shard.
    pub shard: u8,
    /// The run that holds it or held it last.
    pub owner: OwnerId,
    /// Until when; no later than now if it was given back.
    pub ends_at: Timestamp,
    /// The latest instant up to which everything that was due has been seen to.
    pub done_until_at: Option<Timestamp>,
}

/// What a run may do at a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Write this by compare-and-set, then work.
    Take(JobLease),
    /// Another run is at it until then at the latest.
    Running(Timestamp),
    /// Everything that was due then has been seen to: this is a second delivery.
    Done,
}

/// What a run may do at a shard that is to see to all that was due at that instant.
pub fn turn(
    found: Option<&JobLease>,
    job: Job,
    shard: u8,
    owner: &OwnerId,
    due_until: Timestamp,
    now: Timestamp,
) -> Turn {
    let done_until_at = found.and_then(|lease| lease.done_until_at);
    if done_until_at.is_some_and(|done| done >= due_until) {
        return Turn::Done;
    }
    match found {
        Some(lease) if lease.ends_at > now && lease.owner != *owner => Turn::Running(lease.ends_at),
        _ => Turn::Take(JobLease { job, shard, owner: owner.clone(), ends_at: now + LEASE, done_until_at }),
    }
}

impl JobLease {
    /// The lease given back. What was due at that instant has been seen to, if the run came to its end.
    #[must_use]
    pub fn given_back(&self, done_until: Option<Timestamp>, now: Timestamp) -> Self {
        Self { ends_at: now.min(self.ends_at), done_until_at: self.done_until_at.max(done_until), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner(name: u8) -> OwnerId {
        OwnerId::from_random([name; 16])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn take(found: Option<&JobLease>, name: u8, due: i64, now: i64) -> Turn {
        turn(found, Job::RefreshTokens, 3, &owner(name), at(due), at(now))
    }

    #[test]
    fn a_second_run_finds_the_first_and_a_dead_one_s_lease_ends() {
        let Turn::Take(lease) = take(None, 1, 0, 0) else { panic!("the first takes it") };
        assert_eq!(take(Some(&lease), 2, 0, 39), Turn::Running(at(40)));
        assert!(matches!(take(Some(&lease), 2, 0, 40), Turn::Take(_)));
    }

    #[test]
    fn a_second_delivery_of_what_is_done_does_nothing_and_the_next_run_does() {
        let Turn::Take(lease) = take(None, 1, 0, 0) else { panic!("the first takes it") };
        let done = lease.given_back(Some(at(0)), at(5));
        assert_eq!(take(Some(&done), 2, 0, 6), Turn::Done);
        assert!(matches!(take(Some(&done), 2, 300, 301), Turn::Take(_)));
        let cut_short = lease.given_back(None, at(20));
        assert!(matches!(take(Some(&cut_short), 2, 0, 20), Turn::Take(_)));
    }

    proptest! {
        /// Against a model that remembers every lease ever given: no two are alive at once, and nothing that is done is
        /// begun again.
        #[test]
        fn never_two_at_once(steps in proptest::collection::vec((0_u8..4, 0_i64..30, 0_i64..60, any::<bool>()), 1..60)) {
            let (mut found, mut now) = (None::<JobLease>, 0);
            let (mut alive, mut done) = (Vec::<(u8, i64)>::new(), None::<i64>);
            for (name, pause, back, gives_back) in steps {
                now += pause;
                let due = now - back;
                alive.retain(|(_, ends)| *ends > now);
                match take(found.as_ref(), name, due, now) {
                    Turn::Take(lease) => {
                        prop_assert!(alive.iter().all(|(holder, _)| *holder == name));
                        prop_assert!(done.is_none_or(|done| done < due));
                        alive = vec![(name, now + 40)];
                        found = Some(if gives_back {
                            alive.clear();
                            done = done.max(Some(due));
                            lease.given_back(Some(at(due)), at(now))
                        } else {
                            lease
                        });
                    }
                    Turn::Running(_) => prop_assert!(alive.iter().any(|(holder, _)| *holder != name)),
                    Turn::Done => prop_assert!(done.is_some_and(|done| done >= due)),
                }
            }
        }
    }
}
