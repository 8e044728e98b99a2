//! Which faults are armed, for which requests, and how often they still strike.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, FaultError};
use crate::journal::Operation;
use crate::mood::Mood;

/// A fault with the requests it is meant for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Armed {
    pub(crate) id: u64,
    /// None for any.
    pub(crate) operation: Option<Operation>,
    /// None for any.
    pub(crate) mood: Option<Mood>,
    pub(crate) fault: Fault,
    /// How often it still strikes; none for ever.
    pub(crate) times: Option<u32>,
    /// The incident that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<String>,
}

/// All armed faults, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    last_id: u64,
    armed: Vec<Armed>,
}

impl Armed {
    fn check(&self) -> Result<(), FaultError> {
        if self.times == Some(0) {
            return Err(FaultError::Times);
        }
        let narrowed = self.operation.is_some() || self.mood.is_some();
        if self.fault.strikes_handshakes() && narrowed {
            return Err(FaultError::Handshake);
        }
        self.fault.check()
    }

    fn strikes(&self, operation: Operation, mood: Option<Mood>) -> bool {
        !self.fault.strikes_handshakes()
            && !self.fault.strikes_pages()
            && self.operation.is_none_or(|wanted| wanted == operation)
            && self.mood.is_none_or(|wanted| Some(wanted) == mood)
    }
}

impl Faults {
    /// Arms a fault and gives it its id, which replaces the one it came with.
    pub(crate) fn arm(&mut self, fault: Armed) -> Result<u64, FaultError> {
        fault.check()?;
        self.last_id += 1;
        self.armed.push(Armed { id: self.last_id, ..fault });
        Ok(self.last_id)
    }

    pub(crate) fn armed(&self) -> &[Armed] {
        &self.armed
    }

    /// Disarms one fault; tells whether there was such a one.
    pub(crate) fn disarm(&mut self, id: u64) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        self.armed.len() < before
    }

    pub(crate) fn disarm_all(&mut self) {
        self.armed.clear();
    }

    /// Disarms what belongs to incidents.
    pub(crate) fn disarm_incidents(&mut self) {
        self.armed.retain(|armed| armed.incident.is_none());
    }

    /// The oldest fault that strikes such a request; it strikes once less from now on. Those whose time
    /// is over are disarmed.
    pub(crate) fn draw(&mut self, operation: Operation, mood: Option<Mood>, now: Timestamp) -> Option<Fault> {
        self.armed.retain(|armed| !armed.fault.is_over(now));
        self.draw_first(|armed| armed.strikes(operation, mood))
    }

    /// The oldest fault that strikes handshakes.
    pub(crate) fn draw_for_handshake(&mut self) -> Option<Fault> {
        self.draw_first(|armed| armed.fault.strikes_handshakes())
    }

    /// The oldest fault that strikes customers at the pages of a mood.
    pub(crate) fn draw_for_page(&mut self, mood: Mood) -> Option<Fault> {
        self.draw_first(|armed| armed.fault.strikes_pages() && armed.mood.is_none_or(|wanted| wanted == mood))
    }

    fn draw_first(&mut self, strikes: impl Fn(&Armed) -> bool) -> Option<Fault> {
        let index = self.armed.iter().position(strikes)?;
        let armed = self.armed.get_mut(index)?;
        let fault = armed.fault.clone();
        armed.times = armed.times.map(|times| times.saturating_sub(1));
        if armed.times == Some(0) {
            self.armed.remove(index);
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn armed(operation: Option<Operation>, fault: Value, times: Option<u32>) -> Armed {
        Armed { id: 0, operation, mood: None, fault: serde_json::from_value(fault).unwrap(), times, incident: None }
    }

    #[test]
    fn strikes_the_operation_it_was_armed_for_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.arm(armed(Some(Operation::Balances), json!({ "kind": "close" }), Some(2))).unwrap();
        assert_eq!(faults.draw(Operation::Accounts, None, NOW), None);
        assert_eq!(faults.draw(Operation::Balances, None, NOW), Some(Fault::Close));
        assert_eq!(faults.draw(Operation::Balances, None, NOW), Some(Fault::Close));
        assert_eq!(faults.draw(Operation::Balances, None, NOW), None);
        assert!(faults.armed().is_empty());
    }

    #[test]
    fn strikes_for_ever_without_a_number_until_it_is_disarmed() {
        let mut faults = Faults::default();
        let id = faults.arm(armed(None, json!({ "kind": "html_200" }), None)).unwrap();
        assert!((0..10).all(|_| faults.draw(Operation::Token, None, NOW).is_some()));
        assert!(faults.disarm(id) && !faults.disarm(id));
        assert_eq!(faults.draw(Operation::Token, None, NOW), None);
    }

    #[test]
    fn keeps_faults_of_one_mood_from_the_other() {
        let mut faults = Faults::default();
        let fault = armed(None, json!({ "kind": "close" }), None);
        faults.arm(Armed { mood: Some(Mood::OAuth), ..fault }).unwrap();
        assert_eq!(faults.draw(Operation::Accounts, Some(Mood::Redirect), NOW), None);
        assert!(faults.draw(Operation::Accounts, Some(Mood::OAuth), NOW).is_some());
    }

    #[test]
    fn ends_a_maintenance_by_the_clock() {
        let mut faults = Faults::default();
        let maintenance = json!({ "kind": "maintenance", "announced_until": NOW, "ends_at": "1970-01-01T01:00:00Z" });
        faults.arm(armed(None, maintenance, None)).unwrap();
        assert!(faults.draw(Operation::Token, None, NOW).is_some());
        let end = "1970-01-01T01:00:00Z".parse().unwrap();
        assert!(faults.draw(Operation::Token, None, end).is_none() && faults.armed().is_empty());
    }

    #[test]
    fn keeps_faults_of_pages_from_requests() {
        let mut faults = Faults::default();
        let fault = armed(None, json!({ "kind": "swallow_customer" }), Some(1));
        faults.arm(Armed { mood: Some(Mood::Redirect), ..fault }).unwrap();
        assert_eq!(faults.draw(Operation::Accounts, Some(Mood::Redirect), NOW), None);
        assert_eq!(faults.draw_for_page(Mood::OAuth), None);
        assert!(faults.draw_for_page(Mood::Redirect).is_some());
    }

    #[test]
    fn keeps_handshake_faults_from_requests() {
        let mut faults = Faults::default();
        faults.arm(armed(None, json!({ "kind": "refuse_certificate" }), Some(1))).unwrap();
        assert_eq!(faults.draw(Operation::Accounts, None, NOW), None);
        assert_eq!(faults.draw_for_handshake(), Some(Fault::RefuseCertificate));
        assert_eq!(faults.draw_for_handshake(), None);
    }

    #[test]
    fn refuses_faults_that_cannot_be_played() {
        let mut faults = Faults::default();
        for (operation, fault, times) in [
            (None, json!({ "kind": "status", "status": 99 }), None),
            (None, json!({ "kind": "status", "status": 700 }), None),
            (None, json!({ "kind": "redirect", "location": "a\nb" }), None),
            (None, json!({ "kind": "oversized", "bytes": 999_999_999 }), None),
            (None, json!({ "kind": "close" }), Some(0)),
            (Some(Operation::Token), json!({ "kind": "refuse_certificate" }), None),
        ] {
            assert!(faults.arm(armed(operation, fault.clone(), times)).is_err(), "{fault}");
        }
    }
}
