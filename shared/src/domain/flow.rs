//! One authorisation under way, from the CRM's wish to the browser's return. Its document's id is the hash of
//! `state`; it is created, bound to one browser, and consumed once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    code_hash::CodeHash,
    ids::{BankId, FlowId, SessionId, TenantId},
    sealed::Sealed,
};

/// One authorisation under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// The hash of its `state`.
    pub id: FlowId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The session it serves.
    pub session: SessionId,
    /// The only bank whose callback may consume it.
    pub bank: BankId,
    /// Where the browser is to be sent, readable with the ticket only.
    pub location: Sealed,
    /// The sealed PKCE verifier and consent id.
    pub pending: Sealed,
    /// The browser that opened it.
    pub binding: Option<CodeHash>,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
    /// When its answer was consumed.
    pub consumed_at: Option<Timestamp>,
}

/// Whether a browser may be sent to the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Nobody has opened it: bind this browser and send it on.
    Bind,
    /// The same browser again: send it on.
    Again,
    /// Another browser has opened it.
    Taken,
    /// The answer was consumed.
    Used,
    /// Too late.
    Expired,
}

/// Whether an answer may be consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returning {
    /// Yes, once.
    Consume,
    /// It was consumed before.
    Replayed,
    /// Too late.
    Expired,
    /// It comes from a browser that did not open the flow. The flow stays as it is for the one that did.
    OtherBrowser,
    /// It came to another bank's callback.
    OtherBank,
}

impl Flow {
    /// Judges a browser that opens the authorisation link, with the binding secret it already has, if any.
    pub fn opening(&self, secret: Option<&[u8]>, now: Timestamp) -> Opening {
        if self.consumed_at.is_some() {
            Opening::Used
        } else if self.expires_at <= now {
            Opening::Expired
        } else {
            match (&self.binding, secret) {
                (None, _) => Opening::Bind,
                (Some(bound), Some(secret)) if bound.matches(secret) => Opening::Again,
                (Some(_), _) => Opening::Taken,
            }
        }
    }

    /// Judges a browser that comes back from a bank.
    pub fn returning(&self, bank: &BankId, secret: Option<&[u8]>, now: Timestamp) -> Returning {
        let bound = self.binding.as_ref().zip(secret).is_some_and(|(bound, secret)| bound.matches(secret));
        if self.bank != *bank {
            Returning::OtherBank
        } else if !bound {
            Returning::OtherBrowser
        } else if self.consumed_at.is_some() {
            Returning::Replayed
        } else if self.expires_at <= now {
            Returning::Expired
        } else {
            Returning::Consume
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn bank(name: &str) -> BankId {
        BankId::parse(name).unwrap()
    }

    fn flow() -> Flow {
        Flow {
            id: FlowId::from_hash([0; 32]),
            tenant: TenantId::parse("acme").unwrap(),
            session: SessionId::from_random([0; 16]),
            bank: bank("a"),
            location: Sealed::from_bytes(vec![]),
            pending: Sealed::from_bytes(vec![]),
            binding: Some(CodeHash::of(b"mine")),
            expires_at: NOW + std::time::Duration::from_mins(1),
            consumed_at: None,
        }
    }

    #[test]
    fn the_first_browser_is_bound_and_may_come_again() {
        let fresh = Flow { binding: None, ..flow() };
        assert_eq!(fresh.opening(None, NOW), Opening::Bind);
        assert_eq!(flow().opening(Some(b"mine"), NOW), Opening::Again);
        assert_eq!(flow().opening(Some(b"other"), NOW), Opening::Taken);
        assert_eq!(flow().opening(None, NOW), Opening::Taken);
    }

    #[test]
    fn an_answer_is_consumed_once_by_its_own_browser_at_its_own_bank() {
        assert_eq!(flow().returning(&bank("a"), Some(b"mine"), NOW), Returning::Consume);
        assert_eq!(flow().returning(&bank("b"), Some(b"mine"), NOW), Returning::OtherBank);
        assert_eq!(flow().returning(&bank("a"), Some(b"other"), NOW), Returning::OtherBrowser);
        assert_eq!(flow().returning(&bank("a"), None, NOW), Returning::OtherBrowser);
        let used = Flow { consumed_at: Some(NOW), ..flow() };
        assert_eq!(used.returning(&bank("a"), Some(b"mine"), NOW), Returning::Replayed);
        assert_eq!(used.opening(Some(b"mine"), NOW), Opening::Used);
    }

    #[test]
    fn expiry_is_judged_here_and_not_left_to_deletion() {
        let late = NOW + std::time::Duration::from_mins(1);
        assert_eq!(flow().returning(&bank("a"), Some(b"mine"), late), Returning::Expired);
        assert_eq!(flow().opening(Some(b"mine"), late), Opening::Expired);
    }

    #[test]
    fn a_flow_that_nobody_opened_takes_no_answer() {
        let unopened = Flow { binding: None, ..flow() };
        assert_eq!(unopened.returning(&bank("a"), Some(b"mine"), NOW), Returning::OtherBrowser);
    }
}
