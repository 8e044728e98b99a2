//! Who is at the bank's pages right now, and which decisions have been scripted.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use crate::fingerprint::sha256_hex;
use crate::oauth::authorize::AuthorizationRequest;

/// How long a customer may take.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// Visits and scripted decisions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Desk {
    /// By the SHA-256 of the visit's token, which only the pages' forms carry.
    visits: BTreeMap<String, Visit>,
    script: VecDeque<Scripted>,
}

/// A customer's way through the pages for one consent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) consent: String,
    /// The request that has to be answered; none for a plain redirect.
    pub(crate) request: Option<AuthorizationRequest>,
    /// Who has logged in.
    pub(crate) customer: Option<String>,
    pub(crate) began_at: Timestamp,
}

/// A decision that answers the next so many visits without a browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scripted {
    pub(crate) decision: Decision,
    pub(crate) times: u32,
}

impl Desk {
    /// A visit begins; those that were left long ago are forgotten.
    pub(crate) fn begin(&mut self, token: &str, visit: Visit) {
        let now = visit.began_at;
        self.visits.retain(|_, visit| now.duration_since(visit.began_at) < PATIENCE);
        self.visits.insert(key(token), visit);
    }

    /// The visit that a form belongs to.
    pub(crate) fn visit(&mut self, token: &str, now: Timestamp) -> Option<&mut Visit> {
        let visit = self.visits.get_mut(&key(token))?;
        (now.duration_since(visit.began_at) < PATIENCE).then_some(visit)
    }

    /// Ends a visit.
    pub(crate) fn leave(&mut self, token: &str) {
        self.visits.remove(&key(token));
    }

    /// Adds a decision behind those already scripted.
    pub(crate) fn script(&mut self, scripted: Scripted) {
        self.script.push_back(scripted);
    }

    /// Leaves all decisions to the browser again.
    pub(crate) fn forget_script(&mut self) {
        self.script.clear();
    }

    /// The decision for the visit that begins now, if one is scripted.
    pub(crate) fn next_decision(&mut self) -> Option<Decision> {
        let next = self.script.front_mut()?;
        next.times = next.times.saturating_sub(1);
        let decision = next.decision.clone();
        if next.times == 0 {
            self.script.pop_front();
        }
        Some(decision)
    }
}

fn key(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(began_at: Timestamp) -> Visit {
        Visit { consent: "c1".to_owned(), request: None, customer: None, began_at }
    }

    #[test]
    fn plays_scripted_decisions_in_order_and_as_often_as_asked() {
        let mut desk = Desk::default();
        let approve = Decision::Approve { customer: "anna-schmidt".to_owned(), accounts: None };
        desk.script(Scripted { decision: approve.clone(), times: 2 });
        desk.script(Scripted { decision: Decision::Refuse, times: 1 });
        let played: Vec<_> = (0..4).map(|_| desk.next_decision()).collect();
        assert_eq!(played, [Some(approve.clone()), Some(approve), Some(Decision::Refuse), None]);
    }

    #[test]
    fn forgets_visits_that_took_too_long() {
        let mut desk = Desk::default();
        let start = Timestamp::UNIX_EPOCH;
        desk.begin("one", visit(start));
        assert!(desk.visit("one", start).is_some());
        assert!(desk.visit("other", start).is_none());
        assert!(desk.visit("one", start + PATIENCE).is_none());
        desk.begin("two", visit(start + PATIENCE));
        assert_eq!(desk.visits.len(), 1);
        desk.leave("two");
        assert!(desk.visit("two", start + PATIENCE).is_none());
    }
}
