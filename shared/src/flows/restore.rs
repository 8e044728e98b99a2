//! Makes a store usable that was put back to an earlier time (a backup, or a point in time). It must be done before anybody
//! uses the store, and calls no bank.
//!
//! What happened after that time is told by the audit stream, which is kept outside of the store: each call to a bank has
//! left a line there before its answer left (promise P11). Sessions without a line are as they were.

mod stream;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    change::{self, Decision},
    deps::Deps,
    trail::Trail,
    trouble::Trouble,
};
use crate::{
    domain::{
        audit::AuditEvent,
        bank::Rotation,
        ids::{BankId, SessionId},
        operation::Operation,
        session::{Forgotten, Session},
    },
    ports::{
        documents::{Collection, Query},
        store::Loaded,
    },
};

pub use stream::UnreadableStream;

/// How many sessions are read at once.
const PAGE: usize = 100;

/// What is known of the time that the store has forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: every session is taken to have been used.
    None,
    /// The audit stream's calls to banks, by session.
    Stream(BTreeMap<SessionId, Forgotten>),
}

/// What was done, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// Sessions in the store.
    pub sessions: u32,
    /// Of these, those whose reads without the PSU are closed for a day.
    pub closed: u32,
    /// Those whose refresh token was given up: their customers must renew.
    pub given_up: u32,
    /// Those at which something was ended at the bank: the CRM should end or renew them.
    pub ended_at_bank: Vec<SessionId>,
    /// Sessions of the stream that are not in the store: they began after that time, and are unknown now.
    pub unknown: Vec<SessionId>,
}

/// What a record of the audit stream says about its session; nothing if it speaks of no call to a bank.
fn forgotten_by(event: &AuditEvent) -> Option<Forgotten> {
    let AuditEvent::BankCalled { operation, .. } = event else { return None };
    let Some(operation) = Operation::ALL.into_iter().find(|known| known.name() == operation) else {
        return Some(Forgotten::default());
    };
    Some(Forgotten {
        // Also with the PSU: a record may say so where the bank was only told an address of ours.
        read: operation.is_data(),
        refreshed: operation == Operation::RefreshTokens,
        ended: matches!(operation, Operation::DeleteConsent | Operation::RevokeToken),
    })
}

/// Goes through every session. With `apply` each is made safe to use; else it is only told what would be done. May be run
/// again.
pub async fn run(
    deps: &Deps,
    trail: &Trail,
    evidence: &Evidence,
    lost_until: Timestamp,
    apply: bool,
) -> Result<Settled, Trouble> {
    let mut pass = Pass { deps, trail, lost_until, apply, settled: Settled::default() };
    let mut stream = match evidence {
        Evidence::None => None,
        Evidence::Stream(sessions) => Some(sessions.clone()),
    };
    let mut after = None;
    loop {
        let query = Query { collection: Collection::Sessions, equal: vec![], until: None, after, limit: PAGE };
        let sessions: Vec<Loaded<Session>> = deps.store.find(&query).await?;
        after = sessions.last().map(|last| last.record.id.as_str().to_owned());
        let is_last = sessions.len() < PAGE;
        for loaded in sessions {
            let told = stream.as_mut().map(|told| told.remove(&loaded.record.id).unwrap_or_default());
            if told.is_some_and(|told| told.ended) && loaded.record.ended_at.is_none() {
                pass.settled.ended_at_bank.push(loaded.record.id.clone());
            }
            pass.see_to(loaded, told.unwrap_or(Forgotten::ANYTHING)).await?;
        }
        if is_last {
            pass.settled.unknown = stream.into_iter().flatten().map(|(session, _)| session).collect();
            return Ok(pass.settled);
        }
    }
}

struct Pass<'a> {
    deps: &'a Deps,
    trail: &'a Trail,
    lost_until: Timestamp,
    apply: bool,
    settled: Settled,
}

impl Pass<'_> {
    async fn see_to(&mut self, loaded: Loaded<Session>, forgotten: Forgotten) -> Result<(), Trouble> {
        let (rotation, lost_until) = (rotation(self.deps, &loaded.record.bank), self.lost_until);
        let gives_up = loaded.record.clone().settle_restore(forgotten, rotation, lost_until, self.deps.now());
        self.settled.sessions += 1;
        self.settled.closed += u32::from(forgotten.read && loaded.record.ended_at.is_none());
        self.settled.given_up += u32::from(gives_up);
        if !self.apply {
            return Ok(());
        }
        let decide = |session: &Session, now: Timestamp| {
            let mut session = Box::new(session.clone());
            let token_given_up = session.settle_restore(forgotten, rotation, lost_until, now);
            Ok::<_, Trouble>(Decision::Write(session, AuditEvent::RestoreSettled { token_given_up }))
        };
        change::change(self.deps, self.trail, loaded, decide).await.map(drop)
    }
}

/// How a bank treats used refresh tokens, if it has any. One without a document may come back with one, so the worst is taken.
fn rotation(deps: &Deps, bank: &BankId) -> Option<Rotation> {
    let Some(bank) = deps.banks.get(bank) else { return Some(Rotation::Family) };
    bank.oauth.as_ref().map(|profile| profile.rotation)
}
