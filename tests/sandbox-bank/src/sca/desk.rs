//! Who is at the bank's pages right now, and which decisions have been scripted.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::decision::Decision;
use crate::fingerprint::sha256_hex;
use crate::mood::Mood;
use crate::oauth::authorize::AuthorizationRequest;

/// How long a customer may take.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// Visits and scripted decisions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Desk {
    /// By the SHA-256 of the visit's token, which only the pages' forms carry.
    #[serde(deserialize_with = "those_understood")]
    visits: BTreeMap<String, Visit>,
    script: VecDeque<Scripted>,
}

/// What a customer comes for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Errand {
    /// To decide about a consent.
    Consent { consent: String, authorisation: String },
    /// To log in, for a third party that will ask for a consent then.
    Login { mood: Mood },
}

/// A customer's way through the pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) errand: Errand,
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
    /// For visits of this mood only; none for any.
    #[serde(default)]
    pub(crate) mood: Option<Mood>,
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

    /// Whether a decision is scripted for this mood.
    pub(crate) fn has_decision(&self, mood: Mood) -> bool {
        self.script.iter().any(|scripted| scripted.is_for(mood))
    }

    /// The decision for the visit of this mood that begins now, if one is scripted.
    pub(crate) fn next_decision(&mut self, mood: Mood) -> Option<Decision> {
        let index = self.script.iter().position(|scripted| scripted.is_for(mood))?;
        let next = self.script.get_mut(index)?;
        next.times = next.times.saturating_sub(1);
        let decision = next.decision.clone();
        if next.times == 0 {
            self.script.remove(index);
        }
        Some(decision)
    }
}

impl Scripted {
    fn is_for(&self, mood: Mood) -> bool {
        self.mood.is_none_or(|only| only == mood)
    }
}

/// Visits as they are saved. Those of an earlier bank that cannot be understood are over.
fn those_understood<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Visit>, D::Error> {
    let saved: BTreeMap<String, Value> = BTreeMap::deserialize(from)?;
    Ok(saved.into_iter().filter_map(|(key, visit)| Some((key, serde_json::from_value(visit).ok()?))).collect())
}

fn key(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(began_at: Timestamp) -> Visit {
        Visit { errand: Errand::Login { mood: Mood::PreStep }, request: None, customer: None, began_at }
    }

    #[test]
    fn plays_scripted_decisions_in_order_and_as_often_as_asked() {
        let mut desk = Desk::default();
        let approve = Decision::Approve { customer: "anna-schmidt".to_owned(), accounts: None, partly: false };
        desk.script(Scripted { decision: approve.clone(), mood: None, times: 2 });
        desk.script(Scripted { decision: Decision::Refuse, mood: None, times: 1 });
        let played: Vec<_> = (0..4).map(|_| desk.next_decision(Mood::OAuth)).collect();
        assert_eq!(played, [Some(approve.clone()), Some(approve), Some(Decision::Refuse), None]);
    }

    #[test]
    fn keeps_decisions_of_one_mood_from_the_others() {
        let mut desk = Desk::default();
        desk.script(Scripted { decision: Decision::Refuse, mood: Some(Mood::Decoupled), times: 1 });
        assert!(!desk.has_decision(Mood::OAuth) && desk.next_decision(Mood::OAuth).is_none());
        assert!(desk.has_decision(Mood::Decoupled) && desk.next_decision(Mood::Decoupled).is_some());
    }

    #[test]
    fn takes_up_the_visits_that_it_understands() {
        let mut desk = Desk::default();
        desk.begin("one", visit(Timestamp::UNIX_EPOCH));
        let mut saved = serde_json::to_value(&desk).unwrap();
        saved["visits"]["other"] = serde_json::json!({ "consent": "c1", "began_at": "1970-01-01T00:00:00Z" });
        let mut read: Desk = serde_json::from_value(saved).unwrap();
        assert_eq!(read.visits.len(), 1);
        assert!(read.visit("one", Timestamp::UNIX_EPOCH).is_some());
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
